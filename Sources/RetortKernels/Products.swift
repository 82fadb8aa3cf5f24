extension Kernels {
    /// Columns of a panel for a result of so many: 48, or fewer where those would stay empty.
    private static func panelVectors(_ columns: Int) -> Int { min(3, (columns + 15) / 16) }

    /// `y = x · Wᵀ (+ u · Bᵀ)`: a linear layer, with a low-rank part in the same pass over y.
    ///
    /// - Parameters:
    ///   - x: `[m, k]`.
    ///   - weight: `[n, k]`, decoded panel by panel.
    ///   - lowRank: `u` `[m, r]` of x's type and `B` `[n, r]`.
    ///   - y: `[m, n]`, f32 or bf16.
    ///   - accumulation: Whether to add to y.
    public func multiply(
        _ x: ActivationRows, _ weight: StoredMatrix,
        lowRank: (u: ActivationRows, b: StoredMatrix)? = nil, into y: ActivationRows,
        _ accumulation: Accumulation = .replace
    ) {
        precondition(
            x.columnCount == weight.columnCount && y.columnCount == weight.rowCount
                && x.rowCount == y.rowCount && (!x.isBF16 || x.stride % 2 == 0))
        let level = level, vectors = Self.panelVectors(weight.rowCount), width = 16 * vectors
        let target = y.isBF16 ? 2 : accumulation == .add ? 1 : 0
        // Packing pads the reduction to whole blocks of 32.
        let perWord = x.isBF16 ? 2 : 1
        let padded = (x.columnCount + 31) / 32 * 32 + ((lowRank?.u.columnCount ?? 0) + 31) / 32 * 32
        let panelBytes = padded / perWord * width * 4
        let cut = Cut(
            panels: (weight.rowCount + width - 1) / width, panelBytes: panelBytes, even: false,
            rows: x.rowCount, threads: threads.count)
        threads.run(cut.parts) { [threads] part, thread in
            let (panels, rows) = cut[part]
            let scratch = threads.scratch(thread, panels.count * panelBytes)
            func columns(_ panel: Int) -> (first: Int, valid: Int) {
                (panel * width, min(width, weight.rowCount - panel * width))
            }
            for panel in panels {
                let (first, valid) = columns(panel)
                let packed = scratch + (panel - panels.lowerBound) * panelBytes
                level.packRows(
                    weight.rows, first, valid, weight.columnCount, vectors, x.isBF16, packed)
                if let (_, b) = lowRank {
                    level.packRows(
                        b.rows, first, valid, b.columnCount, vectors, x.isBF16,
                        packed + x.words * width * 4)
                }
            }
            for block in cut.blocks(rows) {
                let start = block.lowerBound
                for panel in panels {
                    let (first, valid) = columns(panel)
                    level.sweep(
                        x.isBF16, vectors, x.row(start), x.byteStride, x.words,
                        lowRank.map { UnsafeRawPointer($0.u.row(start)) },
                        lowRank?.u.byteStride ?? 0, lowRank?.u.words ?? 0, block.count,
                        scratch + (panel - panels.lowerBound) * panelBytes,
                        y.row(start) + first * y.type.bytes, y.stride, valid, target)
                }
            }
        }
    }

    /// `dx = dy · W (+ du · A)`: the input gradient of a linear layer.
    ///
    /// - Parameters:
    ///   - dy: `[m, n]`.
    ///   - weight: `[n, k]`.
    ///   - lowRank: `du` `[m, r]` of dy's type and `A` `[r, k]`.
    ///   - dx: `[m, k]`, f32.
    ///   - accumulation: Whether to add to dx.
    public func multiplyBack(
        _ dy: ActivationRows, _ weight: StoredMatrix,
        lowRank: (du: ActivationRows, a: StoredMatrix)? = nil, into dx: ActivationRows,
        _ accumulation: Accumulation
    ) {
        precondition(
            dy.columnCount == weight.rowCount && dx.columnCount == weight.columnCount
                && dx.rowCount == dy.rowCount && (!dy.isBF16 || dy.stride % 2 == 0))
        let level = level, vectors = Self.panelVectors(weight.columnCount), width = 16 * vectors
        let columns = weight.columnCount, extra = lowRank?.du.words ?? 0
        // The reduction is cut so that two panels stay in the second-level cache.
        let perWord = dy.isBF16 ? 2 : 1, longest = 768
        let words = min(longest, (weight.rowCount + perWord - 1) / perWord)
        let panelBytes = (words + extra) * width * 4
        let cut = Cut(
            panels: (columns + width - 1) / width, panelBytes: panelBytes, even: true,
            rows: dy.rowCount, threads: threads.count)
        threads.run(cut.parts) { [threads] part, thread in
            let (panels, rows) = cut[part]
            let first = panels.lowerBound * width
            let valid = min(panels.count * width, columns - first)
            let scratch = threads.scratch(thread, panels.count * panelBytes)
            var start = 0
            repeat {
                let length = min(longest * perWord, weight.rowCount - start)
                let words = (length + perWord - 1) / perWord
                let isLast = start + length == weight.rowCount
                level.packColumns(
                    weight.rows, start, length, first, valid, vectors, dy.isBF16, scratch,
                    panelBytes)
                if isLast, let lowRank {
                    level.packColumns(
                        lowRank.a.rows, 0, lowRank.a.rowCount, first, valid, vectors, dy.isBF16,
                        scratch + words * width * 4, panelBytes)
                }
                for block in cut.blocks(rows) {
                    let row = block.lowerBound
                    for panel in 0..<panels.count {
                        level.sweep(
                            dy.isBF16, vectors, dy.row(row) + start * dy.type.bytes, dy.byteStride,
                            words, isLast ? lowRank.map { UnsafeRawPointer($0.du.row(row)) } : nil,
                            lowRank?.du.byteStride ?? 0, extra, block.count,
                            scratch + panel * panelBytes, dx.row(row) + (first + panel * width) * 4,
                            dx.stride, min(width, valid - panel * width),
                            start > 0 || accumulation == .add ? 1 : 0)
                    }
                }
                start += length
            } while start < weight.rowCount
        }
    }

    /// `c (+)= aᵀ · x`: gradient of a weight, with `a` already transposed.
    ///
    /// - Parameters:
    ///   - transposed: `[n, m]`, with rows padded as ``transpose(_:into:)`` does.
    ///   - x: `[m, k]`, f32 or bf16.
    ///   - c: `[n, k]`, f32.
    ///   - accumulation: Whether to add to c.
    public func multiplyOuter(
        _ transposed: ActivationRows, _ x: ActivationRows, into c: ActivationRows,
        _ accumulation: Accumulation
    ) {
        let weight = StoredMatrix(
            base: x.base, rowCount: x.rowCount, columnCount: x.columnCount, format: x.type.format,
            stride: x.byteStride)
        multiplyBack(transposed, weight, into: c, accumulation)
    }

    /// `out[c][r] = x[r][c]`, rounded to out's type; out's rows are padded with zeros to a multiple
    /// of 32, which its stride must leave room for.
    public func transpose(_ x: ActivationRows, into out: ActivationRows) {
        precondition(
            (x.type == .float32 || out.isBF16) && out.stride >= (x.rowCount + 31) / 32 * 32)
        let level = level, blocks = (x.columnCount + 15) / 16
        threads.run(blocks) { part, _ in
            let first = part * 16
            level.transposed(
                x.isBF16, x.base + first * x.type.bytes, x.stride, x.rowCount,
                min(16, x.columnCount - first), out.isBF16, out.row(first), out.stride)
        }
    }
}

/// How a product is cut into parts for the threads.
///
/// A part is some neighbouring panels of the weight, packed once, and rows that go by in blocks.
/// Panels and a block stay in the second-level cache.
private struct Cut {
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
