/// A value that a storage format cannot hold.
public struct UnstorableValue: Error, Equatable {
    /// The row it stands in.
    public let row: Int
    /// The first column of its block.
    public let column: Int
}

extension Kernels {
    /// Rounds f32 rows into a storage format.
    ///
    /// - Parameters:
    ///   - rows: Rows that blocks fill.
    ///   - format: The format.
    /// - Returns: The stored rows, one after another.
    /// - Throws: ``UnstorableValue``.
    public func encode(
        _ rows: ActivationRows, as format: StorageFormat
    ) throws(UnstorableValue) -> [UInt8] {
        precondition(rows.type == .float32)
        guard let stride = format.rowBytes(rows.columnCount), rows.rowCount > 0 else { return [] }
        let failures = UnsafeMutablePointer<Int>.allocate(capacity: rows.rowCount)
        defer { failures.deallocate() }
        let bytes = [UInt8](unsafeUninitializedCapacity: rows.rowCount * stride) { out, filled in
            guard let base = out.baseAddress else { return }
            split(rows.rowCount, grain: 4) { range, _ in
                for row in range {
                    failures[row] =
                        encodeRow(format, rows.floats(row), rows.columnCount, base + row * stride)
                        ?? -1
                }
            }
            filled = rows.rowCount * stride
        }
        for row in 0..<rows.rowCount where failures[row] >= 0 {
            throw UnstorableValue(row: row, column: failures[row])
        }
        return bytes
    }

    /// Rows of a matrix as they are stored, one after another.
    public func storedRows(_ matrix: StoredMatrix, _ rows: [Int32]) -> [UInt8] {
        let count = matrix.format.rowBytes(matrix.columnCount) ?? 0
        return [UInt8](unsafeUninitializedCapacity: rows.count * count) { out, filled in
            for (index, row) in rows.enumerated() {
                (out.baseAddress.map { UnsafeMutableRawPointer($0) + index * count })?
                    .copyMemory(from: matrix.rows.start(Int(row)), byteCount: count)
            }
            filled = rows.count * count
        }
    }

    /// The first value that differs from what was to be stored by more than the format's error.
    ///
    /// - Parameters:
    ///   - wanted: f32 rows before rounding.
    ///   - found: The rows as read back.
    ///   - format: What they went through.
    ///   - stored: The rows on whose steps they were rounded up or down, if they were.
    /// - Returns: nil if all are within the bound.
    public func firstDifference(
        _ wanted: ActivationRows, _ found: ActivationRows, storedAs format: StorageFormat,
        near stored: [UInt8]? = nil
    ) -> (row: Int, column: Int)? {
        precondition(
            wanted.rowCount == found.rowCount && wanted.columnCount == found.columnCount
                && wanted.type == .float32 && found.type == .float32)
        let columns = wanted.columnCount, size = format.blockSize
        let grid = stored == nil ? nil : BlockGrid(format)
        let stride = format.rowBytes(columns) ?? 0
        precondition(stored.map { $0.count == wanted.rowCount * stride } ?? true)
        let firsts = UnsafeMutablePointer<Int>.allocate(capacity: max(1, wanted.rowCount))
        defer { firsts.deallocate() }
        split(wanted.rowCount, grain: 4) { range, _ in
            for row in range {
                let want = wanted.floats(row), have = found.floats(row)
                var first = -1
                for start in Swift.stride(from: 0, to: columns, by: size) where first < 0 {
                    var bound = errorBound(format, want + start)
                    if let grid, let stored {
                        let place = row * stride + start / size * format.blockBytes
                        // Up or down is less than a step off, but for the rounding of f32.
                        bound = max(bound, 1.001 * abs(grid.step(stored, at: place)))
                    }
                    first =
                        difference(format.blockSize, bound, want + start, have + start).map {
                            start + $0
                        } ?? -1
                }
                firsts[row] = first
            }
        }
        for row in 0..<wanted.rowCount where firsts[row] >= 0 { return (row, firsts[row]) }
        return nil
    }
}

/// Where a block differs by more than rounding can make it.
@inline(__always)
private func difference(
    _ count: Int, _ bound: Float, _ wanted: UnsafePointer<Float>, _ found: UnsafePointer<Float>
) -> Int? {
    for i in 0..<count where !(abs(wanted[i] - found[i]) <= bound) { return i }
    return nil
}

/// The largest error that rounding a block to a format can make.
///
/// Block formats: half a step (a whole one where the range is cut off), and what rounding the scale
/// to f16 adds, relative and, near zero, absolute (half of 2⁻²⁴ per step).
private func errorBound(_ format: StorageFormat, _ x: UnsafePointer<Float>) -> Float {
    var least: Float = 0, most: Float = 0
    for i in 0..<format.blockSize {
        least = min(least, x[i])
        most = max(most, x[i])
    }
    let magnitude = max(-least, most)
    return switch format {
    case .f32: 0
    case .f16: max(magnitude * 0x1p-11, 0x1p-25)
    case .bf16: max(magnitude * 0x1p-8, 0x1p-134)
    case .q8_0: magnitude * (0.51 / 127 + 0x1p-11) + 127 * 0x1p-25
    case .q4_0: magnitude * (1.01 / 8 + 0x1p-11) + 8 * 0x1p-25
    case .q5_0: magnitude * (1.01 / 16 + 0x1p-11) + 16 * 0x1p-25
    case .q4_1: (most - least) * (0.51 / 15 + 0x1p-11) + magnitude * 0x1p-11 + 16 * 0x1p-25
    case .q5_1: (most - least) * (0.51 / 31 + 0x1p-11) + magnitude * 0x1p-11 + 32 * 0x1p-25
    // A scale for the greatest value at 32.9 steps, of which 31 are there for the other sign.
    case .q6_K: magnitude * (2.2 / 32) + 4096 * 0x1p-25
    }
}
