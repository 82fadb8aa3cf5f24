// The other direction of BlockDecoding: f32 rounded into every storage format. Formats of 32 values
// give the bytes of GGML's reference quantizers, ties included; Q6_K searches its scales.

/// Narrows to an IEEE half, to nearest, ties to even; infinite from 65520.
@inline(__always)
public func halfBits(_ value: Float) -> UInt16 {
    let sign = UInt16(truncatingIfNeeded: value.bitPattern >> 16) & 0x8000
    let magnitude = value.bitPattern & 0x7fff_ffff
    if magnitude > 0x7f80_0000 { return sign | 0x7e00 }
    if magnitude >= 0x4780_0000 { return sign | 0x7c00 }
    if magnitude < 0x3880_0000 {
        // Below 2⁻¹⁴: beside 0.5, one unit in the last place is 2⁻²⁴, the least half.
        let shifted = Float(bitPattern: magnitude) + 0.5
        return sign | UInt16(truncatingIfNeeded: shifted.bitPattern &- 0x3f00_0000)
    }
    let rounded = magnitude &+ 0xfff &+ (magnitude >> 13 & 1)
    return sign | UInt16(truncatingIfNeeded: (rounded >> 13) &- (112 << 10))
}

/// Narrows to the upper half of an f32, to nearest, ties to even.
@inline(__always)
public func bfloat16Bits(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if bits & 0x7fff_ffff > 0x7f80_0000 { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
    return UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ (bits >> 16 & 1)) >> 16)
}

/// Rounds one row of f32 into a storage format.
///
/// - Parameters:
///   - format: The format.
///   - row: The values.
///   - count: Their number, whole blocks.
///   - out: Room for the stored row.
/// - Returns: nil, or the first value of the first block that the format cannot hold: a value is not
///   finite, or a scale is beyond 65504.
public func encodeRow(
    _ format: StorageFormat, _ row: UnsafePointer<Float>, _ count: Int,
    _ out: UnsafeMutableRawPointer
) -> Int? {
    switch format {
    case .f32: encodeBlocks(format, row, count, out) { $1.storeValue($0[0]) }
    case .f16: encodeBlocks(format, row, count, out) { $1.storeHalf($0[0]) }
    case .bf16: encodeBlocks(format, row, count, out) { $1.storeBFloat16($0[0]) }
    case .q8_0: encodeBlocks(format, row, count, out, encodeQ8)
    case .q4_0:
        encodeBlocks(format, row, count, out) { encodeCentered($0, $1, levels: 16) }
    case .q5_0:
        encodeBlocks(format, row, count, out) { encodeCentered($0, $1, levels: 32) }
    case .q4_1:
        encodeBlocks(format, row, count, out) { encodeOffset($0, $1, levels: 16) }
    case .q5_1:
        encodeBlocks(format, row, count, out) { encodeOffset($0, $1, levels: 32) }
    case .q6_K: encodeBlocks(format, row, count, out, encodeQ6K)
    }
}

@inline(__always)
private func encodeBlocks(
    _ format: StorageFormat, _ row: UnsafePointer<Float>, _ count: Int,
    _ out: UnsafeMutableRawPointer,
    _ encode: (UnsafePointer<Float>, UnsafeMutableRawPointer) -> Bool
) -> Int? {
    let size = format.blockSize, bytes = format.blockBytes
    for block in 0..<count / size where !encode(row + block * size, out + block * bytes) {
        return block * size
    }
    return nil
}

extension UnsafeMutableRawPointer {
    @inline(__always)
    fileprivate func storeValue(_ value: Float) -> Bool {
        storeBytes(of: value, as: Float.self)
        return value.isFinite
    }

    @inline(__always)
    fileprivate func storeHalf(_ value: Float) -> Bool {
        let bits = halfBits(value)
        storeBytes(of: bits, as: UInt16.self)
        return bits & 0x7c00 != 0x7c00
    }

    @inline(__always)
    fileprivate func storeBFloat16(_ value: Float) -> Bool {
        let bits = bfloat16Bits(value)
        storeBytes(of: bits, as: UInt16.self)
        return bits & 0x7f80 != 0x7f80
    }
}

/// Whether all values are finite.
@inline(__always)
private func areFinite(_ x: UnsafePointer<Float>, _ count: Int) -> Bool {
    var zero: Float = 0
    for i in 0..<count { zero += x[i] * 0 }
    return zero == 0
}

/// The value of greatest magnitude; of equal ones the first.
@inline(__always)
private func greatest(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
    var magnitude: Float = 0, value: Float = 0
    for i in 0..<count where magnitude < abs(x[i]) {
        magnitude = abs(x[i])
        value = x[i]
    }
    return value
}

/// One over a scale, 0 for 0; infinite for scales so small that they are stored as 0.
@inline(__always)
private func inverse(_ scale: Float) -> Float { scale == 0 ? 0 : 1 / scale }

/// A code, cut towards zero; what an infinite inverse made of a value is 0.
@inline(__always)
private func code(_ value: Float, _ levels: UInt32) -> UInt32 {
    value >= 0 && value < 64 ? min(levels - 1, UInt32(value)) : 0
}

/// Scale `max|x| / 127`, signed bytes, halves away from zero.
private func encodeQ8(_ x: UnsafePointer<Float>, _ out: UnsafeMutableRawPointer) -> Bool {
    let scale = abs(greatest(x, 32)) / 127, factor = inverse(scale)
    for i in 0..<32 {
        let value = x[i] * factor
        // Rounded by hand: adding a half first would round the greatest value below a half up.
        let magnitude = abs(value)
        let whole = magnitude < 128 ? Int32(magnitude) : 0
        let up: Int32 = magnitude < 128 && magnitude - Float(whole) >= 0.5 ? 1 : 0
        let rounded = value < 0 ? -(whole + up) : whole + up
        (out + 2 + i).storeBytes(of: Int8(truncatingIfNeeded: rounded), as: Int8.self)
    }
    return out.storeHalf(scale) && areFinite(x, 32)
}

