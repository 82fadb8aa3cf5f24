/// How a product is cut into parts for the threads.
///
/// A part is some neighbouring panels of the weight, packed once, and rows that go by in blocks.
/// Panels and a block stay in the second-level cache.
struct ProductCut {
    /// Bytes of packed panels in a part: less than half of the cache of today's processors.
    private static let panelBudget = 400 << 10
    /// Rows that stay in the cache while the panels of a part go by.
    private static let blockRows = 96
    /// Parts that each thread should find, so that one which is held up leaves some to the others.
    private static let partsOfThread = 2
    /// Panels that a part should have, so that a row is not read again for few products.
    private static let panelsOfPart = 4

    /// Panels that are not parted from one another.
    private let step: Int
    private let panelCount, rowCount: Int
    private let columnParts, rowParts: Int

    /// Chooses the sizes; results do not depend on them.
    ///
    /// Columns are shared out before rows, since every part packs its own panels; and evenly, in as many
    /// parts for each thread.
    ///
    /// - Parameters:
    ///   - panels: Panels of the whole weight.
    ///   - panelBytes: Bytes of one.
    ///   - even: Whether parts begin at even panels, where columns begin whole blocks of 32.
    ///   - rows: Rows of the left operand.
    ///   - threads: Threads that share the parts.
    init(panels: Int, panelBytes: Int, even: Bool, rows: Int, threads: Int) {
        step = even ? 2 : 1
        panelCount = panels
        rowCount = rows
        let units = (panels + step - 1) / step
        let fitting = max(1, Self.panelBudget / max(1, panelBytes) / step)
        let least = (units + fitting - 1) / fitting
        guard threads > 1, units > 0 else {
            columnParts = least
            rowParts = 1
            return
        }
        let wanted = Self.partsOfThread * threads
        let most = max(1, panels / Self.panelsOfPart)
        let some = max(least, min(wanted, most))
        columnParts = min(units, (some + threads - 1) / threads * threads)
        let more = (wanted + columnParts - 1) / columnParts
        rowParts = max(1, min(more, rows / Self.blockRows))
    }

    var parts: Int { columnParts * rowParts }

    /// The panels and rows of a part.
    subscript(part: Int) -> (panels: Range<Int>, rows: Range<Int>) {
        let column = part % columnParts, row = part / columnParts
        let units = (panelCount + step - 1) / step, eights = (rowCount + 7) / 8
        func panel(_ column: Int) -> Int { min(panelCount, units * column / columnParts * step) }
        func first(_ row: Int) -> Int { min(rowCount, eights * row / rowParts * 8) }
        return (panel(column)..<panel(column + 1), first(row)..<first(row + 1))
    }

    /// The blocks of some rows.
    func blocks(_ rows: Range<Int>) -> some Sequence<Range<Int>> {
        stride(from: rows.lowerBound, to: rows.upperBound, by: Self.blockRows).lazy.map {
            $0..<min($0 + Self.blockRows, rows.upperBound)
        }
    }
}
