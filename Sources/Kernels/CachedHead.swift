#if arch(x86_64) || arch(arm64)
    import CKernels

    // The heads of one query that share keys and values, against cached ones: rows of memory some bytes
    // apart, each read once for all heads. Scores are made four keys at a time, so that their sums
    // share the adding across lanes.

    /// The part of the product of a query and a key that goes lane by lane.
    @inline(__always)
    private func product(
        _ bf16: Bool, _ q: UnsafeRawPointer, _ key: UnsafeRawPointer, _ size: Int
    ) -> Floats {
        var sum = Floats.zero
        if !bf16 {
            eachVector(size) { i, valid in
                sum = rk_fma(get(Float32.self, q, i, valid), get(Float32.self, key, i, valid), sum)
            }
            return sum
        }
        var i = 0
        while i + 32 <= size {
            let a = (q + i * 2).loadUnaligned(as: Words.self)
            let b = (key + i * 2).loadUnaligned(as: Words.self)
            sum = rk_dot_bf16_rest(rk_dot_bf16(sum, a, b), a, b)
            i += 32
        }
        if i < size {
            let a = q + i * 2, b = key + i * 2
            eachVector(size - i) { i, valid in
                sum = rk_fma(get(BFloat16.self, a, i, valid), get(BFloat16.self, b, i, valid), sum)
            }
        }
        return sum
    }

    /// Asks for memory that will be read.
    @inline(__always)
    private func request(_ start: UnsafeRawPointer, _ bytes: Int) {
        for line in 0..<(bytes + 63) / 64 { rk_prefetch_read(start + line * 64) }
    }

    /// Scores of `count` keys for every head, row by row.
    ///
    /// Keys and then values are asked for before they are read: runs are too short for the processor's
    /// own guesses.
    @inline(__always)
    private func scores(
        _ bf16: Bool, _ q: UnsafeRawPointer, _ heads: Int, _ keys: UnsafeRawPointer,
        _ keyStride: Int, _ values: UnsafeRawPointer, _ valueStride: Int, _ count: Int,
        _ size: Int, _ out: UnsafeMutablePointer<Float>
    ) {
        let bytes = bf16 ? size * 2 : size * 4
        for row in 0..<count { request(keys + row * keyStride, bytes) }
        var i = 0
        while i < count {
            let key = keys + i * keyStride
            for row in i..<min(i + 4, count) { request(values + row * valueStride, bytes) }
            for head in 0..<heads {
                let q = q + head * bytes, to = out + head * count + i
                if i + 4 <= count {
                    rk_store_sums(
                        to, product(bf16, q, key, size), product(bf16, q, key + keyStride, size),
                        product(bf16, q, key + 2 * keyStride, size),
                        product(bf16, q, key + 3 * keyStride, size))
                } else {
                    for row in 0..<count - i {
                        to[row] = rk_sum(product(bf16, q, key + row * keyStride, size))
                    }
                }
            }
            i += 4
        }
    }

    /// `out = Σ weights · values` over 64 columns of bf16, for some heads: the upper halves of words and
    /// the lower ones are f32 as they are, so even and odd columns are summed apart.
    ///
    /// `zero` has four vectors for every head; heads are `count` weights and `size` results apart.
    @inline(__always)
    private func weigh64<let vectors: Int>(
        _ zero: InlineArray<vectors, Floats>, _ weights: UnsafePointer<Float>,
        _ values: UnsafeRawPointer, _ stride: Int, _ count: Int, _ size: Int,
        _ out: UnsafeMutablePointer<Float>
    ) {
        var sums = zero
        var from = values
        for i in 0..<count {
            let a = from.loadUnaligned(as: SIMD16<UInt32>.self)
            let b = (from + 64).loadUnaligned(as: SIMD16<UInt32>.self)
            let even0 = unsafeBitCast(a &<< 16, to: Floats.self)
            let odd0 = unsafeBitCast(a & 0xffff_0000, to: Floats.self)
            let even1 = unsafeBitCast(b &<< 16, to: Floats.self)
            let odd1 = unsafeBitCast(b & 0xffff_0000, to: Floats.self)
            for head in 0..<vectors / 4 {
                let weight = Floats(repeating: weights[head * count + i]), at = head * 4
                sums[unchecked: at] = rk_fma(even0, weight, sums[unchecked: at])
                sums[unchecked: at + 1] = rk_fma(odd0, weight, sums[unchecked: at + 1])
                sums[unchecked: at + 2] = rk_fma(even1, weight, sums[unchecked: at + 2])
                sums[unchecked: at + 3] = rk_fma(odd1, weight, sums[unchecked: at + 3])
            }
            from += stride
        }
        for head in 0..<vectors / 4 {
            for half in 0..<2 {
                let even = sums[unchecked: head * 4 + half * 2]
                let odd = sums[unchecked: head * 4 + half * 2 + 1]
                let to = out + head * size + half * 32
                store(interleaved(even.lowHalf, odd.lowHalf), to)
                store(interleaved(even.highHalf, odd.highHalf), to + 16)
            }
        }
    }

    /// The same for any number of heads, as many together as registers hold.
    @inline(__always)
    private func weigh64(
        _ heads: Int, _ weights: UnsafePointer<Float>, _ values: UnsafeRawPointer, _ stride: Int,
        _ count: Int, _ size: Int, _ out: UnsafeMutablePointer<Float>
    ) {
        var head = 0
        while head < heads {
            let from = weights + head * count, to = out + head * size
            if Processor.sums >= 24, head + 4 <= heads {
                weigh64(
                    InlineArray<16, Floats> { _ in .zero }, from, values, stride, count, size, to)
                head += 4
            } else if Processor.sums >= 24, head + 3 <= heads {
                weigh64(
                    InlineArray<12, Floats> { _ in .zero }, from, values, stride, count, size, to)
                head += 3
            } else {
                weigh64(
                    InlineArray<4, Floats> { _ in .zero }, from, values, stride, count, size, to)
                head += 1
            }
        }
    }

    @inline(__always)
    private func interleaved(_ even: SIMD8<Float>, _ odd: SIMD8<Float>) -> Floats {
        var result = Floats.zero
        result.evenHalf = even
        result.oddHalf = odd
        return result
    }

    @inline(__always)
    private func weigh<A: Activation>(
        _: A.Type, _ weights: UnsafePointer<Float>, _ values: UnsafeRawPointer, _ stride: Int,
        _ count: Int, _ size: Int, _ out: UnsafeMutablePointer<Float>
    ) {
        eachVector(size) { column, valid in
            var sum = Floats.zero
            for i in 0..<count {
                sum = rk_fma(
                    get(A.self, values + i * stride, column, valid),
                    Floats(repeating: weights[i]), sum)
            }
            put(Float32.self, sum, out, column, valid)
        }
    }

    /// Attention of some heads of a query to `count` keys that they share.
    ///
    /// Strides are bytes; `weights` has room for a weight per head and key, `out` for every head's f32
    /// result, and `logSums` for the logarithm of its sum of exponentials.
    public func attendCached(
        bf16: Bool, _ q: UnsafeRawPointer, _ heads: Int, _ keys: UnsafeRawPointer,
        _ keyStride: Int, _ values: UnsafeRawPointer, _ valueStride: Int, _ count: Int,
        _ size: Int, _ scale: Float, _ weights: UnsafeMutablePointer<Float>,
        _ out: UnsafeMutablePointer<Float>, _ logSums: UnsafeMutablePointer<Float>
    ) {
        if bf16 {
            scores(
                true, q, heads, keys, keyStride, values, valueStride, count, size, weights)
        } else {
            scores(
                false, q, heads, keys, keyStride, values, valueStride, count, size, weights)
        }
        for head in 0..<heads {
            logSums[head] = attentionRow(weights + head * count, count, scale)
        }
        var column = 0
        while bf16, column + 64 <= size {
            weigh64(heads, weights, values + column * 2, valueStride, count, size, out + column)
            column += 64
        }
        for head in 0..<heads where column < size {
            let row = weights + head * count, to = out + head * size + column
            if bf16 {
                weigh(
                    BFloat16.self, row, values + column * 2, valueStride, count, size - column, to)
            } else {
                weigh(Float32.self, row, values, valueStride, count, size, to)
            }
        }
    }
#endif
