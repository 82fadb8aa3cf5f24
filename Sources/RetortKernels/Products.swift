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
        let cut = ProductCut(
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

    /// Words of a reduction down the rows of a weight that are summed at once: two panels of so many
    /// stay in the second-level cache.
    private static let longestReduction = 768

    /// Whether ``multiplyBack(_:_:lowRank:into:_:)`` sums so many rows of a weight before it stores
    /// anything, so that its result may be bf16.
    ///
    /// - Parameters:
    ///   - rows: Rows of the weight.
    ///   - type: Of `dy`.
    /// - Returns: Whether it does.
    public static func sumsAtOnce(_ rows: Int, _ type: ElementType) -> Bool {
        rows <= longestReduction * (type == .bfloat16 ? 2 : 1)
    }

    /// `dx = dy · W (+ du · A)`: the input gradient of a linear layer.
    ///
    /// - Parameters:
    ///   - dy: `[m, n]`.
    ///   - weight: `[n, k]`.
    ///   - lowRank: `du` `[m, r]` of dy's type and `A` `[r, k]`.
    ///   - dx: `[m, k]`, f32; bf16 only where ``sumsAtOnce(_:_:)`` says so.
    ///   - accumulation: Whether to add to dx, if that is f32.
    public func multiplyBack(
        _ dy: ActivationRows, _ weight: StoredMatrix,
        lowRank: (du: ActivationRows, a: StoredMatrix)? = nil, into dx: ActivationRows,
        _ accumulation: Accumulation
    ) {
        precondition(
            dy.columnCount == weight.rowCount && dx.columnCount == weight.columnCount
                && dx.rowCount == dy.rowCount && (!dy.isBF16 || dy.stride % 2 == 0)
                && (!dx.isBF16
                    || accumulation == .replace && Self.sumsAtOnce(weight.rowCount, dy.type))
        )
        let level = level, vectors = Self.panelVectors(weight.columnCount), width = 16 * vectors
        let columns = weight.columnCount, extra = lowRank?.du.words ?? 0
        let perWord = dy.isBF16 ? 2 : 1, longest = Self.longestReduction
        let words = min(longest, (weight.rowCount + perWord - 1) / perWord)
        let panelBytes = (words + extra) * width * 4
        let cut = ProductCut(
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
                            scratch + panel * panelBytes,
                            dx.row(row) + (first + panel * width) * dx.type.bytes,
                            dx.stride, min(width, valid - panel * width),
                            dx.isBF16 ? 2 : start > 0 || accumulation == .add ? 1 : 0)
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

    /// `c (+)= aᵀ · x` where a has few columns: gradient of a low-rank weight.
    ///
    /// Reads x as it lies.
    ///
    /// - Parameters:
    ///   - a: `[m, r]`, of x's type.
    ///   - x: `[m, k]`, f32 or bf16.
    ///   - c: `[r, k]`, f32.
    ///   - accumulation: Whether to add to c.
    public func multiplyOuter(
        narrow a: ActivationRows, _ x: ActivationRows, into c: ActivationRows,
        _ accumulation: Accumulation
    ) {
        precondition(
            a.type == x.type && a.rowCount == x.rowCount && c.rowCount == a.columnCount
                && c.columnCount == x.columnCount && c.type == .float32)
        let level = level, rank = a.columnCount, panels = (rank + 15) / 16
        let panelBytes = (a.rowCount + 1) / 2 * (a.isBF16 ? 1 : 2) * 64
        let packed = threads.sharedScratch(panels * panelBytes)
        level.packColumns(
            a.rows, 0, a.rowCount, 0, rank, 1, a.isBF16, packed, panelBytes)
        split((x.columnCount + 31) / 32, grain: 1) { strips, _ in
            for first in strips.lazy.map({ $0 * 32 }) {
                for panel in 0..<panels {
                    level.outer(
                        x.isBF16, packed + panel * panelBytes, min(16, rank - panel * 16),
                        x.base + first * x.type.bytes, x.byteStride, x.rowCount,
                        min(32, x.columnCount - first), c.floats(panel * 16) + first, c.stride,
                        accumulation == .add)
                }
            }
        }
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
