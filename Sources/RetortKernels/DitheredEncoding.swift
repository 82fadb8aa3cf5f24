extension Kernels {
    /// Rounds f32 rows to the steps that their blocks have already, up or down at random.
    ///
    /// Rows that were stored lie on their blocks' steps; a change smaller than half a step would be
    /// rounded away, and an adapter's changes are. Rounding up with the probability of the fraction
    /// keeps every change in expectation: the sum over many inputs, which is what a product computes,
    /// is nearly right. A block whose range the change leaves by half a step, and formats whose steps
    /// are not even, are encoded afresh.
    ///
    /// - Parameters:
    ///   - rows: The rows as they should be.
    ///   - stored: The rows as they were, one after another.
    ///   - numbers: The number of each row, from which its random numbers follow.
    ///   - format: Of both.
    ///   - key: Of the random numbers.
    /// - Returns: The stored rows, one after another.
    /// - Throws: ``UnstorableValue``.
    public func encodeDithered(
        _ rows: ActivationRows, near stored: [UInt8], numbers: [Int32],
        as format: StorageFormat, key: PhiloxKey
    ) throws(UnstorableValue) -> [UInt8] {
        var result = try encode(rows, as: format)
        guard let grid = BlockGrid(format), rows.rowCount > 0 else { return result }
        precondition(stored.count == result.count && numbers.count == rows.rowCount)
        let stride = result.count / rows.rowCount, blocks = rows.columnCount / format.blockSize
        result.withUnsafeMutableBytes { out in
            stored.withUnsafeBytes { old in
                guard let out = out.baseAddress, let old = old.baseAddress else { return }
                split(rows.rowCount, grain: 4) { range, _ in
                    for row in range {
                        for block in 0..<blocks {
                            let place = row * stride + block * format.blockBytes
                            grid.round(
                                rows.floats(row) + block * format.blockSize, near: old + place,
                                key, UInt64(numbers[row]), UInt64(block), into: out + place)
                        }
                    }
                }
            }
        }
        return result
    }
}

/// The even steps of a block of 32 values: `offset + step * code`.
struct BlockGrid: Sendable {
    let format: StorageFormat
    let levels: UInt32

    init?(_ format: StorageFormat) {
        self.format = format
        switch format {
        case .q4_0, .q4_1: levels = 16
        case .q5_0, .q5_1: levels = 32
        case .q8_0: levels = 256
        case .f32, .f16, .bf16, .q6_K: return nil
        }
    }

    /// The step of a stored block, which may be negative.
    func step(_ bytes: [UInt8], at place: Int) -> Float {
        bytes.withUnsafeBytes { $0.baseAddress.map { half($0 + place) } ?? 0 }
    }

    /// The step, which may be negative, and the value of code 0.
    private func steps(_ block: UnsafeRawPointer) -> (step: Float, offset: Float) {
        let step = half(block)
        switch format {
        case .q4_1, .q5_1: return (step, half(block + 2))
        default: return (step, -step * Float(levels / 2))
        }
    }

    /// Replaces an encoded block by one on the old block's steps, if the values fit there.
    func round(
        _ x: UnsafePointer<Float>, near old: UnsafeRawPointer, _ key: PhiloxKey, _ row: UInt64,
        _ block: UInt64, into out: UnsafeMutableRawPointer
    ) {
        let (step, offset) = steps(old), last = Float(levels - 1)
        guard step != 0, step.isFinite, offset.isFinite else { return }
        let lowest: Float = format == .q8_0 ? 1 : 0
        for i in 0..<32 {
            let code = (x[i] - offset) / step
            guard code >= lowest - 0.5, code <= last + 0.5 else { return }
        }
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 32) { codes in
            for quarter in 0..<8 {
                let words = key.block(row, block << 3 | UInt64(quarter))
                for lane in 0..<4 {
                    let i = quarter * 4 + lane
                    // 24 bits are exact in f32 and below 1.
                    let uniform = Float(words[lane] >> 8) * 0x1p-24
                    let code = (x[i] - offset) / step + uniform
                    codes[i] = UInt32(min(last, max(lowest, code.rounded(.down))))
                }
            }
            store(codes, old, out)
        }
    }

    private func store(
        _ codes: UnsafeMutableBufferPointer<UInt32>, _ old: UnsafeRawPointer,
        _ out: UnsafeMutableRawPointer
    ) {
        let head = format == .q4_1 || format == .q5_1 ? 4 : 2
        out.copyMemory(from: old, byteCount: head)
        guard format == .q8_0 else { return storeCodes(out + head, levels) { codes[$0] } }
        for i in 0..<32 {
            (out + 2 + i).storeBytes(of: Int8(Int32(codes[i]) - 128), as: Int8.self)
        }
    }
}
