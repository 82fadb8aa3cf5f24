#if arch(x86_64)
    import CKernels

    // Few rows of activations against blocks as they lie in the file: y = x Wᵀ when generating, where
    // reading W is what costs. Activations become words of 16 bits with a scale for every 32. A word is
    // an upper and a lower byte, both signed, so that four products of weights in bytes are summed in
    // a lane by one instruction, and the sums of the upper bytes are times 256:
    //
    //     y = Σ over blocks of d·s·(Σ u·q - zero·Σ q) + m·s·Σ q       w = d·(u - zero) + m, x = s·q
    //
    // Four blocks are taken together: each has four of the sixteen lanes, and a scale for them. No sum
    // of 32 products of words and bytes is beyond 2^24 for nibbles; those of Q8_0 are rounded to f32.

    /// A format of blocks of 32 that is unpacked four blocks at a time.
    protocol FourBlockFormat: ByteFormat {
        /// The first 16 values of each of four neighbouring blocks as unsigned bytes, and the last.
        static func unpack(_ blocks: UnsafeRawPointer) -> (low: Words, high: Words)
    }

    extension Q4_0Format: FourBlockFormat {
        @inline(__always) static var minimum: Int? { nil }
        @inline(__always)
        static func unpack(_ blocks: UnsafeRawPointer) -> (low: Words, high: Words) {
            let nibbles = rk_four_parts(blocks, 18, 2)
            return (rk_low_nibble_bytes(nibbles), rk_high_nibble_bytes(nibbles))
        }
    }

    extension Q4_1Format: FourBlockFormat {
        @inline(__always) static var minimum: Int? { 2 }
        @inline(__always)
        static func unpack(_ blocks: UnsafeRawPointer) -> (low: Words, high: Words) {
            let nibbles = rk_four_parts(blocks, 20, 4)
            return (rk_low_nibble_bytes(nibbles), rk_high_nibble_bytes(nibbles))
        }
    }

    extension Q8_0Format: FourBlockFormat {
        @inline(__always) static var minimum: Int? { nil }
        @inline(__always)
        static func unpack(_ blocks: UnsafeRawPointer) -> (low: Words, high: Words) {
            (
                rk_flip_sign_bytes(rk_four_parts(blocks, 34, 2)),
                rk_flip_sign_bytes(rk_four_parts(blocks, 34, 18))
            )
        }
    }

    /// Where the parts of a rounded row are.
    ///
    /// For every group of four blocks: upper bytes of the first 16 values of each block, then of the
    /// last, lower bytes likewise, each block's scale in its four lanes, the sum of its words times the
    /// scale in the first of them, and these four sums once more.
    ///
    /// There are four blocks at least. The last group ends with the row, so it may share blocks with
    /// the one before it; those count once.
    private struct WordRow {
        static let lower = 128, scales = 256, spreadSums = 320, sums = 384, groupBytes = 448
        /// The largest word whose upper byte is signed.
        static let largest: Float = 127 * 256 + 127

        let blocks: Int

        @inline(__always) var groups: Int { (blocks + 3) / 4 }
        @inline(__always) var bytes: Int { groups * Self.groupBytes }
        @inline(__always) func first(_ group: Int) -> Int { min(4 * group, blocks - 4) }
    }

    /// Bytes that ``roundToWords`` writes for a row of whole blocks.
    public func wordRowBytes(blocks: Int) -> Int { WordRow(blocks: blocks).bytes }

    @inline(__always)
    private func roundToWords<A: Activation>(
        _: A.Type, _ x: UnsafeRawPointer, _ blocks: Int, _ out: UnsafeMutableRawPointer
    ) {
        let row = WordRow(blocks: blocks)
        for group in 0..<row.groups {
            let first = row.first(group)
            for i in 0..<4 {
                let from = x + (first + i) * 32 * A.bytes
                let low = A.load(from), high = A.load(from + 16 * A.bytes)
                let top = rk_largest_magnitude(low, high)
                // Not finite: the scale is not, and what it multiplies is 0 or NaN.
                let inverse = Floats(repeating: top > 0 ? WordRow.largest / top : 0)
                let a = rk_to_i32(low * inverse), b = rk_to_i32(high * inverse)
                let to = out + group * WordRow.groupBytes + i * 16
                rk_store_split(to, to + WordRow.lower, a)
                rk_store_split(to + 64, to + WordRow.lower + 64, b)
                let scale = first + i < 4 * group ? 0 : top / WordRow.largest
                let sum = scale * Float(rk_sum_i32(rk_add_i32(a, b)))
                to.storeBytes(
                    of: SIMD4(repeating: scale), toByteOffset: WordRow.scales,
                    as: SIMD4<Float>.self)
                to.storeBytes(
                    of: SIMD4(sum, 0, 0, 0), toByteOffset: WordRow.spreadSums,
                    as: SIMD4<Float>.self)
                (to - i * 12).storeBytes(of: sum, toByteOffset: WordRow.sums, as: Float.self)
            }
        }
    }

    /// The sums of one row of weights and one of activations so far: those of all lanes, and what the
    /// minima add.
    private struct RowSums {
        var lanes = Floats.zero
        var minima = SIMD4<Float>.zero

        @inline(__always) var all: Floats { lanes + rk_widen4(minima) }

        /// Adds the products of four blocks, whose f16 scales and minima are `halves`.
        @inline(__always)
        mutating func add<F: FourBlockFormat>(
            _: F.Type, _ low: Words, _ high: Words, _ halves: Words, _ x: UnsafeRawPointer
        ) {
            var sum = rk_dot_bytes(.zero, low, x.load(as: Words.self))
            sum = rk_times_256(rk_dot_bytes(sum, high, (x + 64).load(as: Words.self)))
            sum = rk_dot_bytes(sum, low, (x + WordRow.lower).load(as: Words.self))
            sum = rk_dot_bytes(sum, high, (x + WordRow.lower + 64).load(as: Words.self))
            let products = rk_from_i32(sum), scale = load(x + WordRow.scales)
            let scaled =
                F.zero == 0
                ? products * scale
                : rk_fma(
                    products, scale,
                    load(x + WordRow.spreadSums) * Floats(repeating: -Float(F.zero)))
            lanes = rk_fma(rk_from_f16_low(halves), scaled, lanes)
            if F.minimum != nil {
                minima = rk_fma4(
                    rk_four_from_f16_high(halves), (x + WordRow.sums).load(as: SIMD4<Float>.self),
                    minima)
            }
        }
    }

    /// Four rows of weights against `rows` rows of activations, one or two; `out` has room for four
    /// results each.
    @inline(__always)
    private func dots<F: FourBlockFormat, let count: Int>(
        _: F.Type, _ rows: Int, _ zero: InlineArray<count, RowSums>,
        _ starts: InlineArray<4, UnsafeRawPointer>, _ ahead: Int, _ x: UnsafeRawPointer,
        _ blocks: Int, _ out: UnsafeMutablePointer<Float>, _ outStride: Int
    ) {
        let row = WordRow(blocks: blocks)
        var sums = zero
        var next = starts[0] + ahead
        for group in 0..<row.groups {
            // In the order of memory, which four rows side by side do not keep: the processor's own
            // guesses need it.
            for line in 0..<(16 * F.bytes + 63) / 64 { rk_prefetch_read(next + line * 64) }
            next += 16 * F.bytes
            let at = row.first(group) * F.bytes, words = x + group * WordRow.groupBytes
            @inline(__always) func add(_ output: Int) {
                let from = starts[output] + at
                let (low, high) = F.unpack(from)
                let halves = rk_four_f16(
                    from, Int32(truncatingIfNeeded: F.bytes),
                    Int32(truncatingIfNeeded: F.minimum ?? 0))
                sums[output * rows].add(F.self, low, high, halves, words)
                if rows == 2 {
                    sums[output * rows + 1].add(F.self, low, high, halves, words + row.bytes)
                }
            }
            // Written out: in a loop the sums would not stay in registers.
            add(0)
            add(1)
            add(2)
            add(3)
        }
        for r in 0..<rows {
            rk_store_sums(
                out + r * outStride, sums[r].all, sums[rows + r].all, sums[2 * rows + r].all,
                sums[3 * rows + r].all)
        }
    }

    @inline(__always)
    private func dotRows<F: FourBlockFormat>(
        _: F.Type, _ rows: Rows, _ first: Int, _ count: Int, _ blocks: Int,
        _ x: UnsafeRawPointer, _ xRows: Int, _ out: UnsafeMutablePointer<Float>, _ outStride: Int
    ) {
        let rowBytes = WordRow(blocks: blocks).bytes, ahead = 4 * rows.stride
        var output = 0
        while output < count {
            // What the last four rows lack is the last row again.
            var starts = InlineArray<4, UnsafeRawPointer>(repeating: rows.base)
            for i in 0..<4 { starts[i] = rows.start(first + min(output + i, count - 1)) }
            var row = 0
            while row < xRows {
                let from = x + row * rowBytes, to = out + row * outStride + output
                if row + 1 < xRows {
                    dots(
                        F.self, 2, InlineArray<8, RowSums>(repeating: RowSums()), starts, ahead,
                        from, blocks, to, outStride)
                } else {
                    dots(
                        F.self, 1, InlineArray<4, RowSums>(repeating: RowSums()), starts, ahead,
                        from, blocks, to, outStride)
                }
                row += 2
            }
            output += 4
        }
    }

    /// Rounds a row of activations to words for products with blocks of any format of ``dotRows``.
    public func roundToWords(
        bf16: Bool, _ x: UnsafeRawPointer, _ blocks: Int, _ out: UnsafeMutableRawPointer
    ) {
        if bf16 {
            roundToWords(BFloat16.self, x, blocks, out)
        } else {
            roundToWords(Float32.self, x, blocks, out)
        }
    }

    /// Products of rounded rows with rows `first ..< first + count` of a matrix stored in a format
    /// (GGML's number), as f32.
    ///
    /// Rows of `out` are `outStride` apart, at least `count` rounded up to a multiple of 4.
    public func dotRows(
        _ format: UInt32, _ base: UnsafeRawPointer, _ stride: Int, _ map: UnsafePointer<Int32>?,
        _ first: Int, _ count: Int, _ blocks: Int, _ x: UnsafeRawPointer, _ xRows: Int,
        _ out: UnsafeMutablePointer<Float>, _ outStride: Int
    ) {
        let rows = Rows(base: base, stride: stride, map: map)
        switch format {
        case 2: dotRows(Q4_0Format.self, rows, first, count, blocks, x, xRows, out, outStride)
        case 3: dotRows(Q4_1Format.self, rows, first, count, blocks, x, xRows, out, outStride)
        default: dotRows(Q8_0Format.self, rows, first, count, blocks, x, xRows, out, outStride)
        }
    }
#endif
