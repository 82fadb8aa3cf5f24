/// Sixteen f32 values side by side: the losses' arithmetic, the same on every processor.
typealias Lanes = SIMD16<Float>

extension SIMD16<Float> {
    /// What stands behind the end of a row of logits: far below every real one, and finite.
    private static var beyond: Float { -1e30 }

    /// Sixteen values of a row; those behind its end are probability zero.
    @inline(__always)
    static func logits(_ row: UnsafePointer<Float>, _ index: Int, _ count: Int) -> Lanes {
        values(row, index, count, beyond: beyond)
    }

    /// Sixteen values of a row, with a filling behind its end.
    @inline(__always)
    static func values(
        _ row: UnsafePointer<Float>, _ index: Int, _ count: Int, beyond: Float = 0
    ) -> Lanes {
        if index + 16 <= count {
            return UnsafeRawPointer(row + index).loadUnaligned(as: Lanes.self)
        }
        var result = Lanes(repeating: beyond)
        for lane in 0..<count - index { result[lane] = row[index + lane] }
        return result
    }

    /// Lane by lane the larger; the library's pointwise maximum is not vectorized.
    @inline(__always)
    func larger(_ other: Lanes) -> Lanes { replacing(with: other, where: other .> self) }

    /// Lane by lane the smaller.
    @inline(__always)
    func smaller(_ other: Lanes) -> Lanes { replacing(with: other, where: other .< self) }

    /// Stores the lanes that are within the row.
    @inline(__always)
    func store(_ row: UnsafeMutablePointer<Float>, _ index: Int, _ count: Int) {
        if index + 16 <= count {
            UnsafeMutableRawPointer(row + index).storeBytes(of: self, as: Lanes.self)
            return
        }
        for lane in 0..<count - index { row[index + lane] = self[lane] }
    }

    /// e to the power of every lane: 0 below -87, relative error below 3e-7 (Cephes' range
    /// reduction, `x = n ln 2 + r`, and the series of `r` to the sixth power).
    @_transparent
    func exponential() -> Lanes {
        let x = smaller(Lanes(repeating: 88)).larger(Lanes(repeating: -87.5))
        // Adding 1.5 * 2^23 rounds to a whole number, which then stands in the lowest bits.
        let magic = Lanes(repeating: 12_582_912)
        let shifted = x * 1.442_695_04 + magic
        let n = shifted - magic
        let r = x - n * 0.693_145_75 - n * 1.428_606_8e-6
        var p = r * (1.0 / 720) + 1.0 / 120
        p = p * r + 1.0 / 24
        p = p * r + 1.0 / 6
        p = p * r + 0.5
        p = p * r + 1
        p = p * r + 1
        let power = unsafeBitCast(shifted, to: SIMD16<Int32>.self) &- 0x4b40_0000
        let scale = unsafeBitCast((power &+ 127) &<< 23, to: Lanes.self)
        return (p * scale).replacing(with: 0, where: self .< Lanes(repeating: -87.3))
    }

    /// Natural logarithm of every lane, which must be a positive normal number.
    ///
    /// `x = 2^k m` with m around 1, and `ln m = 2 artanh((m - 1) / (m + 1))` by its series.
    @_transparent
    func logarithm() -> Lanes {
        let bits = unsafeBitCast(self, to: SIMD16<Int32>.self)
        let k = (bits &- 0x3f35_04f3) &>> 23
        let m = unsafeBitCast(bits &- (k &<< 23), to: Lanes.self)
        let s = (m - 1) / (m + 1), z = s * s
        var p = z * (1.0 / 9) + 1.0 / 7
        p = p * z + 1.0 / 5
        p = p * z + 1.0 / 3
        let exponent = Lanes(k)
        let series = s * 2 + s * 2 * (p * z)
        return exponent * 0.693_145_75 + (series + exponent * 1.428_606_8e-6)
    }
}
