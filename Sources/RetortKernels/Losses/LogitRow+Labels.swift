#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

extension LogitRow {
    /// Cross-entropy with the right token, nats.
    ///
    /// - Parameters:
    ///   - label: The right token.
    ///   - smoothing: Share ε of the target that is spread evenly over the whole vocabulary, the
    ///     right token included.
    ///   - scale: Factor of the gradient.
    /// - Returns: `-Σ c ln softmax`, `c = (1 - ε) one hot + ε / vocabulary`.
    public func crossEntropy(label: Int, smoothing: Float = 0, scale: Float) -> Float {
        let own = logSum
        let loss = -own.logProbability(logits[label])
        let even = smoothing / Float(count)
        if let gradient {
            // The label's own entry from the exact value, not from a difference of large ones.
            let kept = gradient[label]
            push(own, scale, gradient)
            if even > 0 {
                for i in 0..<count { gradient[i] -= even * scale }
            }
            gradient[label] = kept + (expm1f(-loss) + smoothing - even) * scale
        }
        guard smoothing > 0 else { return loss }
        // Differences from the largest; what stands behind the row's end counts as that one.
        var sum = Lanes.zero
        for i in stride(from: 0, to: count, by: 16) {
            sum += Lanes.values(logits, i, count, beyond: own.top) - own.top
        }
        let logProbabilities = sum.sum() - Float(count) * own.logSum
        return (1 - smoothing) * loss - even * logProbabilities
    }

    /// The square of the log of the sum of exponentials, which keeps logits from drifting
    /// (z-loss, arXiv:2204.02311).
    ///
    /// - Parameters:
    ///   - coefficient: Factor of the square.
    ///   - scale: Factor of the gradient beside it.
    /// - Returns: `coefficient * (ln Σ exp(logit))²`.
    public func squaredLogSum(coefficient: Float, scale: Float) -> Float {
        let own = logSum, whole = own.top + own.logSum
        if let gradient { push(own, 2 * coefficient * whole * scale, gradient) }
        return coefficient * whole * whole
    }
}
