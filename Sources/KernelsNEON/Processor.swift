import CKernels

/// NEON: 32 registers, four to a vector.
enum Processor {
    static var name: UnsafePointer<CChar> { rk_neon() }
    static var hasBF16: Bool { false }
    /// How many vectors of sums the registers hold.
    static var sums: Int { 6 }
}
