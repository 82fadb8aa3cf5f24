#if arch(x86_64) || arch(arm64)
    import CKernels

    /// Sixteen f32 lanes.
    typealias Floats = SIMD16<Float>
    /// 512 bits seen as 16 words: one f32, or a pair of bf16 that are neighbours in the reduction.
    typealias Words = SIMD8<Int64>

    @inline(__always) func load(_ pointer: UnsafeRawPointer) -> Floats {
        pointer.loadUnaligned(as: Floats.self)
    }

    @inline(__always) func store(_ value: Floats, _ pointer: UnsafeMutableRawPointer) {
        pointer.storeBytes(of: value, as: Floats.self)
    }

    @inline(__always) func words(_ value: Floats) -> Words { unsafeBitCast(value, to: Words.self) }

    @inline(__always) func floats(_ value: Words) -> Floats {
        unsafeBitCast(value, to: Floats.self)
    }

    /// How activations lie in memory.
    ///
    /// Loading widens to f32; storing rounds to nearest even.
    protocol Activation {
        static var bytes: Int { get }
        static func load(_ pointer: UnsafeRawPointer) -> Floats
        static func load(_ pointer: UnsafeRawPointer, first count: Int) -> Floats
        static func store(_ value: Floats, _ pointer: UnsafeMutableRawPointer)
        static func store(_ value: Floats, _ pointer: UnsafeMutableRawPointer, first count: Int)
    }

    enum Float32: Activation {
        @inline(__always) static var bytes: Int { 4 }
        @inline(__always) static func load(_ pointer: UnsafeRawPointer) -> Floats {
            pointer.loadUnaligned(as: Floats.self)
        }
        @inline(__always) static func load(_ pointer: UnsafeRawPointer, first count: Int) -> Floats
        {
            rk_load_first(pointer, Int32(truncatingIfNeeded: count))
        }
        @inline(__always) static func store(_ value: Floats, _ pointer: UnsafeMutableRawPointer) {
            pointer.storeBytes(of: value, as: Floats.self)
        }
        @inline(__always)
        static func store(_ value: Floats, _ pointer: UnsafeMutableRawPointer, first count: Int) {
            rk_store_first(pointer, value, Int32(truncatingIfNeeded: count))
        }
    }

    enum BFloat16: Activation {
        @inline(__always) static var bytes: Int { 2 }
        @inline(__always) static func load(_ pointer: UnsafeRawPointer) -> Floats {
            rk_from_bf16(pointer)
        }
        @inline(__always) static func load(_ pointer: UnsafeRawPointer, first count: Int) -> Floats
        {
            rk_load_first_bf16(pointer, Int32(truncatingIfNeeded: count))
        }
        @inline(__always) static func store(_ value: Floats, _ pointer: UnsafeMutableRawPointer) {
            pointer.storeBytes(of: rk_to_bf16(value), as: SIMD4<Int64>.self)
        }
        @inline(__always)
        static func store(_ value: Floats, _ pointer: UnsafeMutableRawPointer, first count: Int) {
            rk_store_first_bf16(pointer, value, Int32(truncatingIfNeeded: count))
        }
    }

    /// e to the x, relative error below 3e-7; 0 far below, infinity far above.
    ///
    /// `x = n ln 2 + r`, the exponential of r by its series to the sixth power. Far below zero r would
    /// be what rounding left of n, of any size, and its series infinite: `rk_exponents` cuts it off.
    @inline(__always) func exponential(_ x: Floats) -> Floats {
        let x = rk_exponents(x)
        let n = rk_round(x * Floats(repeating: 1.442_695_04))
        var r = rk_fma(n, Floats(repeating: -0.693_145_75), x)
        r = rk_fma(n, Floats(repeating: -1.428_606_8e-6), r)
        var p = Floats(repeating: 1.0 / 720)
        p = rk_fma(p, r, Floats(repeating: 1.0 / 120))
        p = rk_fma(p, r, Floats(repeating: 1.0 / 24))
        p = rk_fma(p, r, Floats(repeating: 1.0 / 6))
        p = rk_fma(p, r, Floats(repeating: 0.5))
        p = rk_fma(p, r, Floats(repeating: 1))
        p = rk_fma(p, r, Floats(repeating: 1))
        return rk_scale2(p, n)
    }

    /// 2 to the x, relative error below 2e-7; 0 far below, infinity or at least 2^126 far above.
    ///
    /// `x = n + r`, which is exact, and 2 to the r by a polynomial of the fifth power that is 1 at 0 and
    /// off by at most 1.1e-7 (least squares of the relative error at Chebyshev's nodes).
    @inline(__always) func exponential2(_ x: Floats) -> Floats {
        let x = rk_scalable(x)
        let n = rk_round(x)
        let r = x - n
        var p = Floats(repeating: 1.321_867_2e-3)
        p = rk_fma(p, r, Floats(repeating: 9.671_698_3e-3))
        p = rk_fma(p, r, Floats(repeating: 5.550_893_0e-2))
        p = rk_fma(p, r, Floats(repeating: 0.240_222_38))
        p = rk_fma(p, r, Floats(repeating: 0.693_146_88))
        p = rk_fma(p, r, Floats(repeating: 1))
        return rk_scale2(p, n)
    }
#endif
