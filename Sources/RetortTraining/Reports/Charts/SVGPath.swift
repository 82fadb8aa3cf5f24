/// The `d` of a path through points, in tenths of a pixel.
struct SVGPath {
    /// The commands so far.
    private(set) var text = ""
    private var last = (x: 0, y: 0)

    /// Begins anew at a place.
    mutating func move(x: Double, y: Double) {
        last = (Self.tenths(x), Self.tenths(y))
        text += "M" + Self.pair(last.x, last.y)
    }

    /// Draws on to a place.
    mutating func line(x: Double, y: Double) {
        let next = (x: Self.tenths(x), y: Self.tenths(y))
        text += "l" + Self.pair(next.x - last.x, next.y - last.y)
        // What is drawn is what was rounded, so that the roundings do not add up.
        last = next
    }

    /// A length as SVG writes it.
    static func number(_ value: Double) -> String { written(tenths(value)) }

    private static func tenths(_ value: Double) -> Int {
        Int((max(-1e6, min(1e6, value)) * 10).rounded())
    }

    private static func pair(_ x: Int, _ y: Int) -> String {
        written(x) + (y < 0 ? "" : " ") + written(y)
    }

    private static func written(_ tenths: Int) -> String {
        let whole = tenths.magnitude / 10, part = tenths.magnitude % 10
        let sign = tenths < 0 ? "-" : ""
        return part == 0 ? "\(sign)\(whole)" : "\(sign)\(whole == 0 ? "" : "\(whole)").\(part)"
    }
}
