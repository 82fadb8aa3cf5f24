import CKernels
import KernelsAVX512BF16

/// Rows of a stored matrix: row i begins at `base + stride * (map[i] or i)`.
public struct MatrixRows {
    let base: UnsafeRawPointer
    let stride: Int
    let map: UnsafePointer<Int32>?
    let format: StorageFormat

    @inline(__always) func start(_ row: Int) -> UnsafeRawPointer {
        base + stride &* (map.map { Int($0[row]) } ?? row)
    }
}

/// The hot functions of one CPU level.
///
/// All levels compute the same, up to the order of sums.
///
/// A panel holds, for each word of the reduction (two bf16 or one f32), the words of `16 * vectors`
/// columns. Strides of operands are bytes, those of results elements.
struct KernelLevel: Sendable {
    let name: String
    /// Whether products of bf16 are an instruction here.
    let hasBF16: Bool

    let decodeRow:
        @Sendable (StorageFormat, UnsafeRawPointer, Int, UnsafeMutablePointer<Float>) -> Void
    /// rows, first row, count, length, vectors, as bf16, panel.
    let packRows: @Sendable (MatrixRows, Int, Int, Int, Int, Bool, UnsafeMutableRawPointer) -> Void
    /// rows, first row, row count, first column, column count, vectors, as bf16, panels, panel bytes.
    let packColumns:
        @Sendable (MatrixRows, Int, Int, Int, Int, Int, Bool, UnsafeMutableRawPointer, Int) -> Void
    /// source is bf16, source, its stride, rows, columns, to bf16, out, its stride.
    let transposed:
        @Sendable (Bool, UnsafeRawPointer, Int, Int, Int, Bool, UnsafeMutableRawPointer, Int) ->
            Void
    /// bf16, vectors, a, stride, words, more, stride, words, rows, panel, c, stride, width, target.
    let sweep:
        @Sendable (
            Bool, Int, UnsafeRawPointer, Int, Int, UnsafeRawPointer?, Int, Int, Int,
            UnsafeRawPointer, UnsafeMutableRawPointer, Int, Int, Int
        ) -> Void

    let narrow: @Sendable (UnsafePointer<Float>, UnsafeMutableRawPointer, Int) -> Void
    let widen: @Sendable (UnsafeRawPointer, UnsafeMutablePointer<Float>, Int) -> Void
    let addScaled: @Sendable (Float, UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
    let dot: @Sendable (Bool, UnsafeRawPointer, UnsafeRawPointer, Int) -> Float
    let addScaledRow:
        @Sendable (Bool, Float, UnsafeRawPointer, UnsafeMutablePointer<Float>, Int) -> Void
    let sumOfSquares: @Sendable (UnsafePointer<Float>, Int) -> Float
    let rmsNorm:
        @Sendable (
            Bool, UnsafePointer<Float>, UnsafePointer<Float>, Float, UnsafeMutableRawPointer, Int
        ) -> Float
    let rmsNormBackward:
        @Sendable (
            UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>, Float,
            UnsafeMutablePointer<Float>, Int
        ) -> Void
    let gatedSiLU:
        @Sendable (Bool, UnsafeRawPointer, UnsafeRawPointer, UnsafeMutableRawPointer, Int) -> Void
    let gatedSiLUBackward:
        @Sendable (
            Bool, UnsafePointer<Float>, UnsafeRawPointer, UnsafeRawPointer,
            UnsafeMutableRawPointer, UnsafeMutableRawPointer, Int
        ) -> Void
    let rotate:
        @Sendable (
            Bool, UnsafeRawPointer, UnsafePointer<Float>, UnsafePointer<Float>, Float, Int,
            UnsafeMutableRawPointer
        ) -> Void
    let logSumExp: @Sendable (UnsafeMutablePointer<Float>, Int) -> (top: Float, logSum: Float)
    let softmaxScaled:
        @Sendable (
            Bool, UnsafePointer<Float>, Int, Float, Float, Float, UnsafeMutableRawPointer
        ) -> Void
    let attentionRow:
        @Sendable (
            Bool, UnsafeMutablePointer<Float>, Int, Int, Int, Float, UnsafeMutableRawPointer
        ) -> Float
    let attentionRowBackward:
        @Sendable (
            UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, Int, Int, Int, Float, Float
        ) -> Void
    let adamW:
        @Sendable (
            UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>,
            UnsafePointer<Float>, Float, Float, Float, Float, Float, Float, Float, Int
        ) -> Void
}

extension KernelLevel {
    /// Ordinary Swift, for every processor that the package is built for.
    static let portable = KernelLevel(
        name: "portable", hasBF16: false, decodeRow: decodeRowPlainly,
        packRows: Portable.packRows, packColumns: Portable.packColumns,
        transposed: Portable.transposed, sweep: Portable.sweep,
        narrow: { source, target, count in
            for i in 0..<count { Portable.put(true, source[i], target, i) }
        },
        widen: { source, target, count in
            for i in 0..<count { target[i] = Portable.get(true, source, i) }
        },
        addScaled: { scale, x, y, count in for i in 0..<count { y[i] += scale * x[i] } },
        dot: { bf16, a, b, count in
            (0..<count).reduce(0) {
                $0 + Portable.get(bf16, a, $1) * Portable.get(bf16, b, $1)
            }
        },
        addScaledRow: { bf16, scale, x, y, count in
            for i in 0..<count { y[i] += scale * Portable.get(bf16, x, i) }
        },
        sumOfSquares: Portable.sumOfSquares, rmsNorm: Portable.rmsNorm,
        rmsNormBackward: Portable.rmsNormBackward, gatedSiLU: Portable.gatedSiLU,
        gatedSiLUBackward: Portable.gatedSiLUBackward, rotate: Portable.rotate,
        logSumExp: Portable.logSumExp, softmaxScaled: Portable.softmaxScaled,
        attentionRow: Portable.attentionRow, attentionRowBackward: Portable.attentionRowBackward,
        adamW: Portable.adamW)

