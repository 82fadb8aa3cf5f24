import RetortFiles
import RetortTensor

/// Where the time of a mean step goes, for people and programs.
public struct StepTimes: Sendable, Equatable {
    /// The steps that the mean is over.
    public let stepCount: Int
    /// The times, seconds of one step.
    public let rows: [StepProfile.Row]
    /// Seconds of a step: the sum of all rows.
    public var stepSeconds: Double { rows.reduce(0) { $0 + $1.total } }

    /// Takes the means of a profile.
    public init(_ profile: StepProfile) {
        stepCount = profile.stepCount
        rows = profile.meanRows
    }

    /// A line for each thing that takes time, with a column for each pass that there is.
    public var text: String {
        let shown: [(pass: StepProfile.Pass, heading: String)] = [
            (.forward, "forward"), (.recomputation, "again"), (.backward, "backward"),
            (.teacher, "teacher"),
        ].filter { pass, _ in rows.contains { $0.seconds[pass] != nil } }
        let name = rows.reduce(5) { max($0, $1.name.count) }
        func line(_ first: String, _ cells: [String]) -> String {
            cells.reduce(first + spaces(name - first.count)) {
                $0 + spaces(10 - $1.count) + $1
            }
        }
        func milliseconds(_ seconds: Double?) -> String {
            seconds.map { Humanized.fixed($0 * 1000, 1) } ?? ""
        }
        let all = stepSeconds
        let body = rows.map { row in
            line(
                row.name,
                shown.map { milliseconds(row.seconds[$0.pass]) } + [
                    milliseconds(row.total), share(row.total, of: all),
                ])
        }
        let sums = shown.map { shown in
            milliseconds(rows.reduce(0) { $0 + ($1.seconds[shown.pass] ?? 0) })
        }
        let title = "Where a step's time goes, ms (mean of \(stepCount) steps):"
        return
            ([title, line("", shown.map(\.heading) + ["all", "share"])] + body
            + [line("all", sums + [milliseconds(all), share(all, of: all)])])
            .joined(separator: "\n")
    }

    /// Seconds of a step, and of each thing in it by pass.
    public var json: JSONValue {
        .object(
            JSONObject([
                ("steps", .integer(stepCount)), ("step_seconds", .number(stepSeconds)),
                ("parts", .array(rows.map { .object(JSONObject(members(of: $0))) })),
            ]))
    }

    private func members(of row: StepProfile.Row) -> [(String, JSONValue)] {
        let passes: [(StepProfile.Pass, String)] = [
            (.forward, "forward"), (.recomputation, "recomputation"), (.backward, "backward"),
            (.teacher, "teacher"),
        ]
        return [("name", .string(row.name)), ("seconds", .number(row.total))]
            + passes.compactMap { pass, key in row.seconds[pass].map { (key, .number($0)) } }
    }

    private func share(_ seconds: Double, of all: Double) -> String {
        all > 0 ? Humanized.fixed(100 * seconds / all, 1) + " %" : ""
    }

    private func spaces(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }
}
