/// How large a chart is and what stands around its lines; lengths in pixels at full size.
struct ChartLayout: Sendable, Equatable {
    /// Of the whole picture.
    var width, height: Double
    /// Above and at the right of the lines.
    var top = 12.0, right = 20.0
    /// Of a digit beside the axes.
    var digitWidth = 7.2
    /// Whether it is shown in its own size where nothing else is said.
    var isFixed = false

    /// Across a page.
    static let wide = ChartLayout(width: 1040, height: 360)
    /// In one of two columns, or across a telephone, where digits are larger beside the rest.
    static let small = ChartLayout(width: 510, height: 280, digitWidth: 10.2)
    /// A file of its own, with a title above.
    static func standalone(legendLines: Int) -> ChartLayout {
        let head = 54 + 22 * Double(legendLines)
        return ChartLayout(width: 860, height: 340 + head, top: head, right: 26, isFixed: true)
    }

    /// The rectangle of the lines, beside labels of so many characters.
    func plot(labelLength: Int) -> (left: Double, top: Double, width: Double, height: Double) {
        let left = max(36, Double(min(labelLength, 14)) * digitWidth + 14)
        return (left, top, width - left - right, height - top - 46)
    }

    /// About how many ticks find room.
    var tickCounts: (across: Int, upward: Int) {
        (
            max(2, Int((width - 80) / (width > 600 ? 120 : 85))),
            max(2, Int((height - top - 46) / 42))
        )
    }
}
