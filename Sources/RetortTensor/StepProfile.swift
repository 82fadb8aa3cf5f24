/// Where the time of training steps goes, by what runs and by the pass in which it runs.
///
/// Every moment of a step counts once, under the innermost thing that is measured; what nothing
/// measures is ``rest``. So the parts add up to the whole. One thread drives a step, and a profile
/// belongs to that thread.
public final class StepProfile {
    /// When in a step something runs.
    public enum Pass: Int, Sendable, CaseIterable {
        /// The student's forward pass.
        case forward
        /// Layers that gradient checkpointing computes once more.
        case recomputation
        /// The backward pass.
        case backward
        /// The forward pass of a teacher.
        case teacher
        /// None of them: data, clipping, the optimizer.
        case other
    }

    /// The time of one thing in a step.
    public struct Row: Sendable, Equatable {
        /// An operation's type, or what else was measured.
        public let name: String
        /// Seconds by pass; a pass without time is not there.
        public internal(set) var seconds: [Pass: Double]
        /// Seconds over all passes.
        public var total: Double { Pass.allCases.reduce(0) { $0 + (seconds[$1] ?? 0) } }
    }

    /// The name of what nothing else measures.
    public static let rest = "rest"

    private struct Place: Hashable {
        let name: String
        let pass: Pass
    }

    /// The steps that were measured.
    public private(set) var stepCount = 0
    private var durations: [Place: Duration] = [:]
    /// What is running; nil between steps.
    private var current: Place?
    private var since = ContinuousClock.now

    /// Creates an empty profile.
    public init() {}

    /// The mean over the steps of what was measured, the longest first and the rest last.
    public var meanRows: [Row] {
        var rows: [Row] = []
        for (place, duration) in durations {
            let (seconds, attoseconds) = duration.components
            let time = (Double(seconds) + Double(attoseconds) * 1e-18) / Double(max(1, stepCount))
            if let index = rows.firstIndex(where: { $0.name == place.name }) {
                rows[index].seconds[place.pass] = time
            } else {
                rows.append(Row(name: place.name, seconds: [place.pass: time]))
            }
        }
        return rows.sorted { one, other in
            if one.name == Self.rest || other.name == Self.rest { return other.name == Self.rest }
            return (one.total, other.name) > (other.total, one.name)
        }
    }

    fileprivate func step<Result>(_ body: () throws -> Result) rethrows -> Result {
        enter(Place(name: Self.rest, pass: .other))
        defer {
            enter(nil)
            stepCount += 1
        }
        return try body()
    }

    fileprivate func measure<Result>(
        _ name: String, _ pass: Pass?, _ body: () throws -> Result
    ) rethrows -> Result {
        // Validation and generation between the steps are not part of any.
        guard let outer = current else { return try body() }
        enter(Place(name: name, pass: pass ?? outer.pass))
        defer { enter(outer) }
        return try body()
    }

    private func enter(_ place: Place?) {
        let now = ContinuousClock.now
        if let current { durations[current, default: .zero] += now - since }
        (current, since) = (place, now)
    }
}

extension Workspace {
    /// Runs a step, all of whose time counts where there is a profile.
    package func profiledStep<Result>(_ body: () throws -> Result) rethrows -> Result {
        guard let profile else { return try body() }
        return try profile.step(body)
    }

    /// Runs a part of a step, whose time counts under its name where there is a profile.
    ///
    /// - Parameters:
    ///   - name: What it is; asked for only where there is a profile.
    ///   - pass: The pass that it is; nil for the one that is going on.
    ///   - body: The part.
    /// - Returns: What the part returns.
    /// - Throws: What the part throws.
    package func profiled<Result>(
        _ name: @autoclosure () -> String = StepProfile.rest, pass: StepProfile.Pass? = nil,
        _ body: () throws -> Result
    ) rethrows -> Result {
        guard let profile else { return try body() }
        return try profile.measure(name(), pass, body)
    }
}

extension Operation {
    /// The type's name without what it is generic over.
    static var name: String { String(String(describing: Self.self).prefix { $0 != "<" }) }
}
