/// How far a student's distribution q is from its teacher's p.
///
/// KL(a‖b) is `Σ a (ln a - ln b)`; both are softmaxes over the whole vocabulary.
public enum Divergence: Sendable, Equatable {
    /// KL(p‖q) (arXiv:1503.02531): the student covers all that the teacher says.
    case forwardKL
    /// KL(q‖p) (arXiv:2306.08543): the student keeps to what the teacher says most.
    case reverseKL
    /// `β KL(p‖m) + (1 - β) KL(q‖m)` with `m = β p + (1 - β) q` (arXiv:2306.13649).
    case generalizedJSD(beta: Float)
    /// `KL(p‖λ p + (1 - λ) q)` (arXiv:2402.03898).
    case skewForwardKL(lambda: Float)
    /// `KL(q‖λ q + (1 - λ) p)` (arXiv:2402.03898).
    case skewReverseKL(lambda: Float)
    /// `½ Σ |p - q|`; slope 0 where equal.
    case totalVariation
}

/// What a divergence adds up over the vocabulary.
///
/// `f` is the summand and `h` is q times its derivative by q, but for a part that is the same share
/// of q everywhere: the gradient by the student's logits is `(h - q Σ h) / temperature`, in which
/// such a part cancels.
private protocol Summand {
    /// `f` and `h` from `ln p`, `ln q`, p, q.
    func callAsFunction(_ lp: Lanes, _ lq: Lanes, _ p: Lanes, _ q: Lanes) -> (f: Lanes, h: Lanes)
}

private struct ForwardKL: Summand {
    @inline(__always)
    func callAsFunction(_ lp: Lanes, _ lq: Lanes, _ p: Lanes, _ q: Lanes) -> (f: Lanes, h: Lanes) {
        (p * (lp - lq), Lanes.zero - p)
    }
}

private struct ReverseKL: Summand {
    @inline(__always)
    func callAsFunction(_ lp: Lanes, _ lq: Lanes, _ p: Lanes, _ q: Lanes) -> (f: Lanes, h: Lanes) {
        let f = q * (lq - lp)
        return (f, f)
    }
}

/// `ln (a eˣ + b eʸ)`, finite however far apart x and y are.
@inline(__always)
private func logMixture(_ a: Float, _ x: Lanes, _ b: Float, _ y: Lanes) -> Lanes {
    let xIsLarger = x .>= y
    let low = x.smaller(y), high = x.larger(y)
    let ratio = (low - high).exponential()
    let large = Lanes(repeating: b).replacing(with: a, where: xIsLarger)
    let small = Lanes(repeating: a).replacing(with: b, where: xIsLarger)
    return high + (large + small * ratio).logarithm()
}

private struct GeneralizedJSD: Summand {
    let beta: Float

    @inline(__always)
    func callAsFunction(_ lp: Lanes, _ lq: Lanes, _ p: Lanes, _ q: Lanes) -> (f: Lanes, h: Lanes) {
        let lm = logMixture(beta, lp, 1 - beta, lq)
        let h = q * (lq - lm) * (1 - beta)
        return (p * (lp - lm) * beta + h, h)
    }
}

private struct SkewForwardKL: Summand {
    let lambda: Float

    @inline(__always)
    func callAsFunction(_ lp: Lanes, _ lq: Lanes, _ p: Lanes, _ q: Lanes) -> (f: Lanes, h: Lanes) {
        let lm = logMixture(lambda, lp, 1 - lambda, lq)
        return (p * (lp - lm), Lanes.zero - p * (lq - lm).exponential() * (1 - lambda))
    }
}

private struct SkewReverseKL: Summand {
    let lambda: Float

    @inline(__always)
    func callAsFunction(_ lp: Lanes, _ lq: Lanes, _ p: Lanes, _ q: Lanes) -> (f: Lanes, h: Lanes) {
        let lm = logMixture(lambda, lq, 1 - lambda, lp)
        let f = q * (lq - lm)
        return (f, f - q * (lq - lm).exponential() * lambda)
    }
}

private struct TotalVariation: Summand {
    @inline(__always)
    func callAsFunction(_ lp: Lanes, _ lq: Lanes, _ p: Lanes, _ q: Lanes) -> (f: Lanes, h: Lanes) {
        let half = q * 0.5
        let h = Lanes.zero.replacing(with: half, where: q .> p)
            .replacing(with: Lanes.zero - half, where: q .< p)
        let difference = p - q
        return (difference.larger(Lanes.zero - difference) * 0.5, h)
    }
}

extension LogitRow {
    /// How far the row's distribution is from a teacher's.
    ///
    /// - Parameters:
    ///   - teacher: The teacher's logits, as many as the row's; used up.
    ///   - divergence: The measure.
    ///   - temperature: Divides both sides' logits.
    ///   - scale: Factor of the gradient.
    /// - Returns: The divergence, without a factor of temperature². The row's logits are used up.
    public func divergence(
        from teacher: UnsafeMutablePointer<Float>, _ divergence: Divergence, temperature: Float,
        scale: Float
    ) -> Float {
        switch divergence {
        case .forwardKL: compare(teacher, ForwardKL(), temperature, scale)
        case .reverseKL: compare(teacher, ReverseKL(), temperature, scale)
        case .generalizedJSD(let beta):
            compare(teacher, GeneralizedJSD(beta: beta), temperature, scale)
        case .skewForwardKL(let lambda):
            compare(teacher, SkewForwardKL(lambda: lambda), temperature, scale)
        case .skewReverseKL(let lambda):
            compare(teacher, SkewReverseKL(lambda: lambda), temperature, scale)
        case .totalVariation: compare(teacher, TotalVariation(), temperature, scale)
        }
    }

    /// Logits whose probabilities are computed at once, near enough to be read again.
    private static var blockLength: Int { 512 }

    /// Two passes: sums, leaving q and h where the logits were; then the gradient.
    @inline(__always)
    private func compare(
        _ teacher: UnsafeMutablePointer<Float>, _ summand: some Summand, _ temperature: Float,
        _ scale: Float
    ) -> Float {
        let own = logSum(temperature: temperature)
        let other = LogSum(teacher, count, temperature: temperature, level)
        var loss = Lanes.zero, sum = Lanes.zero
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * Self.blockLength) { scratch in
            let p = scratch.baseAddress.unsafelyUnwrapped, q = p + Self.blockLength
            for start in stride(from: 0, to: count, by: Self.blockLength) {
                let length = min(Self.blockLength, count - start)
                let logits = logits + start, teacher = teacher + start
                other.probabilities(teacher, length, into: p, level)
                own.probabilities(logits, length, into: q, level)
                for i in stride(from: 0, to: length, by: 16) {
                    let lp = other.logProbabilities(.logits(teacher, i, length))
                    let lq = own.logProbabilities(.logits(logits, i, length))
                    let q = Lanes.values(q, i, length)
                    let (f, h) = summand(lp, lq, .values(p, i, length), q)
                    loss += f
                    sum += h
                    q.store(logits, i, length)
                    h.store(teacher, i, length)
                }
            }
        }
        if let gradient {
            let mean = sum.sum(), factor = scale * own.inverseTemperature
            for i in stride(from: 0, to: count, by: 16) {
                let h = Lanes.values(teacher, i, count), q = Lanes.values(logits, i, count)
                let slope = (h - q * mean) * factor
                (Lanes.values(gradient, i, count) + slope).store(gradient, i, count)
            }
        }
        return loss.sum()
    }
}
