import CKernels

/// AVX-512 without products of bf16: 32 registers of a vector each.
enum Processor {
    static var name: UnsafePointer<CChar> { rk_avx512() }
    static var hasBF16: Bool { false }
    /// How many vectors of sums the registers hold.
    static var sums: Int { 24 }
}