/// A scale of which the greatest value is the least code, codes around the middle.
@inline(__always)
private func encodeCentered(
    _ x: UnsafePointer<Float>, _ out: UnsafeMutableRawPointer, levels: UInt32
) -> Bool {
    let middle = Float(levels / 2)
    let scale = greatest(x, 32) / -middle, factor = inverse(scale)
    storeCodes(out + 2, levels) { code(x[$0] * factor + (middle + 0.5), levels) }
    return out.storeHalf(scale) && areFinite(x, 32)
}

/// A scale and a minimum, codes from the minimum up.
@inline(__always)
private func encodeOffset(
    _ x: UnsafePointer<Float>, _ out: UnsafeMutableRawPointer, levels: UInt32
) -> Bool {
    var least = x[0], most = x[0]
    for i in 1..<32 {
        if x[i] < least { least = x[i] }
        if x[i] > most { most = x[i] }
    }
    let scale = (most - least) / Float(levels - 1), factor = inverse(scale)
    storeCodes(out + 4, levels) { code((x[$0] - least) * factor + 0.5, levels) }
    return out.storeHalf(scale) && (out + 2).storeHalf(least) && areFinite(x, 32)
}

/// Packs 32 codes: low nibbles in pairs, and for five bits the upper ones in a word before them.
@inline(__always)
func storeCodes(
    _ out: UnsafeMutableRawPointer, _ levels: UInt32, _ code: (Int) -> UInt32
) {
    let nibbles = levels == 32 ? out + 4 : out
    var high: UInt32 = 0
    for i in 0..<16 {
        let low = code(i), top = code(i + 16)
        let byte = UInt8(truncatingIfNeeded: low & 15 | (top & 15) << 4)
        (nibbles + i).storeBytes(of: byte, as: UInt8.self)
        high |= (low >> 4) << UInt32(i) | (top >> 4) << UInt32(i + 16)
    }
    if levels == 32 { out.storeBytes(of: high, as: UInt32.self) }
}

/// 16 groups of 16: a scale of the block, 8-bit scales of the groups, 6-bit codes.
private func encodeQ6K(_ x: UnsafePointer<Float>, _ out: UnsafeMutableRawPointer) -> Bool {
    out.initializeMemory(as: UInt8.self, repeating: 0, count: 210)
    return withUnsafeTemporaryAllocation(of: Float.self, capacity: 16) { scales in
        for group in 0..<16 { scales[group] = groupScale(x + group * 16) }
        guard let all = scales.baseAddress else { return false }
        let most = greatest(all, 16)
        guard most != 0 else { return areFinite(x, 256) }
        guard (out + 208).storeHalf(most / -128), areFinite(x, 256) else { return false }
        let unit = half(out + 208), factor = -128 / most
        for group in 0..<16 {
            let stored = min(127, max(-128, nearest(scales[group] * factor)))
            (out + 192 + group).storeBytes(of: Int8(stored), as: Int8.self)
            let scale = unit * stored
            for i in group * 16..<group * 16 + 16 {
                let value =
                    scale == 0 ? 0 : min(31, max(-32, nearest(min(64, max(-64, x[i] / scale)))))
                storeQ6K(out, i, UInt8(Int32(value) + 32))
            }
        }
        return true
    }
}

/// Adds one code to a block whose codes are still 0 there; the layout is that of `decodeQ6K`.
@inline(__always)
private func storeQ6K(_ block: UnsafeMutableRawPointer, _ index: Int, _ code: UInt8) {
    let part = index / 128, quarter = index % 128 / 32, lane = index % 32
    let low = block + part * 64 + quarter % 2 * 32 + lane, high = block + 128 + part * 32 + lane
    let nibble = quarter < 2 ? code & 15 : (code & 15) << 4
    low.storeBytes(of: low.load(as: UInt8.self) | nibble, as: UInt8.self)
    let pair = (code >> 4) << UInt8(2 * quarter)
    high.storeBytes(of: high.load(as: UInt8.self) | pair, as: UInt8.self)
}

/// To the nearest whole number, for magnitudes below 2²².
@inline(__always)
private func nearest(_ value: Float) -> Float { (value + 0x1.8p23) - 0x1.8p23 }

/// The scale for 16 values and codes from -32 to 31 with the least squared error, large values
/// counting by their square.
///
/// For given codes the best scale is `Σ w·x·code / Σ w·code²`; codes are tried for some scales near
/// the one that gives the greatest value the code -32.
private func groupScale(_ x: UnsafePointer<Float>) -> Float {
    let most = greatest(x, 16)
    // Such values are 0 in any block, whose scale is an f16; one over them might be infinite.
    guard abs(most) > 1e-30, most.isFinite else { return 0 }
    let factor = 1 / most
    var best: Float = -1, scale: Float = 0
    for step in -9...9 {
        let steepness = -(32 + 0.1 * Float(step)) * factor
        var product: Float = 0, square: Float = 0
        for i in 0..<16 {
            let value = x[i] * factor, weight = value * value
            let code = min(31, max(-32, nearest(x[i] * steepness)))
            product += weight * value * code
            square += weight * code * code
        }
        if square > 0, product * product > best * square {
            best = product * product / square
            scale = product / square
        }
    }
    return scale * most
}
