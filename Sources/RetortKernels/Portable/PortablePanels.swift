// The plain level: the same functions as the fast modules, in ordinary Swift. It runs everywhere and
// judges the others in the tests.

/// Rounds to the nearest bf16, ties to even; a NaN stays a NaN.
@inline(__always)
func bfloat16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if value.isNaN { return UInt16(truncatingIfNeeded: bits >> 16) | 64 }
    return UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ (bits >> 16 & 1)) >> 16)
}

@inline(__always)
func float(bfloat16 bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

/// A word of the reduction: two bf16, or one f32.
@inline(__always)
private func word(_ bf16: Bool, _ values: UnsafePointer<Float>, _ index: Int, _ count: Int)
    -> UInt32
{
    if !bf16 { return values[index].bitPattern }
    let high = 2 * index + 1 < count ? bfloat16(values[2 * index + 1]) : 0
    return UInt32(bfloat16(values[2 * index])) | UInt32(high) << 16
}

enum Portable {
    static func packRows(
        _ rows: MatrixRows, _ first: Int, _ count: Int, _ length: Int, _ vectors: Int,
        _ bf16: Bool, _ panel: UnsafeMutableRawPointer
    ) {
        let out = panel.assumingMemoryBound(to: UInt32.self)
        let words = bf16 ? (length + 1) / 2 : length, width = 16 * vectors
        withUnsafeTemporaryAllocation(of: Float.self, capacity: max(length, 1)) { row in
            for column in 0..<width {
                if column >= count {
                    for i in 0..<words { out[i * width + column] = 0 }
                    continue
                }
                decodeRowPlainly(
                    rows.format, rows.start(first + column), length,
                    row.baseAddress.unsafelyUnwrapped)
                for i in 0..<words {
                    out[i * width + column] = word(
                        bf16, row.baseAddress.unsafelyUnwrapped, i, length)
                }
            }
        }
    }

    static func packColumns(
        _ rows: MatrixRows, _ firstRow: Int, _ rowCount: Int, _ first: Int, _ count: Int,
        _ vectors: Int, _ bf16: Bool, _ panels: UnsafeMutableRawPointer, _ panelBytes: Int
    ) {
        let width = 16 * vectors, step = bf16 ? 2 : 1
        let padded = (count + width - 1) / width * width
        let block = rows.format.blockSize
        // Whole blocks around the wanted columns.
        let skipped = first % block, decoded = (skipped + count + block - 1) / block * block
        let offset = first / block * rows.format.blockBytes
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * max(decoded, 1)) { space in
            let a = space.baseAddress.unsafelyUnwrapped, b = a + decoded
            for row in stride(from: 0, to: rowCount, by: step) {
                decodeRowPlainly(rows.format, rows.start(firstRow + row) + offset, decoded, a)
                let paired = bf16 && row + 1 < rowCount
                if paired {
                    decodeRowPlainly(
                        rows.format, rows.start(firstRow + row + 1) + offset, decoded, b)
                }
                for column in 0..<padded {
                    var value: UInt32 = 0
                    if column < count {
                        let x = a[skipped + column]
                        if bf16 {
                            value = UInt32(bfloat16(x))
                            if paired { value |= UInt32(bfloat16(b[skipped + column])) << 16 }
                        } else {
                            value = x.bitPattern
                        }
                    }
                    (panels + column / width * panelBytes
                        + (row / step * width + column % width) * 4)
                        .storeBytes(of: value, as: UInt32.self)
                }
            }
        }
    }

    static func transposed(
        _ fromBF16: Bool, _ source: UnsafeRawPointer, _ sourceStride: Int, _ rows: Int,
        _ columns: Int, _ bf16: Bool, _ out: UnsafeMutableRawPointer, _ stride: Int
    ) {
        let step = bf16 ? 32 : 16
        let filled = (rows + step - 1) / step * step
        for column in 0..<columns {
            for row in 0..<filled {
                let value = row < rows ? get(fromBF16, source, row * sourceStride + column) : 0
                let at = out + (column * stride + row) * (bf16 ? 2 : 4)
                if bf16 {
                    at.storeBytes(of: bfloat16(value), as: UInt16.self)
                } else {
                    at.storeBytes(of: value, as: Float.self)
                }
            }
        }
    }

    static func sweep(
        _ bf16: Bool, _ vectors: Int, _ a: UnsafeRawPointer, _ aStride: Int, _ aWords: Int,
        _ more: UnsafeRawPointer?, _ moreStride: Int, _ moreWords: Int, _ rows: Int,
        _ panel: UnsafeRawPointer, _ c: UnsafeMutableRawPointer, _ stride: Int, _ width: Int,
        _ target: Int
    ) {
        let columns = 16 * vectors
        withUnsafeTemporaryAllocation(of: Float.self, capacity: columns) { sums in
            for row in 0..<rows {
                for j in 0..<columns { sums[j] = 0 }
                accumulate(
                    bf16, a + row * aStride, aWords, panel, columns,
                    sums.baseAddress.unsafelyUnwrapped)
                if let more {
                    accumulate(
                        bf16, more + row * moreStride, moreWords, panel + aWords * columns * 4,
                        columns, sums.baseAddress.unsafelyUnwrapped)
                }
                for j in 0..<min(width, columns) {
                    let at = c + (row * stride + j) * (target == 2 ? 2 : 4)
                    switch target {
                    case 2: at.storeBytes(of: bfloat16(sums[j]), as: UInt16.self)
                    case 1: at.storeBytes(of: sums[j] + at.load(as: Float.self), as: Float.self)
                    default: at.storeBytes(of: sums[j], as: Float.self)
                    }
                }
            }
        }
    }

    static func outer(
        _ bf16: Bool, _ panel: UnsafeRawPointer, _ count: Int, _ x: UnsafeRawPointer,
        _ xStride: Int, _ rows: Int, _ width: Int, _ c: UnsafeMutablePointer<Float>,
        _ stride: Int, _ adds: Bool
    ) {
        for i in 0..<count {
            for j in 0..<width {
                var sum: Float = 0
                for row in 0..<rows {
                    // Row 2 w + h is half h of word w.
                    let a =
                        bf16
                        ? get(true, panel, (row / 2 * 16 + i) * 2 + row % 2)
                        : get(false, panel, row * 16 + i)
                    sum += a * get(bf16, x + row * xStride, j)
                }
                c[i * stride + j] = adds ? c[i * stride + j] + sum : sum
            }
        }
    }

    @inline(__always)
    private static func accumulate(
        _ bf16: Bool, _ a: UnsafeRawPointer, _ words: Int, _ panel: UnsafeRawPointer,
        _ columns: Int, _ sums: UnsafeMutablePointer<Float>
    ) {
        for i in 0..<words {
            let x = (a + i * 4).loadUnaligned(as: UInt32.self)
            if bf16 {
                let low = Float(bitPattern: x << 16), high = Float(bitPattern: x & 0xffff_0000)
                let b = (panel + i * columns * 4).assumingMemoryBound(to: UInt32.self)
                for j in 0..<columns {
                    sums[j] +=
                        low * Float(bitPattern: b[j] << 16) + high
                        * Float(bitPattern: b[j] & 0xffff_0000)
                }
            } else {
                let value = Float(bitPattern: x)
                let b = (panel + i * columns * 4).assumingMemoryBound(to: Float.self)
                for j in 0..<columns { sums[j] += value * b[j] }
            }
        }
    }
}
