/// Lines over a common axis, drawn as SVG: `chart.svg(.wide)`.
///
/// Any values are drawn: none, one, equal ones, huge ones; a line has gaps where values are not
/// finite, with a cross where each gap begins.
struct LineChart: Sendable, Equatable {
    /// What is measured along an axis.
    struct Axis: Sendable, Equatable {
        /// The quantity.
        var name: String
        /// Its unit; empty for a pure number.
        var unit = ""
        /// The kind of scale.
        var kind = AxisScale.Kind.linear
        /// Whether the axis begins at 0.
        var includesZero = false
        /// Whether only whole numbers have a meaning.
        var isWhole = false
        /// What must find room besides the points.
        var span: ClosedRange<Double>?
    }

    /// What is measured across, and what upward.
    var x, y: Axis
    /// The lines; those that come later are drawn above.
    var series: [ChartSeries]

    /// The scale across: from 0 unless the points begin far from it.
    var xScale: AxisScale {
        let span = x.span.map { [$0.lowerBound, $0.upperBound] } ?? []
        let values = (series.flatMap { $0.points.map(\.x) } + span).filter(\.isFinite)
        let low = values.min() ?? 0, high = values.max() ?? 0
        return AxisScale(
            values, kind: x.kind, includesZero: low >= 0 && low <= high / 10 && high > low,
            margin: 0)
    }

    /// The scale upward.
    ///
    /// A logarithmic one begins no lower than a fifth of the lowest course, so that a single value
    /// near 0 does not press all others together; it lies at the lower edge.
    var yScale: AxisScale {
        let courses = series.flatMap { $0.points.compactMap(\.smooth) }
        var values = series.flatMap { $0.points.map(\.y) }
        if y.kind == .logarithmic, let lowest = courses.filter({ $0 > 0 }).min() {
            values = values.map { $0 > 0 ? max($0, lowest / 5) : $0 }
        }
        return AxisScale(values + courses, kind: y.kind, includesZero: y.includesZero)
    }

    /// Whether nothing can be drawn.
    var isEmpty: Bool { series.allSatisfy { $0.finitePoints.isEmpty } }

    /// What the chart shows, in words: for those who cannot see it.
    var summary: String {
        let unit = y.unit.isEmpty ? "" : ", \(y.unit)"
        let head = "\(y.name)\(unit), over \(x.name)."
        if isEmpty { return head + " There is nothing to show." }
        return ([head] + series.map(words)).joined(separator: " ")
    }

    private func words(for series: ChartSeries) -> String {
        let points = series.finitePoints
        guard let first = points.first, let last = points.last,
            let lowest = points.min(by: { $0.y < $1.y }),
            let highest = points.max(by: { $0.y < $1.y })
        else { return "\(series.name): no finite values." }
        func place(_ point: ChartPoint) -> String {
            "\(ChartNumber.text(point.y)) at \(ChartNumber.text(point.x))"
        }
        var text = "\(series.name): \(place(first))"
        if points.count > 1 {
            text += ", \(place(last)); lowest \(place(lowest)), highest \(place(highest))"
        }
        if let gap = series.gaps.first { text += "; not finite from \(ChartNumber.text(gap)) on" }
        return text + "."
    }
}

extension ChartSeries {
    /// Where stretches of values begin that are not finite.
    var gaps: [Double] {
        points.indices.filter { index in
            points[index].x.isFinite && !points[index].y.isFinite
                && (index == 0 || points[index - 1].y.isFinite)
        }.map { points[$0].x }
    }
}
