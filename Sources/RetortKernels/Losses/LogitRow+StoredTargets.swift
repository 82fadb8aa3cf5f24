#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// How a student meets the most probable tokens of a teacher that were stored.
public enum TopKForm: Sendable, Equatable {
    /// KL over the k tokens and one bucket for all others, at temperature 1: nothing is dropped.
    case tail
    /// The teacher is renormalized over the k tokens; the student keeps its whole vocabulary.
    case renormalized
    /// Both are renormalized over the k tokens.
    case renormalizedBoth
}

extension LogitRow {
    /// How far the row's distribution is from the stored top of a teacher's.
    ///
    /// - Parameters:
    ///   - ids: The teacher's most probable tokens, each once and within the row.
    ///   - logProbabilities: Theirs, at temperature 1.
    ///   - tailMass: Probability of all other tokens together; for ``TopKForm/tail``.
    ///   - form: What is done about those others.
    ///   - temperature: Divides both sides; 1 for ``TopKForm/tail``.
    ///   - scale: Factor of the gradient.
    /// - Returns: The divergence. The row's logits are used up.
    public func topK(
        ids: UnsafeBufferPointer<Int32>, logProbabilities: UnsafeBufferPointer<Float>,
        tailMass: Float, form: TopKForm, temperature: Float, scale: Float
    ) -> Float {
        switch form {
        case .tail: topKWithTail(ids, logProbabilities, tailMass, scale)
        case .renormalized, .renormalizedBoth:
            topKRenormalized(
                ids, logProbabilities, restrictsStudent: form == .renormalizedBoth, temperature,
                scale)
        }
    }

    private func topKWithTail(
        _ ids: UnsafeBufferPointer<Int32>, _ logProbabilities: UnsafeBufferPointer<Float>,
        _ tailMass: Float, _ scale: Float
    ) -> Float {
        let own = logSum
        let hasTail = tailMass > 0 && ids.count < count
        var loss: Float = 0, mass = hasTail ? tailMass : 0
        for (id, logProbability) in zip(ids, logProbabilities) {
            let p = expf(logProbability)
            mass += p
            // A probability too small for f32 counts as none: 0 ln 0 = 0.
            if p > 0 { loss += p * (logProbability - own.logProbability(logits[Int(id)])) }
        }
        // The sum over the other tokens is taken itself: 1 minus the k would lose all digits.
        let kept = UnsafeMutableBufferPointer<Float>.allocate(capacity: ids.count)
        defer { kept.deallocate() }
        for (place, id) in ids.enumerated() {
            kept[place] = logits[Int(id)]
            logits[Int(id)] = -1e30
        }
        let rest = logSum(temperature: 1)
        let restLogProbability =
            (rest.top - own.top) + rest.logSum - own.logSum
        if hasTail { loss += tailMass * (logf(tailMass) - restLogProbability) }
        guard let gradient else { return loss }
        // Of a token outside: q Σp - p_tail q / q_tail, which is its share q / q_tail within the tail
        // times q_tail Σp - p_tail.
        let slope = expf(restLogProbability) * mass - (hasTail ? tailMass : 0)
        push(rest, slope * scale, gradient)
        for (place, id) in ids.enumerated() {
            let q = expf(own.logProbability(kept[place]))
            gradient[Int(id)] += (q * mass - expf(logProbabilities[place])) * scale
        }
        return loss
    }

    private func topKRenormalized(
        _ ids: UnsafeBufferPointer<Int32>, _ logProbabilities: UnsafeBufferPointer<Float>,
        restrictsStudent: Bool, _ temperature: Float, _ scale: Float
    ) -> Float {
        if restrictsStudent {
            let chosen = UnsafeMutableBufferPointer<Float>.allocate(capacity: ids.count)
            defer { chosen.deallocate() }
            for (place, id) in ids.enumerated() { chosen[place] = logits[Int(id)] }
            let own = LogSum(
                chosen.baseAddress.unsafelyUnwrapped, ids.count, temperature: temperature, level)
            return pull(ids, logProbabilities, own, temperature, scale, pushesChosenOnly: true)
        }
        let own = logSum(temperature: temperature)
        return pull(ids, logProbabilities, own, temperature, scale, pushesChosenOnly: false)
    }

    /// KL of the renormalized teacher to the student; gradient `(q - p) / temperature`.
    private func pull(
        _ ids: UnsafeBufferPointer<Int32>, _ logProbabilities: UnsafeBufferPointer<Float>,
        _ own: LogSum, _ temperature: Float, _ scale: Float, pushesChosenOnly: Bool
    ) -> Float {
        let other = LogSum(
            logProbabilities.baseAddress.unsafelyUnwrapped, ids.count, temperature: temperature,
            level)
        let factor = scale * own.inverseTemperature
        if let gradient, !pushesChosenOnly { push(own, factor, gradient) }
        var loss: Float = 0
        for (id, stored) in zip(ids, logProbabilities) {
            let lp = other.logProbability(stored), lq = own.logProbability(logits[Int(id)])
            let p = expf(lp)
            loss += p * (lp - lq)
            gradient?[Int(id)] += ((pushesChosenOnly ? expf(lq) : 0) - p) * factor
        }
        return loss
    }

    /// Cross-entropy with weighted draws from a teacher's distribution (arXiv:2503.16870).
    ///
    /// - Parameters:
    ///   - ids: The tokens drawn, within the row; repeats add up.
    ///   - weights: Their weights, `p / (draws * proposal)`, taken as they are.
    ///   - scale: Factor of the gradient.
    /// - Returns: `-Σ weight ln q`; the teacher's entropy, a constant, is left out.
    public func sampled(
        ids: UnsafeBufferPointer<Int32>, weights: UnsafeBufferPointer<Float>, scale: Float
    ) -> Float {
        let own = logSum
        if let gradient { push(own, weights.reduce(0, +) * scale, gradient) }
        var loss: Float = 0
        for (id, weight) in zip(ids, weights) {
            loss -= weight * own.logProbability(logits[Int(id)])
            gradient?[Int(id)] -= weight * scale
        }
        return loss
    }
}
