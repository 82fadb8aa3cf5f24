/// A plot of a run's loss in a few lines of text.
///
/// Columns are means of equal parts of the run; the curve is drawn with eighths of a block, the
/// highest and lowest mean are written at the side and the first and last step below.
public struct LossCurve: Sendable, Equatable {
    private let steps: [Int]
    private let losses: [Double]

    /// Creates a curve; points whose loss is not finite are left out.
    ///
    /// - Parameter points: Steps in rising order with their losses.
    public init(_ points: [(step: Int, loss: Double)]) {
        let finite = points.filter(\.loss.isFinite)
        steps = finite.map(\.step)
        losses = finite.map(\.loss)
    }

    /// The plot.
    ///
    /// - Parameters:
    ///   - width: Columns of the curve itself.
    ///   - height: Lines of the curve itself.
    /// - Returns: `height + 1` lines, or none if there are fewer than two points.
    public func text(width: Int = 60, height: Int = 6) -> String {
        guard losses.count > 1, width > 0, height > 0 else { return "" }
        let means = means(columns: min(width, losses.count))
        let low = means.min() ?? 0
        let high = means.max() ?? 0
        // Halved, so that the range of huge losses cannot overflow.
        let range = high / 2 - low / 2
        let eighths = means.map { mean in
            range > 0
                ? 1 + Int(((mean / 2 - low / 2) / range * Double(height * 8 - 1)).rounded()) : 1
        }
        let labels = [label(high), label(low)]
        let margin = labels.map(\.count).max() ?? 0
        var lines: [String] = []
        for row in 0..<height {
            let name = row == 0 ? labels[0] : row == height - 1 ? labels[1] : ""
            let below = (height - 1 - row) * 8
            let cells = eighths.map { Self.blocks[max(0, min(8, $0 - below))] }
            let line = pad(name, to: margin) + " ┤" + cells.joined()
            lines.append(trimmed(line))
        }
        lines.append(axis(margin: margin, columns: means.count))
        return lines.joined(separator: "\n")
    }

    private static let blocks = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

    /// The losses' means over equal parts.
    private func means(columns: Int) -> [Double] {
        (0..<columns).map { column in
            let from = column * losses.count / columns
            let to = max(from + 1, (column + 1) * losses.count / columns)
            let part = losses[from..<to]
            // Divided first, so that huge losses cannot overflow.
            return part.reduce(0) { $0 + $1 / Double(part.count) }
        }
    }

    private func axis(margin: Int, columns: Int) -> String {
        let first = "step \(steps.first ?? 0)"
        let last = "\(steps.last ?? 0)"
        let gap = max(1, columns - first.count - last.count)
        return pad("", to: margin + 2) + first + String(repeating: " ", count: gap) + last
    }

    private func label(_ loss: Double) -> String {
        abs(loss) < 1e4 ? Humanized.fixed(loss, 3) : Humanized.rate(loss)
    }

    private func pad(_ text: String, to width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private func trimmed(_ line: String) -> String {
        var line = Substring(line)
        while line.last == " " { line.removeLast() }
        return String(line)
    }
}
