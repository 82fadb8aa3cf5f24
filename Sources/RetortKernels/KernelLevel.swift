import CKernels

#if arch(x86_64)
    import KernelsAVX2
    import KernelsAVX512
    import KernelsAVX512BF16
#elseif arch(arm64)
    import KernelsNEON
#endif

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
typealias KernelLevel = CKernels.KernelLevel

extension KernelLevel {
    /// The levels that this processor can run, best first.
    static var available: [KernelLevel] {
        var levels: [KernelLevel] = []
        #if arch(x86_64)
            if rk_has_avx512_bf16() != 0 { levels.append(KernelsAVX512BF16.level) }
            if rk_has_avx512() != 0 { levels.append(KernelsAVX512.level) }
            if rk_has_avx2() != 0 { levels.append(KernelsAVX2.level) }
        #elseif arch(arm64)
            levels.append(KernelsNEON.level)
        #endif
        return levels + [.portable]
    }

    var name: String { String(cString: label) }

    /// Widens a stored row of `count` values, whole blocks.
    func decodeRow(
        _ format: StorageFormat, _ row: UnsafeRawPointer, _ count: Int,
        _ out: UnsafeMutablePointer<Float>
    ) {
        if !decodeStored(format.rawValue, row, count, out) {
            decodeRowPlainly(format, row, count, out)
        }
    }

    /// Packs rows `first ..< first + count`, of `length` values, as columns of a panel.
    func packRows(
        _ rows: MatrixRows, _ first: Int, _ count: Int, _ length: Int, _ vectors: Int,
        _ bf16: Bool, _ panel: UnsafeMutableRawPointer
    ) {
        if !packStoredRows(
            rows.format.rawValue, rows.base, rows.stride, rows.map, first, count, length, vectors,
            bf16, panel)
        {
            Portable.packRows(rows, first, count, length, vectors, bf16, panel)
        }
    }

    /// Packs columns `first ..< first + count` of some rows as columns of panels.
    func packColumns(
        _ rows: MatrixRows, _ firstRow: Int, _ rowCount: Int, _ first: Int, _ count: Int,
        _ vectors: Int, _ bf16: Bool, _ panels: UnsafeMutableRawPointer, _ panelBytes: Int
    ) {
        if !packStoredColumns(
            rows.format.rawValue, rows.base, rows.stride, rows.map, firstRow, rowCount, first,
            count, vectors, bf16, panels, panelBytes)
        {
            Portable.packColumns(
                rows, firstRow, rowCount, first, count, vectors, bf16, panels, panelBytes)
        }
    }
}
