#if arch(x86_64) || arch(arm64)
    import CKernels

    @inline(__always)
    private func largest(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
        var top = Floats(repeating: -.infinity)
        var i = 0
        while i + 16 <= count {
            top = rk_max(top, load(x + i))
            i += 16
        }
        var result = rk_largest(top)
        while i < count {
            result = max(result, x[i])
            i += 1
        }
        return result
    }

    /// Sum of `exp(scale * (x - top))`, kept in place when asked.
    @inline(__always)
    private func exponentials(
        _ x: UnsafeMutablePointer<Float>, _ count: Int, _ top: Float, _ scale: Float, _ keep: Bool
    ) -> Float {
        let t = Floats(repeating: top), s = Floats(repeating: scale)
        var sum = Floats.zero
        var i = 0
        while i + 16 <= count {
            let e = exponential((load(x + i) - t) * s)
            sum += e
            if keep { store(e, x + i) }
            i += 16
        }
        var result = rk_sum(sum)
        if i < count {
            let valid = count - i
            let e = exponential((get(Float32.self, x + i, 0, valid) - t) * s)
            for lane in 0..<valid {
                result += e[lane]
                if keep { x[i + lane] = e[lane] }
            }
        }
        return result
    }

    /// The largest value of a row, and `log Σ exp(x - largest)`.
    public func logSumExp(_ x: UnsafeMutablePointer<Float>, _ count: Int) -> rk_log_sum {
        let top = largest(x, count)
        if !top.isFinite { return rk_log_sum(top: top, logSum: 0) }
        return rk_log_sum(top: top, logSum: rk_log(exponentials(x, count, top, 1, false)))
    }

    @inline(__always)
    private func softmaxScaled<A: Activation>(
        _: A.Type, _ x: UnsafePointer<Float>, _ count: Int, _ top: Float, _ logSum: Float,
        _ scale: Float, _ out: UnsafeMutableRawPointer
    ) {
        let t = Floats(repeating: top), l = Floats(repeating: logSum), s = Floats(repeating: scale)
        eachVector(count) { i, valid in
            put(A.self, exponential(get(Float32.self, x, i, valid) - t - l) * s, out, i, valid)
        }
    }

    /// `scale * exp(x - top - logSum)`: a row of the cross-entropy's gradient, but for the label's own
    /// entry.
    public func softmaxScaled(
        bf16: Bool, _ x: UnsafePointer<Float>, _ count: Int, _ top: Float, _ logSum: Float,
        _ scale: Float, _ out: UnsafeMutableRawPointer
    ) {
        bf16
            ? softmaxScaled(BFloat16.self, x, count, top, logSum, scale, out)
            : softmaxScaled(Float32.self, x, count, top, logSum, scale, out)
    }

    @inline(__always)
    private func fill<A: Activation>(
        _: A.Type, _ out: UnsafeMutableRawPointer, _ range: Range<Int>
    ) {
        for i in range { A.store(.zero, out + i * A.bytes, first: 1) }
    }

    @inline(__always)
    private func attentionRow<A: Activation>(
        _: A.Type, _ scores: UnsafeMutablePointer<Float>, _ low: Int, _ high: Int, _ end: Int,
        _ scale: Float, _ out: UnsafeMutableRawPointer
    ) -> Float {
        let row = scores + low, count = high - low
        let top = largest(row, count)
        let sum = exponentials(row, count, top, scale, true)
        let inverse = Floats(repeating: 1 / sum)
        eachVector(count) { i, valid in
            put(
                A.self, get(Float32.self, row, i, valid) * inverse, out + low * A.bytes, i, valid)
        }
        fill(A.self, out, 0..<low)
        fill(A.self, out, high..<end)
        return top * scale + rk_log(sum)
    }

    /// Attention weights of one query.
    ///
    /// Softmax of `scale * scores` over keys `low ..< high`, zero in the rest of `0 ..< end`. Returns the log of the sum of exponentials; `scores` is used up.
    public func attentionRow(
        bf16: Bool, _ scores: UnsafeMutablePointer<Float>, _ low: Int, _ high: Int, _ end: Int,
        _ scale: Float, _ out: UnsafeMutableRawPointer
    ) -> Float {
        bf16
            ? attentionRow(BFloat16.self, scores, low, high, end, scale, out)
            : attentionRow(Float32.self, scores, low, high, end, scale, out)
    }

    /// Backward of one query: `scores` become the weights p, and `dp` (gradient of the weights) becomes
    /// the gradient of the scores, `scale * p * (dp - Σ p dp)`; both zero outside `low ..< high`.
    public func attentionRowBackward(
        _ scores: UnsafeMutablePointer<Float>, _ dp: UnsafeMutablePointer<Float>, _ low: Int,
        _ high: Int, _ end: Int, _ scale: Float, _ logSum: Float
    ) {
        let row = scores + low, gradient = dp + low, count = high - low
        let l = Floats(repeating: logSum), s = Floats(repeating: scale)
        var sum = Floats.zero
        eachVector(count) { i, valid in
            let p = exponential(get(Float32.self, row, i, valid) * s - l)
            put(Float32.self, p, row, i, valid)
            // Read again: lanes behind the end of a short vector must be zero.
            sum = rk_fma(
                get(Float32.self, row, i, valid), get(Float32.self, gradient, i, valid), sum)
        }
        let mean = Floats(repeating: rk_sum(sum))
        eachVector(count) { i, valid in
            let p = get(Float32.self, row, i, valid)
            let d = (get(Float32.self, gradient, i, valid) - mean) * p * s
            put(Float32.self, d, gradient, i, valid)
        }
        for i in 0..<low { scores[i] = 0 }
        for i in 0..<low { dp[i] = 0 }
        for i in high..<end { scores[i] = 0 }
        for i in high..<end { dp[i] = 0 }
    }
#endif