    #if arch(x86_64)
        /// AVX-512 with bf16 products; formats without a decoder there go through the plain one.
        static let avx512BF16 = KernelLevel(
            name: "avx512-bf16", hasBF16: true,
            decodeRow: { format, row, count, out in
                if !KernelsAVX512BF16.decodeRow(format.rawValue, row, count, out) {
                    decodeRowPlainly(format, row, count, out)
                }
            },
            packRows: { rows, first, count, length, vectors, bf16, panel in
                if !KernelsAVX512BF16.packRows(
                    rows.format.rawValue, rows.base, rows.stride, rows.map, first, count, length,
                    vectors, bf16, panel)
                {
                    Portable.packRows(rows, first, count, length, vectors, bf16, panel)
                }
            },
            packColumns: { rows, firstRow, rowCount, first, count, vectors, bf16, panels, bytes in
                if !KernelsAVX512BF16.packColumns(
                    rows.format.rawValue, rows.base, rows.stride, rows.map, firstRow, rowCount,
                    first, count, vectors, bf16, panels, bytes)
                {
                    Portable.packColumns(
                        rows, firstRow, rowCount, first, count, vectors, bf16, panels, bytes)
                }
            },
            transposed: {
                KernelsAVX512BF16.transposed(
                    fromBF16: $0, $1, $2, $3, $4, toBF16: $5, $6, $7)
            },
            sweep: {
                KernelsAVX512BF16.sweep(
                    bf16: $0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
            },
            narrow: KernelsAVX512BF16.narrow, widen: KernelsAVX512BF16.widen,
            addScaled: KernelsAVX512BF16.addScaled,
            dot: { KernelsAVX512BF16.dot(bf16: $0, $1, $2, $3) },
            addScaledRow: { KernelsAVX512BF16.addScaledRow(bf16: $0, $1, $2, $3, $4) },
            sumOfSquares: KernelsAVX512BF16.sumOfSquares,
            rmsNorm: { KernelsAVX512BF16.rmsNorm(bf16: $0, $1, $2, $3, $4, $5) },
            rmsNormBackward: KernelsAVX512BF16.rmsNormBackward,
            gatedSiLU: { KernelsAVX512BF16.gatedSiLU(bf16: $0, $1, $2, $3, $4) },
            gatedSiLUBackward: {
                KernelsAVX512BF16.gatedSiLUBackward(bf16: $0, $1, $2, $3, $4, $5, $6)
            },
            rotate: { KernelsAVX512BF16.rotate(bf16: $0, $1, $2, $3, $4, $5, $6) },
            logSumExp: KernelsAVX512BF16.logSumExp,
            softmaxScaled: { KernelsAVX512BF16.softmaxScaled(bf16: $0, $1, $2, $3, $4, $5, $6) },
            attentionRow: { KernelsAVX512BF16.attentionRow(bf16: $0, $1, $2, $3, $4, $5, $6) },
            attentionRowBackward: KernelsAVX512BF16.attentionRowBackward,
            adamW: KernelsAVX512BF16.adamW)
    #endif

    /// The levels that this processor can run, best first.
    static var available: [KernelLevel] {
        #if arch(x86_64)
            if rk_has_avx512_bf16() != 0 { return [.avx512BF16, .portable] }
        #endif
        return [.portable]
    }
}
