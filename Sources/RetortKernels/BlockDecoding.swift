// The plain definition of every block format: what a stored row means as f32. Fast decoders in the
// level modules are judged by it. Source: the GGUF specification and GGML's block layouts.

@inline(__always)
func half(_ pointer: UnsafeRawPointer) -> Float {
    float(half: pointer.loadUnaligned(as: UInt16.self))
}

/// Widens an IEEE half (also where the processor has no such type).
@inline(__always)
public func float(half bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10) & 31, fraction = UInt32(bits) & 1023
    switch exponent {
    case 0:
        let magnitude = Float(fraction) * 0x1p-24
        return sign == 0 ? magnitude : -magnitude
    case 31: return Float(bitPattern: sign | 0x7f80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
}

/// Widens one stored row to f32.
///
/// - Parameters:
///   - format: The row's format.
///   - row: Its first byte.
///   - count: Values in the row, whole blocks.
///   - out: Room for `count` values.
public func decodeRowPlainly(
    _ format: StorageFormat, _ row: UnsafeRawPointer, _ count: Int,
    _ out: UnsafeMutablePointer<Float>
) {
    for block in 0..<count / format.blockSize {
        let from = row + block * format.blockBytes
        let to = out + block * format.blockSize
        switch format {
        case .f32: to[0] = from.loadUnaligned(as: Float.self)
        case .f16: to[0] = half(from)
        case .bf16: to[0] = Float(bitPattern: UInt32(from.loadUnaligned(as: UInt16.self)) << 16)
        case .q4_0: decodeNibbles(from + 2, nil, half(from), -8 * half(from), to)
        case .q4_1: decodeNibbles(from + 4, nil, half(from), half(from + 2), to)
        case .q5_0: decodeNibbles(from + 6, from + 2, half(from), -16 * half(from), to)
        case .q5_1: decodeNibbles(from + 8, from + 4, half(from), half(from + 2), to)
        case .q8_0:
            let scale = half(from)
            for i in 0..<32 { to[i] = scale * Float((from + 2 + i).load(as: Int8.self)) }
        case .q6_K: decodeQ6K(from, to)
        }
    }
}

/// 32 values of 4 bits, or 5 with the upper bits in a word of their own: `scale * q + offset`.
///
/// Scale times value is exact in f32, so this equals `scale * (q - 8)` bit for bit.
@inline(__always)
private func decodeNibbles(
    _ nibbles: UnsafeRawPointer, _ fifth: UnsafeRawPointer?, _ scale: Float, _ offset: Float,
    _ out: UnsafeMutablePointer<Float>
) {
    let high = fifth.map { $0.loadUnaligned(as: UInt32.self) } ?? 0
    for i in 0..<16 {
        let byte = (nibbles + i).load(as: UInt8.self)
        let low = UInt32(byte & 15) | (high >> UInt32(i) & 1) << 4
        let top = UInt32(byte >> 4) | (high >> UInt32(i + 16) & 1) << 4
        out[i] = scale * Float(low) + offset
        out[i + 16] = scale * Float(top) + offset
    }
}

/// 256 values: 128 bytes of low nibbles, 64 bytes of upper bit pairs, 16 signed scales, an f16 scale.
@inline(__always)
private func decodeQ6K(_ block: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>) {
    let scale = half(block + 208)
    for i in 0..<256 {
        // Two halves of 128 values, each four quarters of 32.
        let part = i / 128, quarter = i % 128 / 32, lane = i % 32
        let low = (block + part * 64 + quarter % 2 * 32 + lane).load(as: UInt8.self)
        let high = (block + 128 + part * 32 + lane).load(as: UInt8.self)
        let nibble = quarter < 2 ? low & 15 : low >> 4
        let value = Int(nibble | (high >> UInt8(2 * quarter) & 3) << 4) - 32
        let group = (block + 192 + i / 16).load(as: Int8.self)
        out[i] = scale * Float(group) * Float(value)
    }
}
