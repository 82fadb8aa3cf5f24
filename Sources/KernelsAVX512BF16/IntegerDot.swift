#if arch(x86_64)
    import CKernels

    // Few rows of activations against blocks as they lie in the file: y = x Wᵀ when generating, where
    // reading W is what costs. Activations become words of 16 bits with a scale for every 32, so that
    // 32 products and their sum are one instruction on whole numbers. A block's sum is widened to f32
    // and multiplied by the scales of both sides:
    //
    //     y = Σ over blocks of d·s·Σ n·q + m·s·Σ q        w = d·n + m, x = s·q
    //
    // The scales of sixteen blocks are widened together.

    /// A format of blocks of 32 that is read as words.
    protocol WordFormat: SendableMetatype {
        /// Bytes of a block.
        static var bytes: Int { get }
        /// Where the f16 minimum is; nil if there is none.
        static var minimum: Int? { get }
        /// The values `n` of a block times ``lanes``, in the order of `order`; half of them may be
        /// less an offset.
        static func values(_ block: UnsafeRawPointer) -> Words
        /// One over the factor of each of the 16 lanes of sums.
        static var lanes: Floats { get }
        /// Which of the 32 values stands at each place.
        static var order: SIMD32<UInt16> { get }
        /// What `values` leaves out of each place: `n` is the value, divided by its lane's factor,
        /// plus this.
        static var offset: SIMD32<Int16> { get }
    }

    /// Four values in a word of the file, each left where it is.
    ///
    /// Sixteen bytes stand in every quarter of a vector, and each quarter keeps one nibble of every
    /// word: its sums are times 1, 16, 256 and 4096. With its sign bit flipped the last is the value
    /// less 8. Two products of -8 · 4096 and 32767 still fit 32 bits.
    enum NibbleWords {
        @inline(__always) static func values(_ nibbles: UnsafeRawPointer) -> Words {
            let mask = SIMD8<UInt64>(
                0x000f_000f_000f_000f, 0x000f_000f_000f_000f, 0x00f0_00f0_00f0_00f0,
                0x00f0_00f0_00f0_00f0, 0x0f00_0f00_0f00_0f00, 0x0f00_0f00_0f00_0f00,
                0xf000_f000_f000_f000, 0xf000_f000_f000_f000)
            let flip = SIMD8<UInt64>(0, 0, 0, 0, 0, 0, 0x8000_8000_8000_8000, 0x8000_8000_8000_8000)
            return rk_and_xor(
                rk_broadcast_quarter(nibbles), unsafeBitCast(mask, to: Words.self),
                unsafeBitCast(flip, to: Words.self))
        }
        @inline(__always) static var lanes: Floats {
            var result = Floats(repeating: 1)
            for i in 4..<16 { result[i] = i < 8 ? 0x1p-4 : i < 12 ? 0x1p-8 : 0x1p-12 }
            return result
        }
        /// Quarters: low nibbles of even bytes, high ones of even bytes, then of odd bytes.
        @inline(__always) static var order: SIMD32<UInt16> {
            var result = SIMD32<UInt16>()
            for i in 0..<32 {
                result[i] = UInt16(2 * (i % 8) + (i / 8 % 2) * 16 + i / 16)
            }
            return result
        }
        /// What values must be given back when `n` is counted from `zero`.
        @inline(__always) static func offset(zero: Int16) -> SIMD32<Int16> {
            var result = SIMD32<Int16>()
            for i in 0..<32 { result[i] = (i < 24 ? 0 : 8) - zero }
            return result
        }
    }

    extension Q4_0Format: WordFormat {
        @inline(__always) static var minimum: Int? { nil }
        @inline(__always) static func values(_ block: UnsafeRawPointer) -> Words {
            NibbleWords.values(block + 2)
        }
        @inline(__always) static var lanes: Floats { NibbleWords.lanes }
        @inline(__always) static var order: SIMD32<UInt16> { NibbleWords.order }
        @inline(__always) static var offset: SIMD32<Int16> { NibbleWords.offset(zero: 8) }
    }

    extension Q4_1Format: WordFormat {
        @inline(__always) static var minimum: Int? { 2 }
        @inline(__always) static func values(_ block: UnsafeRawPointer) -> Words {
            NibbleWords.values(block + 4)
        }
        @inline(__always) static var lanes: Floats { NibbleWords.lanes }
        @inline(__always) static var order: SIMD32<UInt16> { NibbleWords.order }
        @inline(__always) static var offset: SIMD32<Int16> { NibbleWords.offset(zero: 0) }
    }

    extension Q8_0Format: WordFormat {
        @inline(__always) static var minimum: Int? { nil }
        @inline(__always) static func values(_ block: UnsafeRawPointer) -> Words {
            rk_words_from_i8(block + 2)
        }
        @inline(__always) static var lanes: Floats { Floats(repeating: 1) }
        @inline(__always) static var order: SIMD32<UInt16> {
            var result = SIMD32<UInt16>()
            for i in 0..<32 { result[i] = UInt16(i) }
            return result
        }
        @inline(__always) static var offset: SIMD32<Int16> { .zero }
    }

    /// Where the parts of a rounded row are: words of all blocks, then, for every group of sixteen
    /// blocks, scales, what the offsets add per scale of the weight, and what its minimum multiplies.
    ///
    /// There are sixteen blocks at least. The last group ends with the row, so it may share blocks
    /// with the one before it; those count once.
    struct WordRow {
        let blocks: Int

        @inline(__always) var groups: Int { (blocks + 15) / 16 }
        @inline(__always) var bytes: Int { blocks * 64 + groups * 192 }
        @inline(__always) func first(_ group: Int) -> Int { min(16 * group, blocks - 16) }
        @inline(__always) func scales(_ group: Int) -> Int { blocks * 64 + group * 192 }
    }

    /// Bytes that ``roundToWords`` writes for a row of whole blocks.
    public func wordRowBytes(blocks: Int) -> Int { WordRow(blocks: blocks).bytes }

    @inline(__always)
    private func roundToWords<F: WordFormat, A: Activation>(
        _: F.Type, _: A.Type, _ x: UnsafeRawPointer, _ blocks: Int, _ out: UnsafeMutableRawPointer
    ) {
        let row = WordRow(blocks: blocks)
        let order = unsafeBitCast(F.order, to: Words.self)
        let offset = unsafeBitCast(F.offset, to: Words.self)
        let one = unsafeBitCast(SIMD32<Int16>(repeating: 1), to: Words.self)
        for group in 0..<row.groups {
            let scales = (out + row.scales(group)).assumingMemoryBound(to: Float.self)
            for i in 0..<48 { scales[i] = 0 }
            let first = row.first(group)
            for block in first..<first + 16 {
                let from = x + block * 32 * A.bytes
                let low = A.load(from), high = A.load(from + 16 * A.bytes)
                let top = rk_largest_magnitude(low, high)
                // Not finite: the scale is not, and what it multiplies is 0 or NaN.
                let inverse = Floats(repeating: top > 0 ? 32767 / top : 0)
                let words = rk_permute_words(
                    rk_narrow_to_words(rk_to_i32(low * inverse), rk_to_i32(high * inverse)), order)
                (out + block * 64).storeBytes(of: words, as: Words.self)
                let scale = top / 32767, at = block - first
                scales[at] = scale
                if block < 16 * group { continue }
                scales[16 + at] = scale * Float(rk_sum_i32(rk_dot_words(.zero, words, offset)))
                scales[32 + at] = scale * Float(rk_sum_i32(rk_dot_words(.zero, words, one)))
            }
        }
    }

    /// Rows of weights whose scales are widened before their values are read.
    @inline(__always) private var rowsAtOnce: Int { 8 }

    /// Products of the scales of one row of weights and `rows` of activations, block by block, and the
    /// part of the results that needs no values.
    @inline(__always)
    private func prepare<F: WordFormat>(
        _: F.Type, _ rows: Int, _ start: UnsafeRawPointer, _ x: UnsafeRawPointer, _ blocks: Int,
        _ factors: UnsafeMutablePointer<Float>, _ rest: UnsafeMutablePointer<Float>
    ) {
        let row = WordRow(blocks: blocks)
        for r in 0..<rows {
            var sum = Floats.zero
            for group in 0..<row.groups {
                let first = row.first(group)
                let halves = rk_gather_f16(
                    start + first * F.bytes, Int32(truncatingIfNeeded: F.bytes),
                    Int32(truncatingIfNeeded: F.minimum ?? 0))
                let d = rk_from_f16_low(halves)
                let own = x + r * row.bytes + row.scales(group)
                store(d * load(own), factors + r * blocks + first)
                sum = rk_fma(d, load(own + 64), sum)
                if F.minimum != nil {
                    sum = rk_fma(rk_from_f16_high(halves), load(own + 128), sum)
                }
            }
            store(sum, rest + r * 16)
        }
    }

    /// Four rows of weights against `rows` rows of activations; `out` has room for four results each.
    @inline(__always)
    private func dots<F: WordFormat, let count: Int>(
        _: F.Type, _ rows: Int, _ zero: InlineArray<count, Floats>,
        _ starts: InlineArray<4, UnsafeRawPointer>, _ x: UnsafeRawPointer, _ blocks: Int,
        _ factors: UnsafePointer<Float>, _ rest: UnsafePointer<Float>,
        _ out: UnsafeMutablePointer<Float>, _ outStride: Int
    ) {
        let rowBytes = WordRow(blocks: blocks).bytes
        var sums = zero
        var at = 0
        for block in 0..<blocks {
            for output in 0..<4 {
                let values = F.values(starts[output] + at)
                for r in 0..<rows {
                    let i = output * rows + r
                    let q = (x + r * rowBytes + block * 64).load(as: Words.self)
                    sums[i] = rk_fma(
                        rk_from_i32(rk_dot_words(.zero, values, q)),
                        Floats(repeating: factors[i * blocks + block]), sums[i])
                }
            }
            at += F.bytes
        }
        let lanes = F.lanes
        for r in 0..<rows {
            rk_store_sums(
                out + r * outStride, rk_fma(sums[r], lanes, load(rest + 16 * r)),
                rk_fma(sums[rows + r], lanes, load(rest + 16 * (rows + r))),
                rk_fma(sums[2 * rows + r], lanes, load(rest + 16 * (2 * rows + r))),
                rk_fma(sums[3 * rows + r], lanes, load(rest + 16 * (3 * rows + r))))
        }
    }

    /// Some rows of weights against `height` rows of activations.
    @inline(__always)
    private func dotRows<F: WordFormat, let count: Int>(
        _: F.Type, _ height: Int, _ zero: InlineArray<count, Floats>, _ rows: Rows, _ first: Int,
        _ valid: Int, _ blocks: Int, _ x: UnsafeRawPointer, _ space: UnsafeMutablePointer<Float>,
        _ out: UnsafeMutablePointer<Float>, _ outStride: Int
    ) {
        // What the last four rows lack is the last row again.
        let padded = (valid + 3) / 4 * 4
        let rest = space + rowsAtOnce * height * blocks
        for i in 0..<padded {
            prepare(
                F.self, height, rows.start(first + min(i, valid - 1)), x, blocks,
                space + i * height * blocks, rest + i * height * 16)
        }
        var output = 0
        while output < valid {
            var starts = InlineArray<4, UnsafeRawPointer>(repeating: rows.base)
            for i in 0..<4 { starts[i] = rows.start(first + min(output + i, valid - 1)) }
            dots(
                F.self, height, zero, starts, x, blocks, space + output * height * blocks,
                rest + output * height * 16, out + output, outStride)
            output += 4
        }
    }

    @inline(__always)
    private func dotRows<F: WordFormat>(
        _: F.Type, _ rows: Rows, _ first: Int, _ count: Int, _ blocks: Int,
        _ x: UnsafeRawPointer, _ xRows: Int, _ space: UnsafeMutablePointer<Float>,
        _ out: UnsafeMutablePointer<Float>, _ outStride: Int
    ) {
        let rowBytes = WordRow(blocks: blocks).bytes
        var output = 0
        while output < count {
            let valid = min(rowsAtOnce, count - output)
            var row = 0
            while row < xRows {
                let from = x + row * rowBytes
                let to = out + row * outStride + output
                if row + 1 < xRows {
                    dotRows(
                        F.self, 2, InlineArray<8, Floats>(repeating: .zero), rows, first + output,
                        valid, blocks, from, space, to, outStride)
                } else {
                    dotRows(
                        F.self, 1, InlineArray<4, Floats>(repeating: .zero), rows, first + output,
                        valid, blocks, from, space, to, outStride)
                }
                row += 2
            }
            output += valid
        }
    }

    /// Rounds a row of activations to words for products with blocks of a format (GGML's number).
    ///
    /// - Returns: Whether there are such products; if not, nothing is written.
    public func roundToWords(
        _ format: UInt32, bf16: Bool, _ x: UnsafeRawPointer, _ blocks: Int,
        _ out: UnsafeMutableRawPointer
    ) {
        switch (format, bf16) {
        case (2, true): roundToWords(Q4_0Format.self, BFloat16.self, x, blocks, out)
        case (2, false): roundToWords(Q4_0Format.self, Float32.self, x, blocks, out)
        case (3, true): roundToWords(Q4_1Format.self, BFloat16.self, x, blocks, out)
        case (3, false): roundToWords(Q4_1Format.self, Float32.self, x, blocks, out)
        case (_, true): roundToWords(Q8_0Format.self, BFloat16.self, x, blocks, out)
        case (_, false): roundToWords(Q8_0Format.self, Float32.self, x, blocks, out)
        }
    }

    /// Bytes that ``dotRows`` needs to work in.
    public func dotSpaceBytes(blocks: Int) -> Int { rowsAtOnce * 2 * (blocks + 16) * 4 }

    /// Products of rounded rows with rows `first ..< first + count` of a stored matrix, as f32.
    ///
    /// Rows of `out` are `outStride` apart, at least `count` rounded up to a multiple of 4.
    public func dotRows(
        _ format: UInt32, _ base: UnsafeRawPointer, _ stride: Int, _ map: UnsafePointer<Int32>?,
        _ first: Int, _ count: Int, _ blocks: Int, _ x: UnsafeRawPointer, _ xRows: Int,
        _ space: UnsafeMutablePointer<Float>, _ out: UnsafeMutablePointer<Float>, _ outStride: Int
    ) {
        let rows = Rows(base: base, stride: stride, map: map)
        switch format {
        case 2:
            dotRows(Q4_0Format.self, rows, first, count, blocks, x, xRows, space, out, outStride)
        case 3:
            dotRows(Q4_1Format.self, rows, first, count, blocks, x, xRows, space, out, outStride)
        default:
            dotRows(Q8_0Format.self, rows, first, count, blocks, x, xRows, space, out, outStride)
        }
    }
#endif
