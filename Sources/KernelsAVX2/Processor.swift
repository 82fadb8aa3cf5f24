import CKernels

/// AVX2 with FMA: sixteen registers, two to a vector.
enum Processor {
    static var name: UnsafePointer<CChar> { rk_avx2() }
    static var hasBF16: Bool { false }
    /// How many vectors of sums the registers hold.
    static var sums: Int { 6 }
}
