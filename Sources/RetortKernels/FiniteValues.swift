extension Kernels {
    /// Whether no value of a stretch of memory is NaN or infinite.
    ///
    /// Values are decoded piece by piece on all threads; nothing is kept.
    ///
    /// - Parameters:
    ///   - format: How the values are kept.
    ///   - start: The first byte.
    ///   - count: Values, whole blocks.
    /// - Returns: Whether all are numbers.
    public func allFinite(
        _ format: StorageFormat, _ start: UnsafeRawPointer, count: Int
    ) -> Bool {
        let pieceSize = 1 << 14
        let level = level, threads = threads
        let found = UnsafeMutablePointer<Bool>.allocate(capacity: threads.count)
        found.initialize(repeating: false, count: threads.count)
        defer { found.deallocate() }
        split((count + pieceSize - 1) / pieceSize, grain: 4) { pieces, thread in
            let values = threads.scratch(thread, pieceSize * 4)
                .assumingMemoryBound(to: Float.self)
            for piece in pieces where !found[thread] {
                let first = piece * pieceSize
                let length = min(pieceSize, count - first)
                let from = start + first / format.blockSize * format.blockBytes
                level.decodeRow(format, from, length, values)
                found[thread] = !Self.areFinite(values, length)
            }
        }
        return !(0..<threads.count).contains { found[$0] }
    }

    /// The place of the largest of some values, the first of equal ones.
    ///
    /// - Parameters:
    ///   - values: The values.
    ///   - count: How many there are.
    /// - Returns: The place; nil if there are none or one of them is NaN or infinite.
    public static func indexOfLargest(_ values: UnsafePointer<Float>, count: Int) -> Int? {
        guard count > 0, areFinite(values, count) else { return nil }
        let whole = count / 16 * 16
        var tops = SIMD16<Float>(repeating: -.infinity)
        for i in stride(from: 0, to: whole, by: 16) {
            let own = UnsafeRawPointer(values + i).loadUnaligned(as: SIMD16<Float>.self)
            tops.replace(with: own, where: own .> tops)
        }
        var top = tops.max()
        for i in whole..<count { top = max(top, values[i]) }
        for i in stride(from: 0, to: whole, by: 16) {
            let own = UnsafeRawPointer(values + i).loadUnaligned(as: SIMD16<Float>.self)
            if any(own .== top) { return (i..<i + 16).first { values[$0] == top } }
        }
        return (whole..<count).first { values[$0] == top }
    }

    /// No branch in the loop, so that it becomes vector code.
    static func areFinite(_ values: UnsafePointer<Float>, _ count: Int) -> Bool {
        let exponent: UInt32 = 0x7f80_0000
        var odd: UInt32 = 0
        for i in 0..<count {
            odd |= values[i].bitPattern & exponent == exponent ? 1 : 0
        }
        return odd == 0
    }
}
