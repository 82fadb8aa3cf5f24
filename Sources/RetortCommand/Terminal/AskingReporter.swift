import Retort

/// Shows how far a teacher's answering is, and what it came to.
final class AskingReporter {
    private let terminal: Terminal
    private var line: ProgressLine?
    private var usage = TokenUsage()

    init(_ terminal: Terminal) { self.terminal = terminal }

    /// Takes what an endpoint's teacher tells.
    func observe(_ event: EndpointTeacher.Event) {
        switch event {
        case .started(let answered, let total):
            if answered > 0 {
                let (before, all) = (Humanized.count(answered), Humanized.count(total))
                terminal.note("\(before) of \(all) conversations were answered before.")
            }
            line = ProgressLine(on: terminal, "answer", of: total, doneBefore: answered)
        case .answered(let count, let usage):
            self.usage = usage
            line?.update(count, ["\(Humanized.short(usage.answer)) tokens"])
        case .retrying(let place, let reason, let seconds):
            terminal.warning(
                "\(place): \(reason); trying again in \(Humanized.duration(seconds: seconds)).")
        }
    }

    /// Shows what was written.
    func finish(_ data: AnsweredData, path: String) {
        line?.finish()
        for flaw in TeacherAnswer.Flaw.allCases {
            guard let count = data.flaws[flaw] else { continue }
            terminal.warning("\(Humanized.count(count)) answers are left out: \(flaw.rawValue).")
        }
        if data.shortTokens > 0 {
            terminal.warning(
                "\(Humanized.count(data.shortTokens)) tokens have fewer log-probabilities than "
                    + "asked for.")
        }
        terminal.note(
            "\(path): \(Humanized.count(data.written)) conversations; this run used "
                + "\(Humanized.count(usage.prompt)) prompt tokens and "
                + "\(Humanized.count(usage.answer)) answer tokens.")
    }
}
