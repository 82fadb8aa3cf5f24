/// How a product is cut into parts for the threads.
///
/// A part is some neighbouring panels of the weight, packed once, and rows that go by in blocks.
/// Panels and a block stay in the second-level cache.
struct ProductCut {
    /// Bytes of packed panels in a part: less than half of the cache of today's processors.
    private static let panelBudget = 400 << 10
    /// Rows that stay in the cache while the panels of a part go by.
    private static let blockRows = 96

    private let panelCount, panelsOfPart, rowCount, rowsOfPart: Int

    /// Chooses the sizes; results do not depend on them.
    ///
    /// - Parameters:
    ///   - panels: Panels of the whole weight.
    ///   - panelBytes: Bytes of one.
    ///   - even: Whether parts begin at even panels, where columns begin whole blocks of 32.
    ///   - rows: Rows of the left operand.
    ///   - threads: Threads that share the parts; each gets three or more if there is so much.
    init(panels: Int, panelBytes: Int, even: Bool, rows: Int, threads: Int) {
        let step = even ? 2 : 1
        let fitting = max(1, Self.panelBudget / max(1, panelBytes) / step) * step
        panelCount = panels
        panelsOfPart = min(fitting, (panels + step - 1) / step * step)
        let columnParts = (panels + panelsOfPart - 1) / max(1, panelsOfPart)
        let wanted = threads == 1 ? 1 : (3 * threads + columnParts - 1) / max(1, columnParts)
        let rowParts = max(1, min(wanted, rows / Self.blockRows))
        rowCount = rows
        rowsOfPart = max(8, ((rows + rowParts - 1) / rowParts + 7) / 8 * 8)
    }

    private var columnParts: Int { (panelCount + panelsOfPart - 1) / panelsOfPart }
    var parts: Int {
        panelCount == 0 ? 0 : columnParts * ((rowCount + rowsOfPart - 1) / rowsOfPart)
    }

    /// The panels and rows of a part.
    subscript(part: Int) -> (panels: Range<Int>, rows: Range<Int>) {
        let panel = part % columnParts * panelsOfPart, row = part / columnParts * rowsOfPart
        return (
            panel..<min(panel + panelsOfPart, panelCount), row..<min(row + rowsOfPart, rowCount)
        )
    }

    /// The blocks of some rows.
    func blocks(_ rows: Range<Int>) -> some Sequence<Range<Int>> {
        stride(from: rows.lowerBound, to: rows.upperBound, by: Self.blockRows).lazy.map {
            $0..<min($0 + Self.blockRows, rows.upperBound)
        }
    }
}
