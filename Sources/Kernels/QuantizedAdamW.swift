#if arch(x86_64) || arch(arm64)
    import CKernels

    /// The bits of sixteen f32, or sixteen codes.
    private typealias Bits = SIMD16<UInt32>

    @inline(__always) private func bits(_ value: Floats) -> Bits {
        unsafeBitCast(value, to: Bits.self)
    }

    @inline(__always) private func floats(_ value: Bits) -> Floats {
        unsafeBitCast(value, to: Floats.self)
    }

    @inline(__always)
    private func get(_ base: UnsafePointer<UInt8>, _ i: Int, _ valid: Int) -> Bits {
        unsafeBitCast(
            valid == 16
                ? rk_load_bytes(base + i)
                : rk_load_first_bytes(base + i, Int32(truncatingIfNeeded: valid)),
            to: Bits.self)
    }

    @inline(__always)
    private func put(
        _ codes: Bits, _ base: UnsafeMutablePointer<UInt8>, _ i: Int, _ valid: Int
    ) {
        let words = unsafeBitCast(codes, to: Words.self)
        valid == 16
            ? rk_store_as_bytes(base + i, words)
            : rk_store_first_as_bytes(base + i, words, Int32(truncatingIfNeeded: valid))
    }

    /// Small floats from 0 to 1.875: three bits of mantissa, the largest exponent that of 1.
    ///
    /// From the smallest normal number on, a code is the upper bits of the f32, counted from those of
    /// half that number. Below it the steps are even down to zero, which is code 0.
    private struct SmallFloat {
        private let smallestNormal: Floats
        private let half: Floats

        @inline(__always) init(smallestNormal: Float) {
            self.smallestNormal = Floats(repeating: smallestNormal)
            half = Floats(repeating: smallestNormal / 2)
        }

        @inline(__always) func decode(_ code: Bits) -> Floats {
            let normal = floats((code &<< 20) &+ bits(half))
            return rk_min(normal, rk_fma(normal, Floats(repeating: 2), -smallestNormal))
        }

        /// An f32 whose upper twelve bits are the code and those of half the smallest normal number.
        ///
        /// Rounds up with the probability of what rounding down would lose.
        @inline(__always) func encode(_ value: Floats, random: Bits) -> Bits {
            bits(rk_max(value, rk_fma(value, Floats(repeating: 0.5), half))) &+ random
        }
    }

    @inline(__always) private func magnitude(_ value: Floats) -> Floats {
        floats(bits(value) & Bits(repeating: 0x7fff_ffff))
    }

    /// Steps of a sequence that meets all words before it repeats one (the golden ratio's).
    private var weyl: UInt32 { 0x9e37_79b9 }

    /// Random words for sixteen members of such a sequence.
    @inline(__always)
    private func randomWords(_ members: Bits, _ key: Bits) -> Bits {
        (members ^ (members &>> 15) ^ key) &* Bits(repeating: 0x85eb_ca6b)
    }

    /// The smallest power of two that the largest value is at most 1.875 times, and its inverse.
    @inline(__always)
    private func scale(_ largest: Float) -> (scale: Float, inverse: Float) {
        let bits = (largest.bitPattern &+ 0xf_ffff) & 0x7f80_0000
        return (Float(bitPattern: bits), Float(bitPattern: 0x7f00_0000 &- bits))
    }

    /// Where the values of a block are.
    private struct Block {
        let p: UnsafeMutablePointer<Float>
        let m, v: UnsafeMutablePointer<UInt8>
        let mScale, vScale: UnsafeMutablePointer<Float>
        let gradient: UnsafePointer<Float>
        let firsts, seconds: UnsafeMutableRawPointer
        /// What the random words of the first sixteen values come from.
        let seeds: Bits
    }

    /// The largest moments so far.
    private struct Largest {
        var first = Floats.zero
        var second = Floats.zero
    }

    /// One over the scales of a block.
    private struct Inverses {
        var first = Floats.zero
        var second = Floats.zero

        @inline(__always) init() {}

        /// Stores the scales.
        @inline(__always) init(_ largest: Largest, in block: Block) {
            let (first, firstInverse) = scale(rk_largest(largest.first))
            let (second, secondInverse) = scale(rk_largest(largest.second))
            block.mScale.pointee = first
            block.vScale.pointee = second
            self.first = Floats(repeating: firstInverse)
            self.second = Floats(repeating: secondInverse)
        }
    }

    /// What is the same for all values of an update.
    private struct Rule {
        let gradientScale, beta1, rest1, beta2, rest2, keep, rate, correction, epsilon: Floats
        let key: Bits
        let firstCode = SmallFloat(smallestNormal: 0x1p-14)
        let secondCode = SmallFloat(smallestNormal: 0x1p-30)

        /// The moments of a vector, f32, which are left in `scratch`, and with them the parameters.
        @inline(__always)
        func advance(_ block: Block, _ i: Int, _ valid: Int, _ largest: inout Largest) {
            let code = get(block.m, i, valid)
            let size = bits(firstCode.decode(code & Bits(repeating: 127)))
            let oldFirst = floats(size | ((code &<< 24) & Bits(repeating: 0x8000_0000)))
            let oldSecond = secondCode.decode(get(block.v, i, valid))
            let g = get(Float32.self, block.gradient, i, valid) * gradientScale
            let first = rk_fma(
                oldFirst * Floats(repeating: block.mScale.pointee), beta1, g * rest1)
            let second = rk_fma(
                oldSecond * Floats(repeating: block.vScale.pointee), beta2, g * g * rest2)
            store(first, block.firsts + i * 4)
            store(second, block.seconds + i * 4)
            largest.first = rk_max(largest.first, magnitude(first))
            largest.second = rk_max(largest.second, second)
            let change = rate * first / rk_fma(rk_sqrt(second), correction, epsilon)
            let p = rk_fma(get(Float32.self, block.p, i, valid), keep, -change)
            put(Float32.self, p, block.p, i, valid)
        }

        /// The codes of a vector whose moments are in `scratch`.
        @inline(__always)
        func encode(_ block: Block, _ i: Int, _ valid: Int, _ inverses: Inverses) {
            let step = weyl &* UInt32(truncatingIfNeeded: i)
            let random = randomWords(block.seeds &+ Bits(repeating: step), key)
            let first = load(block.firsts + i * 4)
            let code = firstCode.encode(
                magnitude(first) * inverses.first, random: random & Bits(repeating: 0xf_ffff))
            // Of half the smallest normal number a byte has one bit, which the sign takes.
            let sign = Bits(repeating: 0x800_0000)
            put((code & ~sign | (bits(first) &>> 4) & sign) &>> 20, block.m, i, valid)
            // Never below code 1, so that nothing is divided by the root of less.
            let second = rk_max(
                load(block.seconds + i * 4) * inverses.second, Floats(repeating: 0x1p-33))
            put(secondCode.encode(second, random: random &>> 12) &>> 20, block.v, i, valid)
        }
    }

    /// One AdamW step for `count` parameters whose moments are codes in blocks of 256.
    ///
    /// A block's codes follow when its scales are known. They are made beside the next block's moments:
    /// divisions and roots, which wait for each other, and whole numbers, which have units of their own.
    public func adamW8Bit(
        _ p: UnsafeMutablePointer<Float>, _ m: UnsafeMutablePointer<UInt8>,
        _ mScales: UnsafeMutablePointer<Float>, _ v: UnsafeMutablePointer<UInt8>,
        _ vScales: UnsafeMutablePointer<Float>, _ gradient: UnsafePointer<Float>,
        _ gradientScale: Float, _ beta1: Float, _ beta2: Float, _ keep: Float, _ rate: Float,
        _ correction2: Float, _ epsilon: Float, _ index: UInt32, _ key1: UInt32, _ key2: UInt32,
        _ count: Int
    ) {
        let rule = Rule(
            gradientScale: Floats(repeating: gradientScale), beta1: Floats(repeating: beta1),
            rest1: Floats(repeating: 1 - beta1), beta2: Floats(repeating: beta2),
            rest2: Floats(repeating: 1 - beta2), keep: Floats(repeating: keep),
            rate: Floats(repeating: rate), correction: Floats(repeating: correction2),
            epsilon: Floats(repeating: epsilon), key: Bits(repeating: key2))
        let lanes = Bits(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
        withUnsafeTemporaryAllocation(byteCount: 2 * 2 * 256 * 4, alignment: 64) { scratch in
            let scratch = scratch.baseAddress.unsafelyUnwrapped
            func block(_ number: Int) -> Block {
                let start = number * 256, moments = scratch + (number & 1) * 2 * 256 * 4
                return Block(
                    p: p + start, m: m + start, v: v + start, mScale: mScales + number,
                    vScale: vScales + number, gradient: gradient + start, firsts: moments,
                    seconds: moments + 256 * 4,
                    seeds: (lanes &+ Bits(repeating: index &+ UInt32(truncatingIfNeeded: start)))
                        &* Bits(repeating: weyl) &+ Bits(repeating: key1))
            }
            let whole = count / 256
            var inverses = Inverses()
            for number in 0..<whole {
                let current = block(number)
                var largest = Largest()
                if number == 0 {
                    eachVector(256) { i, valid in rule.advance(current, i, valid, &largest) }
                } else {
                    let last = block(number - 1)
                    eachVector(256) { i, valid in
                        rule.advance(current, i, valid, &largest)
                        rule.encode(last, i, valid, inverses)
                    }
                }
                inverses = Inverses(largest, in: current)
            }
            if whole > 0 {
                let last = block(whole - 1)
                eachVector(256) { i, valid in rule.encode(last, i, valid, inverses) }
            }
            if count > whole * 256 {
                let last = block(whole), rest = count - whole * 256
                var largest = Largest()
                eachVector(rest) { i, valid in rule.advance(last, i, valid, &largest) }
                inverses = Inverses(largest, in: last)
                eachVector(rest) { i, valid in rule.encode(last, i, valid, inverses) }
            }
        }
    }
#endif
