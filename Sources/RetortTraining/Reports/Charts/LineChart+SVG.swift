extension LineChart {
    /// The chart as an SVG element; its colours come from the style sheet around it.
    ///
    /// - Parameters:
    ///   - layout: Its size.
    ///   - classes: Further classes of the element.
    ///   - head: What stands above the lines.
    ///   - style: A style sheet inside, for a file of its own.
    /// - Returns: The element, whose lines are in groups `run-N`, by their style.
    func svg(
        _ layout: ChartLayout, classes: String = "", head: Markup = "", style: Markup = ""
    ) -> Markup {
        let canvas = ChartCanvas(self, layout)
        let plot = canvas.plot
        let frame = [plot.left, plot.top, plot.width, plot.height].map(SVGPath.number)
        let size: Markup =
            "width=\"\(SVGPath.number(layout.width))\" height=\"\(SVGPath.number(layout.height))\" "
        let isLogarithmic = y.kind == .logarithmic
        return """
            <svg xmlns="http://www.w3.org/2000/svg" class="chart \(classes)" \
            \(layout.isFixed ? size : "")viewBox="0 0 \(SVGPath.number(layout.width)) \(SVGPath.number(layout.height))" \
            role="img" aria-label="\(summary)" data-plot="\(frame.joined(separator: " "))" \
            data-x="\("\(canvas.xScale.low) \(canvas.xScale.high)")" \
            data-y="\("\(canvas.yScale.low) \(canvas.yScale.high)\(isLogarithmic ? " log" : "")")">
            \(style)\(head)\(canvas.axes)\(series.map(canvas.traces))\(series.map(canvas.shapes))\
            \(canvas.emptyNote)
            </svg>
            """
    }
}

/// Places and draws what a chart consists of.
private struct ChartCanvas {
    let chart: LineChart
    let xScale, yScale: AxisScale
    let plot: (left: Double, top: Double, width: Double, height: Double)
    private let xTicks, yTicks: [AxisTick]

    init(_ chart: LineChart, _ layout: ChartLayout) {
        self.chart = chart
        xScale = chart.xScale
        yScale = chart.yScale
        let counts = layout.tickCounts
        xTicks = chart.isEmpty ? [] : xScale.ticks(about: counts.across, isWhole: chart.x.isWhole)
        yTicks = chart.isEmpty ? [] : yScale.ticks(about: counts.upward)
        plot = layout.plot(labelLength: yTicks.map(\.label.count).max() ?? 0)
    }

    private func x(_ value: Double) -> Double? {
        xScale.position(of: value).map { plot.left + $0 * plot.width }
    }

    private func y(_ value: Double) -> Double? {
        yScale.position(of: value).map { plot.top + (1 - $0) * plot.height }
    }

    private var right: Double { plot.left + plot.width }
    private var bottom: Double { plot.top + plot.height }

    // MARK: Axes

    var axes: Markup {
        var grid = SVGPath(), rule = SVGPath()
        for tick in yTicks {
            guard let y = y(tick.value) else { continue }
            grid.move(x: plot.left, y: y)
            grid.line(x: right, y: y)
        }
        // The zero of values that have both signs, else the lower edge.
        let zero = yScale.kind == .linear && yScale.low < 0 && yScale.high > 0 ? y(0) : nil
        rule.move(x: plot.left, y: zero ?? bottom)
        rule.line(x: right, y: zero ?? bottom)
        for tick in xTicks {
            guard let x = x(tick.value) else { continue }
            rule.move(x: x, y: bottom)
            rule.line(x: x, y: bottom + 4)
        }
        return """
            <path class="grid" d="\(grid.text)"/><path class="rule" d="\(rule.text)"/>\
            \(yTicks.map(yLabel))\(xTicks.map(xLabel))\
            <text class="name" x="\(SVGPath.number(right))" y="\(SVGPath.number(bottom + 40))" \
            text-anchor="end">\(chart.x.name)</text>
            """
    }

