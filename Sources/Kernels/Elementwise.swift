#if arch(x86_64) || arch(arm64)
    import CKernels

    /// Calls `body` with the start and length (16, or less at the end) of each vector of `0 ..< count`.
    @inline(__always)
    func eachVector(_ count: Int, _ body: (_ start: Int, _ valid: Int) -> Void) {
        var i = 0
        while i + 16 <= count {
            body(i, 16)
            i += 16
        }
        if i < count { body(i, count - i) }
    }

    @inline(__always)
    func get<A: Activation>(_: A.Type, _ base: UnsafeRawPointer, _ i: Int, _ valid: Int) -> Floats {
        valid == 16 ? A.load(base + i * A.bytes) : A.load(base + i * A.bytes, first: valid)
    }

    @inline(__always)
    func put<A: Activation>(
        _: A.Type, _ value: Floats, _ base: UnsafeMutableRawPointer, _ i: Int, _ valid: Int
    ) {
        valid == 16
            ? A.store(value, base + i * A.bytes) : A.store(value, base + i * A.bytes, first: valid)
    }

    @inline(__always)
    private func convert<A: Activation, B: Activation>(
        _: A.Type, _: B.Type, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer,
        _ count: Int
    ) {
        eachVector(count) { i, valid in put(B.self, get(A.self, source, i, valid), target, i, valid)
        }
    }

    /// f32 to bf16, rounded to nearest even.
    public func narrow(
        _ source: UnsafePointer<Float>, _ target: UnsafeMutableRawPointer, _ count: Int
    ) {
        convert(Float32.self, BFloat16.self, source, target, count)
    }

    /// bf16 to f32.
    public func widen(
        _ source: UnsafeRawPointer, _ target: UnsafeMutablePointer<Float>, _ count: Int
    ) {
        convert(BFloat16.self, Float32.self, source, target, count)
    }

    /// `y += scale * x`.
    public func addScaled(
        _ scale: Float, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int
    ) {
        let s = Floats(repeating: scale)
        eachVector(count) { i, valid in
            put(
                Float32.self,
                rk_fma(get(Float32.self, x, i, valid), s, get(Float32.self, y, i, valid)), y, i,
                valid)
        }
    }

    /// Sum of squares in four running sums of f32.
    public func sumOfSquares(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
        var sum = Floats.zero
        eachVector(count) { i, valid in
            let v = get(Float32.self, x, i, valid)
            sum = rk_fma(v, v, sum)
        }
        return rk_sum(sum)
    }

    @inline(__always)
    private func rmsNorm<A: Activation>(
        _: A.Type, _ x: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, _ epsilon: Float,
        _ out: UnsafeMutableRawPointer, _ count: Int
    ) -> Float {
        let inverse = 1 / (sumOfSquares(x, count) / Float(count) + epsilon).squareRoot()
        let scale = Floats(repeating: inverse)
        eachVector(count) { i, valid in
            put(
                A.self,
                get(Float32.self, x, i, valid) * scale * get(Float32.self, weight, i, valid),
                out, i, valid)
        }
        return inverse
    }

    /// One row of RMS norm, `x / sqrt(mean(x²) + epsilon) * weight`; returns the factor of x.
    public func rmsNorm(
        bf16: Bool, _ x: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, _ epsilon: Float,
        _ out: UnsafeMutableRawPointer, _ count: Int
    ) -> Float {
        bf16
            ? rmsNorm(BFloat16.self, x, weight, epsilon, out, count)
            : rmsNorm(Float32.self, x, weight, epsilon, out, count)
    }

    /// Adds one row's gradient of RMS norm to `dx`.
    public func rmsNormBackward(
        _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ weight: UnsafePointer<Float>,
        _ inverse: Float, _ dx: UnsafeMutablePointer<Float>, _ count: Int
    ) {
        var sum = Floats.zero
        eachVector(count) { i, valid in
            let g = get(Float32.self, dy, i, valid) * get(Float32.self, weight, i, valid)
            sum = rk_fma(g, get(Float32.self, x, i, valid), sum)
        }
        let scale = Floats(repeating: inverse)
        let mean = Floats(repeating: -rk_sum(sum) / Float(count) * inverse * inverse * inverse)
        eachVector(count) { i, valid in
            let g = get(Float32.self, dy, i, valid) * get(Float32.self, weight, i, valid)
            let own = rk_fma(get(Float32.self, x, i, valid), mean, get(Float32.self, dx, i, valid))
            put(Float32.self, rk_fma(g, scale, own), dx, i, valid)
        }
    }

    @inline(__always) private func sigmoid(_ x: Floats) -> Floats {
        1 / (1 + exponential(-x))
    }

    @inline(__always)
    private func gatedSiLU<A: Activation>(
        _: A.Type, _ gate: UnsafeRawPointer, _ up: UnsafeRawPointer,
        _ out: UnsafeMutableRawPointer, _ count: Int
    ) {
        eachVector(count) { i, valid in
            let g = get(A.self, gate, i, valid)
            put(A.self, g * sigmoid(g) * get(A.self, up, i, valid), out, i, valid)
        }
    }

    /// `silu(gate) * up`.
    public func gatedSiLU(
        bf16: Bool, _ gate: UnsafeRawPointer, _ up: UnsafeRawPointer,
        _ out: UnsafeMutableRawPointer, _ count: Int
    ) {
        bf16
            ? gatedSiLU(BFloat16.self, gate, up, out, count)
            : gatedSiLU(Float32.self, gate, up, out, count)
    }

    @inline(__always)
    private func gatedSiLUBackward<A: Activation, D: Activation>(
        _: A.Type, _: D.Type, _ dy: UnsafeRawPointer, _ gate: UnsafeRawPointer,
        _ up: UnsafeRawPointer,
        _ dgate: UnsafeMutableRawPointer, _ dup: UnsafeMutableRawPointer, _ count: Int
    ) {
        eachVector(count) { i, valid in
            let g = get(A.self, gate, i, valid), d = get(D.self, dy, i, valid)
            let s = sigmoid(g)
            let silu = g * s
            put(A.self, d * silu, dup, i, valid)
            put(
                A.self, d * get(A.self, up, i, valid) * rk_fma(silu, 1 - s, s), dgate, i, valid)
        }
    }

    /// Gradients of ``gatedSiLU``, stored; dy is f32, or bf16 as the rest.
    public func gatedSiLUBackward(
        bf16: Bool, dyBF16: Bool, _ dy: UnsafeRawPointer, _ gate: UnsafeRawPointer,
        _ up: UnsafeRawPointer, _ dgate: UnsafeMutableRawPointer, _ dup: UnsafeMutableRawPointer,
        _ count: Int
    ) {
        if !bf16 {
            gatedSiLUBackward(Float32.self, Float32.self, dy, gate, up, dgate, dup, count)
        } else if dyBF16 {
            gatedSiLUBackward(BFloat16.self, BFloat16.self, dy, gate, up, dgate, dup, count)
        } else {
            gatedSiLUBackward(BFloat16.self, Float32.self, dy, gate, up, dgate, dup, count)
        }
    }

    @inline(__always)
    private func rotate<A: Activation>(
        _: A.Type, _ x: UnsafeRawPointer, _ cosine: UnsafePointer<Float>,
        _ sine: UnsafePointer<Float>, _ sign: Float, _ half: Int, _ out: UnsafeMutableRawPointer
    ) {
        let s = Floats(repeating: sign)
        eachVector(half) { i, valid in
            let c = get(Float32.self, cosine, i, valid)
            let n = get(Float32.self, sine, i, valid) * s
            let a = get(A.self, x, i, valid), b = get(A.self, x + half * A.bytes, i, valid)
            put(A.self, a * c - b * n, out, i, valid)
            put(A.self, rk_fma(a, n, b * c), out + half * A.bytes, i, valid)
        }
    }

    /// Rotates one head's pairs (i, i + half) by angles whose cosines and sines are given.
    ///
    /// A sign of -1 turns back. `out` may be `x`.
    public func rotate(
        bf16: Bool, _ x: UnsafeRawPointer, _ cosine: UnsafePointer<Float>,
        _ sine: UnsafePointer<Float>, _ sign: Float, _ half: Int, _ out: UnsafeMutableRawPointer
    ) {
        bf16
            ? rotate(BFloat16.self, x, cosine, sine, sign, half, out)
            : rotate(Float32.self, x, cosine, sine, sign, half, out)
    }

    /// One AdamW step (arXiv:1711.05101) for `count` parameters.
    public func adamW(
        _ p: UnsafeMutablePointer<Float>, _ m: UnsafeMutablePointer<Float>,
        _ v: UnsafeMutablePointer<Float>, _ gradient: UnsafePointer<Float>, _ gradientScale: Float,
        _ beta1: Float, _ beta2: Float, _ keep: Float, _ rate: Float, _ correction2: Float,
        _ epsilon: Float, _ count: Int
    ) {
        let scale = Floats(repeating: gradientScale)
        let b1 = Floats(repeating: beta1), c1 = Floats(repeating: 1 - beta1)
        let b2 = Floats(repeating: beta2), c2 = Floats(repeating: 1 - beta2)
        let kept = Floats(repeating: keep), step = Floats(repeating: rate)
        let root = Floats(repeating: correction2), eps = Floats(repeating: epsilon)
        eachVector(count) { i, valid in
            let g = get(Float32.self, gradient, i, valid) * scale
            let first = rk_fma(get(Float32.self, m, i, valid), b1, g * c1)
            let second = rk_fma(get(Float32.self, v, i, valid), b2, g * g * c2)
            put(Float32.self, first, m, i, valid)
            put(Float32.self, second, v, i, valid)
            let change = step * first / (rk_sqrt(second) * root + eps)
            put(Float32.self, get(Float32.self, p, i, valid) * kept - change, p, i, valid)
        }
    }

    @inline(__always)
    private func dot<A: Activation>(
        _: A.Type, _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ count: Int
    ) -> Float {
        var sum = Floats.zero
        eachVector(count) { i, valid in
            sum = rk_fma(get(A.self, a, i, valid), get(A.self, b, i, valid), sum)
        }
        return rk_sum(sum)
    }

    /// `Σ a b`, summed in f32.
    public func dot(bf16: Bool, _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ count: Int) -> Float
    {
        bf16 ? dot(BFloat16.self, a, b, count) : dot(Float32.self, a, b, count)
    }
#endif
