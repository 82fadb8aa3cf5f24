// Update rules of optimizers, elementwise, shared out over the threads.

extension Kernels {
    /// One AdamW step with decoupled decay (arXiv:1711.05101).
    ///
    /// The arguments:
    /// - keep: `1 - rate * decay`.
    /// - rate: Rate divided by the first moment's bias correction.
    /// - correction: One over the root of the second moment's bias correction.
    public func adamW(
        _ p: UnsafeMutablePointer<Float>, first m: UnsafeMutablePointer<Float>,
        second v: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        gradientScale: Float, betas: (Float, Float), keep: Float, rate: Float, correction: Float,
        epsilon: Float, count: Int
    ) {
        let level = level
        splitVectors(count) { range in
            let i = range.lowerBound
            level.adamW(
                p + i, m + i, v + i, gradient + i, gradientScale, betas.0, betas.1, keep, rate,
                correction, epsilon, range.count)
        }
    }

    /// One step of SGD with momentum, in PyTorch's form.
    public func sgd(
        _ p: UnsafeMutablePointer<Float>, momentum b: UnsafeMutablePointer<Float>,
        gradient: UnsafePointer<Float>, gradientScale: Float, rate: Float, decay: Float,
        factor: Float, nesterov: Bool, count: Int
    ) {
        splitVectors(count) { range in
            for i in range {
                let g = gradient[i] * gradientScale + decay * p[i]
                b[i] = factor * b[i] + g
                p[i] -= rate * (nesterov ? g + factor * b[i] : b[i])
            }
        }
    }
}
