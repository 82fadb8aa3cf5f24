import CKernels

/// AVX-512 with products of bf16: 32 registers of a vector each.
enum Processor {
    static var name: UnsafePointer<CChar> { rk_avx512_bf16() }
    static var hasBF16: Bool { true }
    /// How many vectors of sums the registers hold.
    static var sums: Int { 24 }
}
