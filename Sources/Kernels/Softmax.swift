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

    /// The largest value of a row, and `log Σ exp(scale * (x - largest))`.
    public func logSumExp(
        _ x: UnsafePointer<Float>, _ count: Int, _ scale: Float
    ) -> rk_log_sum {
        let top = largest(x, count)
        if !top.isFinite { return rk_log_sum(top: top, logSum: 0) }
        let sum = exponentials(UnsafeMutablePointer(mutating: x), count, top, scale, false)
        return rk_log_sum(top: top, logSum: rk_log(sum))
    }

    /// Probabilities of sixteen values of a row times a factor.
    private struct Probabilities {
        let scale, top, logSum, factor: Floats

        @inline(__always)
        init(_ scale: Float, _ sum: rk_log_sum, _ factor: Float) {
            self.scale = Floats(repeating: scale)
            top = Floats(repeating: sum.top)
            logSum = Floats(repeating: sum.logSum)
            self.factor = Floats(repeating: factor)
        }

        @inline(__always)
        func callAsFunction(_ x: Floats) -> Floats {
            exponential((x - top) * scale - logSum) * factor
        }
    }

    @inline(__always)
    private func softmax<A: Activation>(
        _: A.Type, _ x: UnsafePointer<Float>, _ count: Int, _ probabilities: Probabilities,
        _ out: UnsafeMutableRawPointer
    ) {
        eachVector(count) { i, valid in
            put(A.self, probabilities(get(Float32.self, x, i, valid)), out, i, valid)
        }
    }

    /// `factor * exp(scale * (x - top) - logSum)`: a row of the cross-entropy's gradient, but for the
    /// label's own entry.
    ///
    /// The result may begin where x begins: it is as long as x at most, and follows behind what was
    /// read.
    public func softmax(
        bf16: Bool, _ x: UnsafePointer<Float>, _ count: Int, _ scale: Float, _ sum: rk_log_sum,
        _ factor: Float, _ out: UnsafeMutableRawPointer
    ) {
        let probabilities = Probabilities(scale, sum, factor)
        bf16
            ? softmax(BFloat16.self, x, count, probabilities, out)
            : softmax(Float32.self, x, count, probabilities, out)
    }

    /// The same, added to f32.
    public func addSoftmax(
        _ x: UnsafePointer<Float>, _ count: Int, _ scale: Float, _ sum: rk_log_sum,
        _ factor: Float, _ out: UnsafeMutablePointer<Float>
    ) {
        let probabilities = Probabilities(scale, sum, factor)
        eachVector(count) { i, valid in
            let share = probabilities(get(Float32.self, x, i, valid))
            put(Float32.self, get(Float32.self, out, i, valid) + share, out, i, valid)
        }
    }

    /// Attention weights of one query: the softmax of `scale * scores`, in place.
    ///
    /// Returns the logarithm of the sum of exponentials.
    func attentionRow(
        _ scores: UnsafeMutablePointer<Float>, _ count: Int, _ scale: Float
    ) -> Float {
        let top = largest(scores, count)
        let sum = exponentials(scores, count, top, scale, true)
        let inverse = Floats(repeating: 1 / sum)
        eachVector(count) { i, valid in
            put(Float32.self, get(Float32.self, scores, i, valid) * inverse, scores, i, valid)
        }
        return top * scale + rk_log(sum)
    }
#endif
