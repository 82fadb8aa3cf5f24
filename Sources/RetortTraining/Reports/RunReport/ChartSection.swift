import RetortFiles

/// The charts, the switches above them, and the values that the script reads out.
struct ChartSection {
    private let runs: [RunRecord]
    private let charts: [RunChart]
    /// What all charts have across, by axis, so that a place in one is the same in all.
    private let spans: [RunAxis: ClosedRange<Double>]

    init(_ report: RunReport) {
        runs = report.runs
        let metrics = report.metrics
        charts = (metrics.isEmpty ? [.loss] : metrics).map {
            RunChart($0, of: report.runs, withValidation: $0 == .loss)
        }
        let lines = charts.flatMap(\.lines)
        spans = Dictionary(
            uniqueKeysWithValues: RunAxis.allCases.compactMap { axis in
                let ends = lines.flatMap { line in
                    [line.drawn.first, line.drawn.last].compactMap { $0 }
                        .map { line.place(of: $0, over: axis) }
                }.filter(\.isFinite)
                guard let first = ends.min(), let last = ends.max() else { return nil }
                return (axis, first...last)
            })
    }

    var markup: Markup {
        """
        <section id="charts" aria-labelledby="charts-title">
        <h2 id="charts-title">Curves</h2>
        \(charts.allSatisfy(\.isEmpty) ? "" : controls)
        <div class="charts">\(charts.enumerated().map { figure($1, isWide: $0 == 0) })</div>
        </section>
        """
    }

    // MARK: Switches

    private var controls: Markup {
        let toggles = runs.enumerated().map { index, run -> Markup in
            """
            <label><input type="checkbox" id="show-\(index)" checked>\
            \(RunLabel(run: run, index: index).markup)</label>
            """
        }
        let runToggles: Markup =
            runs.count > 1 ? "<fieldset><legend>Runs</legend>\(toggles)</fieldset>" : ""
        let isNoisy = charts.contains { $0.lines.contains { $0.smooth != nil } }
        let traceToggle: Markup =
            isNoisy
            ? """
            <fieldset><legend>Show</legend><label><input type="checkbox" id="show-trace" checked>\
            <span>every value behind the smoothed line</span></label></fieldset>
            """ : ""
        return """
            <form class="controls" aria-label="What the charts show">\(runToggles)
            <fieldset><legend>Over</legend>\
            <label><input type="radio" name="axis" id="over-steps" checked><span>steps</span>\
            </label><label><input type="radio" name="axis" id="over-tokens"><span>tokens</span>\
            </label></fieldset>\(traceToggle)</form>
            <p class="hint">Point at a chart, or focus it and press the arrow keys, Home or End, \
            to read its values; Page Up and Page Down move by ten.</p>
            """
    }

    // MARK: Charts

    private func figure(_ chart: RunChart, isWide: Bool) -> Markup {
        let id = "chart-\(chart.metric.name)"
        let layouts = isWide ? [ChartLayout.wide, .small] : [.small]
        let pictures = RunAxis.allCases.flatMap { axis in
            layouts.map { layout -> Markup in
                let size = isWide ? layout == .wide ? " at-wide" : " at-narrow" : ""
                return chart.chart(over: axis, span: spans[axis]).svg(
                    layout, classes: "by-\(axis)\(size)")
            }
        }
        let hasValidation = chart.lines.contains(where: \.isValidation)
        let remarks = [
            chart.unit, chart.isLogarithmic ? "logarithmic" : "",
            hasValidation ? "rings: validation" : "",
        ].filter { !$0.isEmpty }
        return """
            <figure class="panel\(isWide ? " hero" : "")" id="\(id)" data-name="\(
                chart.metric.title)">
            <figcaption><h3>\(chart.metric.title)</h3> <small>\(
                remarks.joined(separator: " · "))</small></figcaption>
            <div class="plot">\(pictures)<output class="readout" aria-live="polite"></output></div>
            \(ChartTable(chart).markup)
            </figure>
            """
    }

    // MARK: Values

    /// The drawn values as JSON that cannot end its element.
    var data: Markup {
        let value = JSONValue.array(charts.map { .array($0.lines.map(line)) })
        let text = value.serialized()
            .split(separator: "<", omittingEmptySubsequences: false).joined(separator: "\\u003c")
        return Markup(trusted: text)
    }

    private func line(_ line: RunChart.Line) -> JSONValue {
        var object = JSONObject([
            ("run", .integer(line.run)),
            ("name", .string(line.isValidation ? "validation" : line.name)),
            ("steps", .array(line.drawn.map { .integer(line.steps[$0]) })),
            ("tokens", .array(line.drawn.map { Self.short(line.tokens[$0], digits: 12) })),
            ("values", .array(line.drawn.map { Self.short(line.values[$0]) })),
        ])
        if let smooth = line.smooth {
            object["smooth"] = .array(line.drawn.map { Self.short(smooth[$0]) })
        }
        return .object(object)
    }

    /// A number of a few digits; null for one that is not finite.
    private static func short(_ value: Double, digits: Int = 5) -> JSONValue {
        guard value.isFinite else { return .null }
        let short = ChartNumber.rounded(value, digits)
        return short.magnitude < 1e15 && short == short.rounded()
            ? .integer(Int(short)) : .number(short)
    }
}