    private func yLabel(_ tick: AxisTick) -> Markup {
        guard let y = y(tick.value) else { return "" }
        return """
            <text x="\(SVGPath.number(plot.left - 8))" y="\(SVGPath.number(y))" dy=".35em" \
            text-anchor="end">\(tick.label)</text>
            """
    }

    private func xLabel(_ tick: AxisTick) -> Markup {
        guard let x = x(tick.value) else { return "" }
        return """
            <text x="\(SVGPath.number(x))" y="\(SVGPath.number(bottom + 21))" \
            text-anchor="middle">\(tick.label)</text>
            """
    }

    var emptyNote: Markup {
        guard chart.isEmpty else { return "" }
        return """
            <text class="empty" x="\(SVGPath.number(plot.left + plot.width / 2))" \
            y="\(SVGPath.number(plot.top + plot.height / 2))" text-anchor="middle">\
            Nothing to show yet</text>
            """
    }

    // MARK: Lines

    /// The single values behind the courses of all lines.
    func traces(_ series: ChartSeries) -> Markup {
        guard series.form == .line, series.hasCourse else { return "" }
        return group(series, "<path class=\"trace\" d=\"\(path(series.points) { $0.y })\"/>")
    }

    func shapes(_ series: ChartSeries) -> Markup {
        let line = path(series.points) { series.hasCourse ? $0.smooth ?? $0.y : $0.y }
        let name = series.form == .line ? "line" : "thin"
        let marks = hasRoomForMarks(series) ? series.points.map { mark($0, series.form) } : []
        return group(
            series, "<path class=\"\(name)\" d=\"\(line)\"/>\(marks)\(crosses(series))")
    }

    private func group(_ series: ChartSeries, _ content: Markup) -> Markup {
        let classes = "run run-\(series.style) \(ChartPalette.classes(series.style))"
        return "<g class=\"\(classes)\">\(content)</g>"
    }

    private func path(_ points: [ChartPoint], _ value: (ChartPoint) -> Double) -> String {
        var path = SVGPath()
        var isDrawing = false
        for (index, point) in points.enumerated() {
            guard let x = x(point.x), let y = y(value(point)) else {
                isDrawing = false
                continue
            }
            if isDrawing {
                path.line(x: x, y: y)
                continue
            }
            path.move(x: x, y: y)
            isDrawing = true
            // A point alone would have no length: with round ends this is a dot.
            let next = index + 1 < points.count ? points[index + 1] : nil
            if next.map({ !$0.x.isFinite || !value($0).isFinite }) ?? true {
                path.line(x: x, y: y)
            }
        }
        return path.text
    }

    /// Whether each value of a line gets a mark: those of a course do not, nor those close together.
    private func hasRoomForMarks(_ series: ChartSeries) -> Bool {
        if series.form == .line, series.hasCourse { return false }
        let places = series.finitePoints.compactMap { x($0.x) }
        guard places.count > 1, let first = places.first, let last = places.last else {
            return true
        }
        return (last - first) / Double(places.count - 1) >= 7
    }

    /// A dot on a line, or a ring.
    private func mark(_ point: ChartPoint, _ form: ChartSeries.Form) -> Markup {
        guard let x = x(point.x), let y = y(point.y) else { return "" }
        let place: Markup = "cx=\"\(SVGPath.number(x))\" cy=\"\(SVGPath.number(y))\""
        return form == .line
            ? "<circle class=\"dot\" \(place) r=\"2.6\"/>" : "<circle \(place) r=\"4\"/>"
    }

    /// A cross at the upper edge where values stop being finite.
    private func crosses(_ series: ChartSeries) -> Markup {
        var path = SVGPath()
        for gap in series.gaps.prefix(50) {
            guard let x = x(gap) else { continue }
            path.move(x: x - 4, y: plot.top + 1)
            path.line(x: x + 4, y: plot.top + 9)
            path.move(x: x + 4, y: plot.top + 1)
            path.line(x: x - 4, y: plot.top + 9)
        }
        guard !path.text.isEmpty else { return "" }
        return "<path class=\"cross\" d=\"\(path.text)\"><title>not finite</title></path>"
    }
}
