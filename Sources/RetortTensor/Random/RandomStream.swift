import RetortKernels

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Random numbers as a function of (seed, purpose, indices): no state to save, none to lose.
public struct RandomStream: Sendable, Equatable {
    /// What numbers are drawn for; streams of different purposes are independent.
    public enum Purpose: UInt64, Sendable {
        /// First values of new parameters.
        case initialization = 1
        /// Order of the examples of an epoch.
        case shuffle = 2
        /// Dropout masks.
        case dropout = 3
        /// Tokens of generated text.
        case sampling = 4
        /// First values of projections between hidden states.
        case projection = 5
        /// Which examples a student answers itself, and how.
        case onPolicy = 6
        /// Rounding of merged weights.
        case rounding = 7
        /// Tokens that stand for a teacher's distribution.
        case softTargets = 8
        /// Rounding of an optimizer's moments.
        case moments = 9
    }

    private let philox: PhiloxKey

    /// A stream for one purpose.
    public init(seed: UInt64, _ purpose: Purpose) {
        philox = Self.derive(PhiloxKey(seed), purpose.rawValue)
    }

    private init(philox: PhiloxKey) { self.philox = philox }

    private static func derive(_ key: PhiloxKey, _ index: UInt64) -> PhiloxKey {
        let words = key.block(index, 0x5265_746f_7274)
        return PhiloxKey(UInt64(words[0]) | UInt64(words[1]) << 32)
    }

    /// A stream of its own for an index, such as a step.
    public subscript(index: Int) -> RandomStream {
        RandomStream(philox: Self.derive(philox, UInt64(bitPattern: Int64(index))))
    }

    /// The key of a place, for kernels that draw their own blocks.
    package func key(_ index: UInt64) -> PhiloxKey { Self.derive(philox, index) }

    /// 64 random bits for an index.
    public func bits(_ index: Int) -> UInt64 {
        let words = philox.block(UInt64(bitPattern: Int64(index)), 0)
        return UInt64(words[0]) | UInt64(words[1]) << 32
    }

    /// A number in `0 ..< 1` for an index.
    public func uniform(_ index: Int) -> Double { Double(bits(index) >> 11) * 0x1p-53 }

    /// A standard normal number for an index (Box and Muller).
    public func normal(_ index: Int) -> Double {
        let words = philox.block(UInt64(bitPattern: Int64(index)), 1)
        let first = (Double(UInt64(words[0]) | UInt64(words[1]) << 32) + 1) * 0x1p-64
        let second = Double(UInt64(words[2]) | UInt64(words[3]) << 32) * 0x1p-64
        return (-2 * log(first)).squareRoot() * cos(2 * .pi * second)
    }

    /// A permutation of `0 ..< count` (Fisher and Yates).
    public func permutation(_ count: Int) -> [Int] {
        var order = Array(0..<count)
        for index in stride(from: count - 1, to: 0, by: -1) {
            let (high, _) = bits(index).multipliedFullWidth(by: UInt64(index + 1))
            order.swapAt(index, Int(high))
        }
        return order
    }
}
