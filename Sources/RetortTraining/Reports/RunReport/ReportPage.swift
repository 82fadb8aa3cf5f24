import RetortFiles

/// The page of a report: sections in one column, with style and script inside.
struct ReportPage {
    private let report: RunReport

    init(_ report: RunReport) { self.report = report }

    /// The whole document.
    var markup: Markup {
        let charts = ChartSection(report)
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="\(Self.policy)">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="generator" content="retort report">
            <title>\(title)</title>
            <link rel="icon" href="\(Self.icon)">
            <style>\(Markup(trusted: ReportStyle.text(runCount: report.runs.count)))</style>
            </head>
            <body>
            <a class="skip" href="#charts">Skip to the charts</a>
            <header>\(Self.mark)<div><p class="kind">Run report</p><h1>\(heading)</h1></div></header>
            <main>
            \(SummarySection(report).markup)
            \(charts.markup)
            \(RecipeSectionOfPage(report).markup)
            \(AnswerSection(report).markup)
            </main>
            <footer>Written by <code>retort report</code>. Nothing on this page is loaded from \
            elsewhere.</footer>
            <script type="application/json" id="data">\(charts.data)</script>
            <script>\(Markup(trusted: ReportScript.text))</script>
            </body>
            </html>

            """
    }

    private var heading: String {
        let names = report.runs.map(\.name)
        guard names.count > 3 else { return names.joined(separator: " · ") }
        return "\(names.count) runs"
    }

    private var title: String { "\(heading) – Retort" }

    /// Nothing may be loaded; of scripts only the page's own may run, known by its sum.
    private static let policy =
        "default-src 'none'; style-src 'unsafe-inline'; script-src '\(ReportScript.sum)'; "
        + "img-src data:; base-uri 'none'; form-action 'none'"

    private static let icon =
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E"
        + "%3Crect width='32' height='32' rx='7' fill='%231a53d6'/%3E%3Cpath d='M6 9c3 0 4 14 "
        + "10 14 5 0 6-5 10-5' fill='none' stroke='%23fff' stroke-width='3' "
        + "stroke-linecap='round'/%3E%3C/svg%3E"

    private static let mark: Markup = """
        <svg class="logo" viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" \
        rx="7"/><path d="M6 9c3 0 4 14 10 14 5 0 6-5 10-5"/></svg>
        """
}

/// A run's name beside a piece of its line.
struct RunLabel {
    let run: RunRecord
    let index: Int

    var markup: Markup {
        "<span class=\"run-name\">\(swatch)<span>\(run.name)</span></span>"
    }

    /// A piece of the run's line.
    var swatch: Markup {
        """
        <svg class="swatch \(ChartPalette.classes(index))" viewBox="0 0 30 10" \
        aria-hidden="true"><path class="line" d="M2 5h26"/></svg>
        """
    }
}
