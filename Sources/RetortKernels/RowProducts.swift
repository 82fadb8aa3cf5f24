extension Kernels {
    /// Rows up to which weights are read where they lie: packing panels costs about as many rows of
    /// products, by the count of instructions.
    public static let fewRows = 6

    /// `y = x · Wᵀ (+ u · Bᵀ)` for few rows, which costs what reading W costs: no panels.
    ///
    /// Where activations are bf16 and the level has products of whole numbers for the format, they are
    /// rounded to 16 bits with a scale for every 32: finer than the bf16 that they come as. Otherwise
    /// rows of W are widened and multiplied in f32. Either way results have other bits than those of
    /// ``multiply(_:_:lowRank:into:_:)``: this is for generating.
    ///
    /// - Parameters:
    ///   - x: `[m, k]`, at most ``fewRows`` rows.
    ///   - weight: `[n, k]`.
    ///   - lowRank: `u` `[m, r]` of x's type and `B` `[n, r]`.
    ///   - y: `[m, n]`, f32 or bf16.
    ///   - accumulation: Whether to add to y.
    /// - Returns: Whether the rows are few; if not, y is as it was.
    public func multiplyFewRows(
        _ x: ActivationRows, _ weight: StoredMatrix,
        lowRank: (u: ActivationRows, b: StoredMatrix)? = nil, into y: ActivationRows,
        _ accumulation: Accumulation = .replace
    ) -> Bool {
        if x.rowCount > Self.fewRows { return false }
        precondition(
            x.columnCount == weight.columnCount && y.columnCount == weight.rowCount
                && x.rowCount == y.rowCount)
        let level = level, threads = threads, count = x.rowCount
        if count == 0 { return true }
        let blocks = x.columnCount / 32
        let integers = x.isBF16 && blocks >= 4 ? level.integerProducts(weight.format) : nil
        let xBytes = ((integers?.wordRowBytes(blocks) ?? x.columnCount * 4) + 63) & ~63
        let rank = lowRank?.u.columnCount ?? 0
        let shared = threads.sharedScratch(count * (xBytes + rank * 4))
        let wideU = (shared + count * xBytes).assumingMemoryBound(to: Float.self)
        for row in 0..<count {
            let to = shared + row * xBytes
            if let integers {
                integers.roundToWords(x.isBF16, x.row(row), blocks, to)
            } else {
                widen(x, row, into: to.assumingMemoryBound(to: Float.self))
            }
            if let lowRank { widen(lowRank.u, row, into: wideU + row * rank) }
        }
        // A piece is worth waking a thread for: some microseconds of reading.
        let perPiece = max(16, (32 << 10) / max(1, weight.stride) / 4 * 4)
        let pieces = max(1, min(64, weight.rowCount / perPiece))
        let most = ((weight.rowCount + pieces - 1) / pieces + 7) / 4 * 4
        let spaceBytes = max(weight.columnCount, rank) * 4
        threads.run(pieces) { piece, thread in
            let first = weight.rowCount * piece / pieces
            let valid = weight.rowCount * (piece + 1) / pieces - first
            let results = threads.scratch(thread, count * most * 4 + spaceBytes)
                .assumingMemoryBound(to: Float.self)
            let decoded = results + count * most
            if let integers {
                integers.dotRows(
                    weight.rows, first, valid, blocks, shared, count, results, most)
            } else {
                level.dotRows(
                    weight, first, valid, shared, xBytes, count, decoded, results, most)
            }
            if let lowRank {
                level.addDotRows(
                    lowRank.b, first, valid, wideU, rank * 4, count, decoded, results, most)
            }
            for row in 0..<count {
                let from = results + row * most
                let to = y.row(row) + first * y.type.bytes
                if y.isBF16 {
                    level.narrow(from, to, valid)
                } else if accumulation == .add {
                    level.addScaled(1, from, to.assumingMemoryBound(to: Float.self), valid)
                } else {
                    to.copyMemory(from: from, byteCount: valid * 4)
                }
            }
        }
        return true
    }

    private func widen(_ x: ActivationRows, _ row: Int, into out: UnsafeMutablePointer<Float>) {
        if x.isBF16 {
            level.widen(x.row(row), out, x.columnCount)
        } else {
            out.update(from: x.floats(row), count: x.columnCount)
        }
    }
}

extension KernelLevel {
    /// Products of f32 rows, `stride` bytes apart, with some rows of a matrix, each widened once.
    fileprivate func dotRows(
        _ weight: StoredMatrix, _ first: Int, _ valid: Int, _ x: UnsafeRawPointer, _ stride: Int,
        _ count: Int, _ decoded: UnsafeMutablePointer<Float>,
        _ results: UnsafeMutablePointer<Float>, _ resultStride: Int
    ) {
        for output in 0..<valid {
            let w = row(weight, first + output, decoded)
            for row in 0..<count {
                results[row * resultStride + output] = dot(
                    false, x + row * stride, w, weight.columnCount)
            }
        }
    }

    /// The same, added to the results.
    fileprivate func addDotRows(
        _ weight: StoredMatrix, _ first: Int, _ valid: Int, _ x: UnsafeRawPointer, _ stride: Int,
        _ count: Int, _ decoded: UnsafeMutablePointer<Float>,
        _ results: UnsafeMutablePointer<Float>, _ resultStride: Int
    ) {
        for output in 0..<valid {
            let w = row(weight, first + output, decoded)
            for row in 0..<count {
                results[row * resultStride + output] += dot(
                    false, x + row * stride, w, weight.columnCount)
            }
        }
    }

    /// A row as f32, where it lies if it is.
    private func row(
        _ weight: StoredMatrix, _ index: Int, _ decoded: UnsafeMutablePointer<Float>
    ) -> UnsafeRawPointer {
        let from = weight.rows.start(index)
        if weight.format == .f32 { return from }
        decodeRow(weight.format, from, weight.columnCount, decoded)
        return UnsafeRawPointer(decoded)
    }
}
