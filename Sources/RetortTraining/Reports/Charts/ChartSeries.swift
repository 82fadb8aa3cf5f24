/// A point of a line; what is not finite breaks the line there.
struct ChartPoint: Sendable, Equatable {
    /// Where it lies across.
    var x: Double
    /// The value.
    var y: Double
    /// The course of the values here, where it is drawn too.
    var smooth: Double?
}

/// Values in the order of their places, as one line.
struct ChartSeries: Sendable, Equatable {
    /// How points are shown.
    enum Form: Sendable, Equatable {
        /// As a line; where the points have a course, the line is that and the values are a
        /// trace behind it.
        case line
        /// As circles that a thin line joins.
        case markers
    }

    /// What the line is of.
    var name: String
    /// Which of the palette's colours and dashes it has.
    var style: Int
    /// How points are shown.
    var form = Form.line
    /// The points, in rising order of `x`.
    var points: [ChartPoint]

    /// Whether the course of the values is drawn.
    var hasCourse: Bool { points.contains { $0.smooth != nil } }

    /// The points that have a place on a chart.
    var finitePoints: [ChartPoint] { points.filter { $0.x.isFinite && $0.y.isFinite } }
}
