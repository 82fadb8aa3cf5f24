/// Some of a chart's values as a table, for those who would rather read than look.
struct ChartTable {
    private let chart: RunChart
    /// Rows of all lines together, about.
    private static let rowLimit = 40

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

    /// Steps at equal distances from the first to the last of each line, and every validation as
    /// far as there is room.
    private var steps: [Int] {
        let share = max(5, Self.rowLimit / max(chart.lines.count, 1))
        var chosen: Set<Int> = []
        for line in chart.lines where !line.steps.isEmpty {
            let count = line.steps.count
            guard count > share else {
                chosen.formUnion(line.steps)
                continue
            }
            for part in 0..<share { chosen.insert(line.steps[part * (count - 1) / (share - 1)]) }
        }
        return chosen.sorted()
    }
}
