#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

extension Kernels {
    /// Turns rows of logits into losses and gradients of next-token cross-entropy.
    ///
    /// The largest logit and the log of the sum stay apart: added, they would lose what the loss is
    /// made of where logits are large.
    ///
    /// - Parameters:
    ///   - logits: `[m, vocabulary]`, f32.
    ///   - labels: The right id of every row.
    ///   - scale: Factor of the gradient (one over the step's supervised tokens).
    ///   - losses: `[m]`: `log Σ exp(logits) - logits[label]`, nats.
    ///   - gradient: `scale * (softmax - one hot)`, or nil; its rows may begin where the logits'
    ///     do, and use them up.
    public func crossEntropy(
        _ logits: ActivationRows, labels: [Int32], scale: Float,
        losses: UnsafeMutablePointer<Float>, gradient: ActivationRows?
    ) {
        let level = level
        split(logits.rowCount, grain: 1) { range, _ in
            for row in range {
                let x = logits.floats(row), label = Int(labels[row]), count = logits.columnCount
                let sum = level.logOfSum(x, count, 1)
                losses[row] = sum.top - x[label] + sum.logSum
                guard let gradient else { continue }
                let out = gradient.row(row)
                level.softmax(gradient.isBF16, x, count, 1, sum, scale, out)
                // The label's own entry from the exact value, not from what was rounded.
                let own = expm1f(-losses[row]) * scale
                Portable.put(gradient.isBF16, own, out, label)
                if gradient.isBF16, gradient.stride > count {
                    (out + count * 2).storeBytes(of: 0, as: UInt16.self)
                }
            }
        }
    }
}
