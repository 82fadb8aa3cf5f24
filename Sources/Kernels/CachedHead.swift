#if arch(x86_64) || arch(arm64)
    import CKernels

    // One head of one query against cached keys and values, rows of memory some bytes apart. Scores
    // are made four keys at a time, so that their sums share the adding across lanes.

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

    @inline(__always)
    private func scores(
        _ bf16: Bool, _ q: UnsafeRawPointer, _ keys: UnsafeRawPointer, _ stride: Int,
        _ count: Int, _ size: Int, _ out: UnsafeMutablePointer<Float>
    ) {
        var i = 0
        while i + 4 <= count {
            let key = keys + i * stride
            rk_store_sums(
                out + i, product(bf16, q, key, size), product(bf16, q, key + stride, size),
                product(bf16, q, key + 2 * stride, size), product(bf16, q, key + 3 * stride, size))
            i += 4
        }
        while i < count {
            out[i] = rk_sum(product(bf16, q, keys + i * stride, size))
            i += 1
        }
    }

    /// `out = Σ weights · values` over 64 columns of bf16: the upper halves of words and the lower
    /// ones are f32 as they are, so even and odd columns are summed apart.
    @inline(__always)
    private func weigh64(
        _ weights: UnsafePointer<Float>, _ values: UnsafeRawPointer, _ stride: Int, _ count: Int,
        _ out: UnsafeMutablePointer<Float>
    ) {
        var even0 = Floats.zero, odd0 = Floats.zero, even1 = Floats.zero, odd1 = Floats.zero
        var from = values
        for i in 0..<count {
            let weight = Floats(repeating: weights[i])
            let a = from.loadUnaligned(as: SIMD16<UInt32>.self)
            let b = (from + 64).loadUnaligned(as: SIMD16<UInt32>.self)
            even0 = rk_fma(unsafeBitCast(a &<< 16, to: Floats.self), weight, even0)
            odd0 = rk_fma(unsafeBitCast(a & 0xffff_0000, to: Floats.self), weight, odd0)
            even1 = rk_fma(unsafeBitCast(b &<< 16, to: Floats.self), weight, even1)
            odd1 = rk_fma(unsafeBitCast(b & 0xffff_0000, to: Floats.self), weight, odd1)
            from += stride
        }
        store(interleaved(even0.lowHalf, odd0.lowHalf), out)
        store(interleaved(even0.highHalf, odd0.highHalf), out + 16)
        store(interleaved(even1.lowHalf, odd1.lowHalf), out + 32)
        store(interleaved(even1.highHalf, odd1.highHalf), out + 48)
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

    /// Attention of one head of a query to `count` keys.
    ///
    /// Strides are bytes; `scores` has room for a weight per key, `out` for the head's f32 result.
    public func attendCached(
        bf16: Bool, _ q: UnsafeRawPointer, _ keys: UnsafeRawPointer, _ keyStride: Int,
        _ values: UnsafeRawPointer, _ valueStride: Int, _ count: Int, _ size: Int, _ scale: Float,
        _ weights: UnsafeMutablePointer<Float>, _ out: UnsafeMutablePointer<Float>
    ) {
        if bf16 {
            scores(true, q, keys, keyStride, count, size, weights)
        } else {
            scores(false, q, keys, keyStride, count, size, weights)
        }
        _ = attentionRow(
            bf16: false, weights, 0, count, count, scale, UnsafeMutableRawPointer(weights))
        if !bf16 {
            return weigh(Float32.self, weights, values, valueStride, count, size, out)
        }
        var column = 0
        while column + 64 <= size {
            weigh64(weights, values + column * 2, valueStride, count, out + column)
            column += 64
        }
        if column < size {
            weigh(
                BFloat16.self, weights, values + column * 2, valueStride, count, size - column,
                out + column)
        }
    }
#endif
