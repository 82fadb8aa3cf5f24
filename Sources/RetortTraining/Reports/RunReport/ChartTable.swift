/// Some of a chart's values as a table, for those who would rather read than look.
struct ChartTable {
    private let chart: RunChart
    /// Rows of all lines together, about.
    private static let rowLimit = 60

    init(_ chart: RunChart) { self.chart = chart }

    var markup: Markup {
        let lines = chart.lines
        guard !lines.isEmpty else { return "" }
        let steps = self.steps
        let heads = lines.map { line -> Markup in
            """
            <th scope="col" class="run-\(line.run)">\(
                line.isValidation ? line.name + ", validation" : line.name)</th>
            """
        }
        let rows = steps.map { step -> Markup in
            let cells = lines.map { line -> Markup in
                "<td class=\"run-\(line.run)\">\(line.value(at: step).map(ChartNumber.text) ?? "")</td>"
            }
            return "<tr><th scope=\"row\">\(Humanized.count(step))</th>\(cells)</tr>"
        }
        let isWhole = lines.allSatisfy { line in line.steps.allSatisfy(Set(steps).contains) }
        return """
            <details><summary>\(isWhole ? "Values" : "Values, some steps of many")</summary>
            <div class="scroll" tabindex="0" role="region" aria-label="\(chart.metric.title)">
            <table><thead><tr><th scope="col">step</th>\(heads)</tr></thead>
            <tbody>\(rows)</tbody></table></div></details>
            """
    }

    /// All steps if there is room, else some at equal distances from the first to the last of each
    /// line.
    private var steps: [Int] {
        let lines = chart.lines.filter { !$0.steps.isEmpty }
        if lines.allSatisfy({ $0.steps.count <= Self.rowLimit }) {
            let all = Set(lines.flatMap(\.steps))
            if all.count <= Self.rowLimit { return all.sorted() }
        }
        let share = max(8, Self.rowLimit / max(lines.count, 1))
        return Set(
            lines.flatMap { line in
                let last = line.steps.count - 1
                return (0..<share).map { line.steps[$0 * last / (share - 1)] }
            }
        ).sorted()
    }
}
