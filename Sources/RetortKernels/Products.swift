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
        let panels = (weight.rowCount + width - 1) / width
        let target = y.isBF16 ? 2 : accumulation == .add ? 1 : 0
        // Few panels: rows are shared out too, and every block of rows decodes its panel again.
        let blocks =
            panels >= 2 * threads.count
            ? 1 : max(1, min(4 * threads.count / panels, x.rowCount / 64))
        let rowsOfBlock = ((x.rowCount + blocks - 1) / blocks + 7) / 8 * 8
        let padded = (x.columnCount + 31) / 32 * 32 + ((lowRank?.u.columnCount ?? 0) + 31) / 32 * 32
        threads.run(panels * blocks) { [threads] part, thread in
            let first = part % panels * width
            let rows = part / panels * rowsOfBlock
            let count = min(rowsOfBlock, x.rowCount - rows)
            if count <= 0 { return }
            let valid = min(width, weight.rowCount - first)
            let panel = threads.scratch(thread, padded * width * 4)
            level.packRows(
                weight.rows, first, valid, weight.columnCount, vectors, x.isBF16, panel)
            if let (u, b) = lowRank {
                level.packRows(
                    b.rows, first, valid, b.columnCount, vectors, x.isBF16,
                    panel + x.words * width * 4)
                level.sweep(
                    x.isBF16, vectors, x.row(rows), x.byteStride, x.words, u.row(rows),
                    u.byteStride, u.words, count, panel, y.row(rows) + first * y.type.bytes,
                    y.stride, valid, target)
            } else {
                level.sweep(
                    x.isBF16, vectors, x.row(rows), x.byteStride, x.words, nil, 0, 0, count, panel,
                    y.row(rows) + first * y.type.bytes, y.stride, valid, target)
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
        // The reduction is cut so that two panels stay in the second-level cache.
        let perWord = dy.isBF16 ? 2 : 1, cut = 768 * perWord
        let columns = weight.columnCount, pairs = (columns + 2 * width - 1) / (2 * width)
        let blocks =
            pairs >= 2 * threads.count
            ? 1 : max(1, min(4 * threads.count / pairs, dy.rowCount / 64))
        let rowsOfBlock = ((dy.rowCount + blocks - 1) / blocks + 7) / 8 * 8
        let extra = lowRank?.du.words ?? 0
        let panelBytes = (768 + extra) * width * 4
        threads.run(pairs * blocks) { [threads] part, thread in
            let first = part % pairs * 2 * width
            let rows = part / pairs * rowsOfBlock
            let count = min(rowsOfBlock, dy.rowCount - rows)
            if count <= 0 { return }
            let valid = min(2 * width, columns - first)
            let panels = threads.scratch(thread, 2 * panelBytes)
            var start = 0
            repeat {
                let length = min(cut, weight.rowCount - start)
                let words = (length + perWord - 1) / perWord
                let isLast = start + length == weight.rowCount
                level.packColumns(
                    weight.rows, start, length, first, valid, vectors, dy.isBF16, panels, panelBytes
                )
                if isLast, let lowRank {
                    level.packColumns(
                        lowRank.a.rows, 0, lowRank.a.rowCount, first, valid, vectors, dy.isBF16,
                        panels + words * width * 4, panelBytes)
                }
                for half in 0..<2 where half * width < valid {
                    level.sweep(
                        dy.isBF16, vectors, dy.row(rows) + start * dy.type.bytes, dy.byteStride,
                        words, isLast ? lowRank.map { UnsafeRawPointer($0.du.row(rows)) } : nil,
                        lowRank?.du.byteStride ?? 0, extra, count, panels + half * panelBytes,
                        dx.row(rows) + (first + half * width) * 4, dx.stride,
                        min(width, valid - half * width),
                        start > 0 || accumulation == .add ? 1 : 0)
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
