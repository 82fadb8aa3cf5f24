/// Numbers for tests: Steele, Lea and Flood's SplitMix64 (OOPSLA 2014).
struct Random {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func word() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// Between -1 and 1.
    mutating func value() -> Float { Float(Int64(bitPattern: word()) >> 39) * 0x1p-24 }

    mutating func values(_ count: Int, times scale: Float = 1) -> [Float] {
        (0..<count).map { _ in value() * scale }
    }
}
