#if arch(x86_64)
    import CKernels

    // Few rows of activations against interleaved weights: y = x Wᵀ when generating, where reading W is
    // what costs. Activations become words of 16 bits with a scale for every 32. A word is an upper and a
    // lower byte, both signed, so that four products of weights in bytes are summed in a lane by one
    // instruction, and the sums of the upper bytes are times 256:
    //
    //     y = Σ over blocks of d·s·(Σ u·q - zero·Σ q) + m·s·Σ q       w = d·(u - zero) + m, x = s·q
    //
    // No sum of 32 products of words and bytes leaves i32; those of nibbles are exact in f32, those of
    // Q8_0 are rounded to it.

    /// Unpacks a block of 16 rows that lie side by side.
    protocol InterleavedFormat: SendableMetatype {
        /// Bytes of a block of one row.
        static var bytes: Int { get }
        /// Where the f16 scales of the rows are; their minima follow if there are any.
        static var scales: Int { get }
        /// Whether there are minima.
        static var hasMinimum: Bool { get }
        /// What the bytes of the value 0 are, without a minimum.
        static var zero: Int32 { get }
        /// The values.
        static func unpack(_ block: UnsafeRawPointer) -> BlockBytes
    }

    extension InterleavedFormat {
        /// Bytes of a block of 16 rows.
        @inline(__always) static var interleavedBytes: Int { 16 * bytes }
    }

    /// The values of a block of 16 rows as unsigned bytes: vector i has values 4 i ..< 4 i + 4 of all rows.
    struct BlockBytes {
        let v0, v1, v2, v3, v4, v5, v6, v7: Words

        @inline(__always)
        fileprivate init(nibbles from: UnsafeRawPointer) {
            let v = from.assumingMemoryBound(to: Words.self)
            let (a, b, c, d) = (v.at(0), v.at(1), v.at(2), v.at(3))
            v0 = rk_low_nibble_bytes(a)
            v1 = rk_low_nibble_bytes(b)
            v2 = rk_low_nibble_bytes(c)
            v3 = rk_low_nibble_bytes(d)
            v4 = rk_high_nibble_bytes(a)
            v5 = rk_high_nibble_bytes(b)
            v6 = rk_high_nibble_bytes(c)
            v7 = rk_high_nibble_bytes(d)
        }

        @inline(__always)
        fileprivate init(bytes from: UnsafeRawPointer) {
            let v = from.assumingMemoryBound(to: Words.self)
            (v0, v1, v2, v3) = (v.at(0), v.at(1), v.at(2), v.at(3))
            (v4, v5, v6, v7) = (v.at(4), v.at(5), v.at(6), v.at(7))
        }

        /// The sums over 32 bytes of x, begun at `low` (the first 16 values) and `high`.
        @inline(__always)
        fileprivate func dot(_ low: inout Words, _ high: inout Words, _ x: UnsafeRawPointer) {
            @inline(__always) func word(_ i: Int) -> Words { spread(x + i * 4) }
            low = rk_dot_bytes(rk_dot_bytes(low, v0, word(0)), v1, word(1))
            high = rk_dot_bytes(rk_dot_bytes(high, v4, word(4)), v5, word(5))
            low = rk_dot_bytes(rk_dot_bytes(low, v2, word(2)), v3, word(3))
            high = rk_dot_bytes(rk_dot_bytes(high, v6, word(6)), v7, word(7))
        }
    }

    extension UnsafePointer<Words> {
        /// Blocks of 16 rows begin anywhere.
        @inline(__always)
        fileprivate func at(_ index: Int) -> Words {
            UnsafeRawPointer(self + index).loadUnaligned(as: Words.self)
        }
    }

    /// Four bytes in every lane.
    @inline(__always)
    private func spread(_ from: UnsafeRawPointer) -> Words {
        unsafeBitCast(
            SIMD16<UInt32>(repeating: from.loadUnaligned(as: UInt32.self)), to: Words.self)
    }

    /// Two values to a byte.
    protocol NibbleFormat: InterleavedFormat {}

    extension NibbleFormat {
        @inline(__always) static var scales: Int { 256 }
        @inline(__always) static func unpack(_ block: UnsafeRawPointer) -> BlockBytes {
            BlockBytes(nibbles: block)
        }
    }

    extension Q4_0Format: NibbleFormat {
        @inline(__always) static var hasMinimum: Bool { false }
        @inline(__always) static var zero: Int32 { 8 }
    }

    extension Q4_1Format: NibbleFormat {
        @inline(__always) static var hasMinimum: Bool { true }
        @inline(__always) static var zero: Int32 { 0 }
    }

    extension Q8_0Format: InterleavedFormat {
        @inline(__always) static var scales: Int { 512 }
        @inline(__always) static var hasMinimum: Bool { false }
        @inline(__always) static var zero: Int32 { 128 }
        @inline(__always) static func unpack(_ block: UnsafeRawPointer) -> BlockBytes {
            BlockBytes(bytes: block)
        }
    }

    /// What the bytes of the value 0 are in a format (GGML's number).
    func zeroByte(_ format: UInt32) -> Int32 {
        switch format {
        case 2: Q4_0Format.zero
        case 3: Q4_1Format.zero
        default: Q8_0Format.zero
        }
    }

    private typealias WordRow = RoundedRow<WordRounding>

    /// Adds the products of a block of 16 rows and a block of one row of words.
    @inline(__always)
    private func add<F: InterleavedFormat>(
        _: F.Type, _ weights: BlockBytes, _ scale: Floats, _ minimum: Floats,
        _ x: UnsafeRawPointer, _ block: Int, _ row: WordRow, _ sum: Floats
    ) -> Floats {
        let words = x + block * WordRounding.blockBytes, own = x + block * 4
        var low = Words.zero, high = Words.zero
        weights.dot(&low, &high, words)
        low = rk_times_256(low)
        high = rk_times_256(high)
        weights.dot(&low, &high, words + 32)
        if F.zero != 0 { low = rk_add_i32(low, spread(own + row.starts)) }
        let own32 = Floats(repeating: (own + row.scales).loadUnaligned(as: Float.self))
        let result = rk_fma(rk_from_i32(rk_add_i32(low, high)) * own32, scale, sum)
        if !F.hasMinimum { return result }
        let all = (own + row.sums).loadUnaligned(as: Float.self)
        return rk_fma(minimum, Floats(repeating: all), result)
    }

    /// 16 rows of weights against one row of words or two.
    @inline(__always)
    private func dots<F: InterleavedFormat>(
        _: F.Type, _ rows: Int, _ group: UnsafeRawPointer, _ x: UnsafeRawPointer, _ blocks: Int,
        _ out: UnsafeMutablePointer<Float>, _ outStride: Int
    ) {
        let row = WordRow(blocks: blocks)
        var first = Floats.zero, second = Floats.zero
        var from = group
        for block in 0..<blocks {
            // Two KiB ahead: what the processor's window does not reach while it waits for memory.
            for line in 0..<(F.interleavedBytes + 63) / 64 {
                rk_prefetch_read(from + 2048 + line * 64)
            }
            let weights = F.unpack(from), scale = rk_from_f16(from + F.scales)
            let minimum = F.hasMinimum ? rk_from_f16(from + F.scales + 32) : .zero
            first = add(F.self, weights, scale, minimum, x, block, row, first)
            if rows == 2 {
                second = add(F.self, weights, scale, minimum, x + row.bytes, block, row, second)
            }
            from += F.interleavedBytes
        }
        store(first, out)
        if rows == 2 { store(second, out + outStride) }
    }

    @inline(__always)
    private func dotGroups<F: InterleavedFormat>(
        _: F.Type, _ base: UnsafeRawPointer, _ first: Int, _ count: Int, _ blocks: Int,
        _ x: UnsafeRawPointer, _ xRows: Int, _ out: UnsafeMutablePointer<Float>, _ outStride: Int
    ) {
        let rowBytes = WordRow(blocks: blocks).bytes, groupBytes = blocks * F.interleavedBytes
        for group in 0..<count {
            let from = base + (first + group) * groupBytes, to = out + group * 16
            var row = 0
            while row < xRows {
                let own = x + row * rowBytes, result = to + row * outStride
                if row + 1 < xRows {
                    dots(F.self, 2, from, own, blocks, result, outStride)
                } else {
                    dots(F.self, 1, from, own, blocks, result, outStride)
                }
                row += 2
            }
        }
    }

    /// Products of rounded rows with groups `first ..< first + count` of 16 interleaved rows in a format
    /// (GGML's number), as f32; rows of `out` are `outStride` apart.
    public func dotGroups(
        _ format: UInt32, _ base: UnsafeRawPointer, _ first: Int, _ count: Int, _ blocks: Int,
        _ x: UnsafeRawPointer, _ xRows: Int, _ out: UnsafeMutablePointer<Float>, _ outStride: Int
    ) {
        switch format {
        case 2: dotGroups(Q4_0Format.self, base, first, count, blocks, x, xRows, out, outStride)
        case 3: dotGroups(Q4_1Format.self, base, first, count, blocks, x, xRows, out, outStride)
        default: dotGroups(Q8_0Format.self, base, first, count, blocks, x, xRows, out, outStride)
        }
    }
#endif
