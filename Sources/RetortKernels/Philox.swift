/// Counter-based random numbers: Philox 4x32 with ten rounds (Salmon et al., SC 2011).
///
/// A block is a function of key and counter alone; there is no state to save or lose.
public struct PhiloxKey: Sendable, Equatable {
    private let low: UInt32
    private let high: UInt32

    /// Makes a key from 64 bits.
    public init(_ key: UInt64) {
        low = UInt32(truncatingIfNeeded: key)
        high = UInt32(truncatingIfNeeded: key >> 32)
    }

    /// Four random words for a counter of two times 64 bits.
    @inline(__always)
    public func block(_ first: UInt64, _ second: UInt64) -> SIMD4<UInt32> {
        var counter = SIMD4<UInt32>(
            UInt32(truncatingIfNeeded: first), UInt32(truncatingIfNeeded: first >> 32),
            UInt32(truncatingIfNeeded: second), UInt32(truncatingIfNeeded: second >> 32))
        var k0 = low, k1 = high
        for _ in 0..<10 {
            let a = UInt64(0xd251_1f53) &* UInt64(counter[0])
            let b = UInt64(0xcd9e_8d57) &* UInt64(counter[2])
            counter = SIMD4(
                UInt32(truncatingIfNeeded: b >> 32) ^ counter[1] ^ k0,
                UInt32(truncatingIfNeeded: b),
                UInt32(truncatingIfNeeded: a >> 32) ^ counter[3] ^ k1,
                UInt32(truncatingIfNeeded: a))
            k0 &+= 0x9e37_79b9
            k1 &+= 0xbb67_ae85
        }
        return counter
    }
}
