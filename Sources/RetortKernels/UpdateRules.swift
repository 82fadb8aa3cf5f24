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

    /// One AdamW step whose moments are stored in 8 bits, in blocks of 256 values with a scale each
    /// (blocks: arXiv:2110.02861).
    ///
    /// A code is a small float times its block's scale, a power of two: for the first moment sign,
    /// four bits of exponent and three of mantissa, 1.875 down to 2^-17 and 0; for the second five
    /// and three bits, 1.875 down to 2^-33, its least. The parameters see the moments as they are
    /// computed, before they are rounded. They are rounded up or down at random, right in expectation:
    /// the second moment moves by a thousandth of itself in a step and codes are a tenth apart, so
    /// that it would never move if it was rounded to the nearest. The bits depend on nothing but the
    /// arguments.
    ///
    /// The arguments:
    /// - m: Codes and scales of the first moment; v likewise of the second.
    /// - keep, rate, correction: As for ``adamW(_:first:second:gradient:gradientScale:betas:keep:rate:correction:epsilon:count:)``.
    /// - key: Of the random numbers: another one for every update of every tensor.
    public func adamW8Bit(
        _ p: UnsafeMutablePointer<Float>, first m: QuantizedMoment, second v: QuantizedMoment,
        gradient: UnsafePointer<Float>, gradientScale: Float, betas: (Float, Float), keep: Float,
        rate: Float, correction: Float, epsilon: Float, key: PhiloxKey, count: Int
    ) {
        let level = level, size = QuantizedMoment.blockSize, keys = key.block(0, 0)
        split(QuantizedMoment.blockCount(count), grain: 32) { blocks, _ in
            let i = blocks.lowerBound * size
            level.adamW8Bit(
                p + i, m.codes + i, m.scales + blocks.lowerBound, v.codes + i,
                v.scales + blocks.lowerBound, gradient + i, gradientScale, betas.0, betas.1, keep,
                rate, correction, epsilon, UInt32(truncatingIfNeeded: i), keys[0], keys[1],
                min(count, blocks.upperBound * size) - i)
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

/// A moment of AdamW in 8 bits: a code per value, a scale per block of 256.
public struct QuantizedMoment {
    /// Values in a block; the last one may have fewer.
    public static let blockSize = 256
    /// The codes.
    public let codes: UnsafeMutablePointer<UInt8>
    /// The scales.
    public let scales: UnsafeMutablePointer<Float>

    /// Memory for the moments of some parameters.
    public init(codes: UnsafeMutablePointer<UInt8>, scales: UnsafeMutablePointer<Float>) {
        self.codes = codes
        self.scales = scales
    }

    /// Blocks of `count` values.
    public static func blockCount(_ count: Int) -> Int { (count + blockSize - 1) / blockSize }
}
