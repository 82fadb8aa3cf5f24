extension LineChart {
    /// The chart as a file of its own, with title and legend, for light and dark pages.
    var standaloneSVG: Markup {
        let named = series.filter { $0.form == .line || series.count == 1 }
        let legend = StandaloneLegend(named.isEmpty ? series : named)
        let layout = ChartLayout.standalone(legendLines: legend.lineCount)
        let remarks = [y.unit, y.kind == .logarithmic ? "logarithmic" : ""].filter { !$0.isEmpty }
        let unit: Markup =
            "<tspan class=\"unit\" dx=\"8\">\(remarks.joined(separator: " · "))</tspan>"
        let head: Markup = """
            <text class="title" x="14" y="30">\(y.name)\(unit)</text>\(legend.markup)
            """
        let picture = svg(
            layout, classes: "standalone", head: head, style: Self.standaloneStyle)
        return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + picture + "\n"
    }

    private static let standaloneStyle: Markup = """
        <style>
        .chart{\(Markup(trusted: ChartPalette.variables(isDark: false)));background:var(--paper)}
        @media (prefers-color-scheme:dark){.chart{\(Markup(
            trusted: ChartPalette.variables(isDark: true)))}}
        \(Markup(trusted: ChartPalette.rules))
        \(Markup(trusted: chartRules))
        .chart .title{font-size:16px;font-weight:600;fill:var(--ink)}
        .chart .unit{font-size:12px;font-weight:400;fill:var(--soft)}
        .chart .legend{fill:var(--ink)}
        </style>
        """

    /// How the parts of a chart look, whatever page they are on.
    static let chartRules = """
        .chart text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;\
        fill:var(--soft);font-variant-numeric:tabular-nums}
        .chart path{fill:none}
        .grid{stroke:var(--grid);stroke-width:1}
        .rule{stroke:var(--rule);stroke-width:1}
        .line,.trace,.thin,.cross{stroke:var(--c);stroke-linejoin:round;stroke-linecap:round}
        .line{stroke-width:2}
        .trace{stroke-width:1;opacity:.28}
        .thin{stroke-width:1.2;stroke-dasharray:1 4}
        .cross{stroke-width:2}
        .chart circle{fill:var(--card,var(--paper));stroke:var(--c);stroke-width:1.7}
        .chart .dot{fill:var(--c);stroke:none}
        """
}

/// The names of lines, in rows beneath a title.
private struct StandaloneLegend {
    private var markups: [Markup] = []
    /// The rows that are filled; a line alone needs no name.
    private(set) var lineCount = 0

    init(_ series: [ChartSeries]) {
        guard series.count > 1 else { return }
        var x = 14.0
        lineCount = 1
        for one in series {
            let name = one.name.count > 60 ? one.name.prefix(59) + "…" : one.name[...]
            // Text is measured by the browser alone; wide letters find room in what is left.
            let width = 44 + 7.5 * Double(name.count) + 18
            if x > 14, x + width > 846 {
                x = 14
                lineCount += 1
            }
            let y = 30 + 22 * Double(lineCount)
            var line = SVGPath()
            line.move(x: x, y: y)
            line.line(x: x + 32, y: y)
            markups.append(
                """
                <g class="\(ChartPalette.classes(one.style))"><path class="line" d="\(line.text)"/>\
                <text class="legend" x="\(SVGPath.number(x + 40))" y="\(SVGPath.number(y))" \
                dy=".35em">\(String(name))</text></g>
                """)
            x += width
        }
    }

    var markup: Markup { "\(markups)" }
}
