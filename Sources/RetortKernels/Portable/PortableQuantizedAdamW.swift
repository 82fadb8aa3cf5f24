extension Portable {
    /// Small floats from 0 to 1.875: three bits of mantissa, the largest exponent that of 1, even
    /// steps from zero to the smallest normal number.
    private struct SmallFloat {
        let smallestNormal: Float

        func decode(_ code: UInt32) -> Float {
            let normal = Float(bitPattern: code << 20 &+ (smallestNormal / 2).bitPattern)
            return min(normal, 2 * normal - smallestNormal)
        }

        /// Rounds up with the probability of what rounding down would lose.
        func encode(_ value: Float, random: UInt32) -> UInt32 {
            let half = smallestNormal / 2
            let normal = value < smallestNormal ? half.addingProduct(value, 0.5) : value
            return (normal.bitPattern &- half.bitPattern &+ random) >> 20
        }
    }

    /// A random word for a place: of a sequence that meets all words before it repeats one.
    private static func randomWord(_ place: UInt32, _ key1: UInt32, _ key2: UInt32) -> UInt32 {
        let member = place &* 0x9e37_79b9 &+ key1
        return (member ^ member >> 15 ^ key2) &* 0x85eb_ca6b
    }

    /// The smallest power of two that the largest value is at most 1.875 times, and its inverse.
    private static func scale(_ largest: Float) -> (scale: Float, inverse: Float) {
        let bits = (largest.bitPattern &+ 0xf_ffff) & 0x7f80_0000
        return (Float(bitPattern: bits), Float(bitPattern: 0x7f00_0000 &- bits))
    }

    // Fused as on the other levels, so that all give the same bits.
    static func adamW8Bit(
        _ p: UnsafeMutablePointer<Float>, _ m: UnsafeMutablePointer<UInt8>,
        _ mScales: UnsafeMutablePointer<Float>, _ v: UnsafeMutablePointer<UInt8>,
        _ vScales: UnsafeMutablePointer<Float>, _ gradient: UnsafePointer<Float>,
        _ gradientScale: Float, _ beta1: Float, _ beta2: Float, _ keep: Float, _ rate: Float,
        _ correction2: Float, _ epsilon: Float, _ index: UInt32, _ key1: UInt32, _ key2: UInt32,
        _ count: Int
    ) {
        let firstCode = SmallFloat(smallestNormal: 0x1p-14)
        let secondCode = SmallFloat(smallestNormal: 0x1p-30)
        var firsts = [Float](repeating: 0, count: 256), seconds = firsts
        for block in 0..<(count + 255) / 256 {
            let start = block * 256, end = min(count, start + 256)
            var mLargest: Float = 0, vLargest: Float = 0
            for i in start..<end {
                let size = firstCode.decode(UInt32(m[i] & 127)) * mScales[block]
                let g = gradient[i] * gradientScale
                let first = (g * (1 - beta1)).addingProduct(m[i] < 128 ? size : -size, beta1)
                let second = (g * g * (1 - beta2))
                    .addingProduct(secondCode.decode(UInt32(v[i])) * vScales[block], beta2)
                firsts[i - start] = first
                seconds[i - start] = second
                mLargest = max(mLargest, first.magnitude)
                vLargest = max(vLargest, second)
                let change =
                    rate * first / epsilon.addingProduct(second.squareRoot(), correction2)
                p[i] = (-change).addingProduct(p[i], keep)
            }
            let (mNew, mInverse) = scale(mLargest), (vNew, vInverse) = scale(vLargest)
            mScales[block] = mNew
            vScales[block] = vNew
            for i in start..<end {
                let place = index &+ UInt32(truncatingIfNeeded: i)
                let random = randomWord(place, key1, key2), first = firsts[i - start]
                let code = firstCode.encode(first.magnitude * mInverse, random: random & 0xf_ffff)
                let sign = (first.bitPattern & 0x8000_0000) >> 24
                m[i] = UInt8(truncatingIfNeeded: code | sign)
                // Never below code 1, so that nothing is divided by the root of less.
                let second = max(seconds[i - start] * vInverse, 0x1p-33)
                v[i] = UInt8(
                    truncatingIfNeeded: secondCode.encode(second, random: random >> 12))
            }
        }
    }
}
