/// The facts of the runs, as a table with a column each, or as a list for one alone.
struct SummarySection {
    private let report: RunReport

    init(_ report: RunReport) { self.report = report }

    var markup: Markup {
        let summaries = report.runs.map { RunSummary($0).facts }
        let shown = (summaries.first ?? []).indices.filter { row in
            summaries.contains { $0[row].text != nil }
        }
        return """
            <section id="summary" aria-labelledby="summary-title">
            <h2 id="summary-title">Summary</h2>
            \(report.runs.count == 1 ? list(summaries[0], shown) : table(summaries, shown))
            \(notes)
            </section>
            """
    }

    private func list(_ facts: [RunSummary.Fact], _ shown: [Int]) -> Markup {
        let items = shown.map { row -> Markup in
            "<div><dt>\(facts[row].label)</dt><dd>\(facts[row].text ?? "–")</dd></div>"
        }
        return "<dl class=\"facts\">\(items)</dl>"
    }

    private func table(_ summaries: [[RunSummary.Fact]], _ shown: [Int]) -> Markup {
        let heads = report.runs.enumerated().map { index, run -> Markup in
            "<th scope=\"col\">\(RunLabel(run: run, index: index).markup)</th>"
        }
        let rows = shown.map { row -> Markup in
            let cells = summaries.map { facts -> Markup in "<td>\(facts[row].text ?? "–")</td>" }
            return "<tr><th scope=\"row\">\(summaries[0][row].label)</th>\(cells)</tr>"
        }
        return """
            <div class="scroll" tabindex="0" role="region" aria-label="Summary of the runs">
            <table class="summary"><thead><tr><td></td>\(heads)</tr></thead>
            <tbody>\(rows)</tbody></table></div>
            """
    }

    private var notes: Markup {
        guard !report.notes.isEmpty else { return "" }
        let items = report.notes.map { note -> Markup in "<li>\(note)</li>" }
        return "<ul class=\"notes\" aria-label=\"Notes\">\(items)</ul>"
    }
}
