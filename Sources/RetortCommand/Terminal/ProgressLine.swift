import Retort

/// How far a command is: redrawn in place on a terminal, a line now and then elsewhere.
final class ProgressLine {
    private let terminal: Terminal
    private let unit: String
    private let total: Int
    private let now: () -> Double
    private let begin: Double
    /// What was done before: the first steps of a resumed run, or none.
    private let doneBefore: Int
    private var lastShown: Double?

    /// Creates a progress line; nothing is shown yet.
    ///
    /// - Parameters:
    ///   - terminal: Where it is shown.
    ///   - unit: What is counted: `step`.
    ///   - total: How many there are.
    ///   - doneBefore: How many were done by an earlier run.
    ///   - now: A clock in seconds.
    init(
        on terminal: Terminal, _ unit: String, of total: Int, doneBefore: Int = 0,
        now: @escaping () -> Double = ProgressLine.clock
    ) {
        self.terminal = terminal
        self.unit = unit
        self.total = total
        self.doneBefore = doneBefore
        self.now = now
        begin = now()
    }

    /// Shows how far it is, if it is time to.
    ///
    /// - Parameters:
    ///   - done: How many are done.
    ///   - details: What else to tell: `loss 1.23`.
    func update(_ done: Int, _ details: [String] = []) {
        let time = now()
        let isLast = done >= total
        let pause = terminal.isLive ? 0.1 : 10.0
        if let lastShown, time - lastShown < pause, !isLast { return }
        lastShown = time
        let parts = [head(done)] + details + (isLast ? [] : [left(done, at: time)])
        let text = parts.filter { !$0.isEmpty }.joined(separator: "  ")
        if terminal.isLive { terminal.draw(text) } else { terminal.note(text) }
    }

    /// Goes on below the line.
    func finish() { terminal.release() }

    private func head(_ done: Int) -> String {
        let count = "\(unit) \(Humanized.count(done))/\(Humanized.count(total))"
        guard terminal.isLive, total > 0 else { return count }
        let filled = min(1, max(0, Double(done) / Double(total))) * 12
        let full = Int(filled.rounded(.down))
        return count + "  " + String(repeating: "█", count: full)
            + String(repeating: "░", count: 12 - full)
    }

    private func left(_ done: Int, at time: Double) -> String {
        guard done > doneBefore, total > done else { return "" }
        let each = (time - begin) / Double(done - doneBefore)
        return Humanized.duration(seconds: each * Double(total - done)) + " left"
    }

    /// Seconds of a clock that never goes back.
    static func clock() -> Double {
        let time = ContinuousClock.now - start
        return Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
    }

    private static let start = ContinuousClock.now
}
