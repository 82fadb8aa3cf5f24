import RetortKernels

/// A random matrix in a storage format, and the values that its bytes mean.
struct EncodedMatrix {
    let format: StorageFormat
    let rowCount: Int
    let columnCount: Int
    let stride: Int
    /// Where each row stands in `bytes`.
    let rowMap: [Int32]?
    let bytes: [UInt8]
    /// Decoded by the definitions below, row by row in the matrix's order.
    let values: [Float]

    /// Makes one; shuffled rows stand in another order, with one that does not belong, and `gap` bytes
    /// lie between a row and the next.
    init(
        _ format: StorageFormat, _ rows: Int, _ columns: Int, isShuffled: Bool = false,
        gap: Int = 0,
        _ random: inout Random
    ) {
        self.format = format
        rowCount = rows
        columnCount = columns
        let rowBytes = columns / format.blockSize * format.blockBytes
        stride = rowBytes + gap
        let stored = isShuffled ? rows + 1 : rows
        var bytes = [UInt8](repeating: 0xff, count: max(0, stored * stride - gap))
        var decoded: [[Float]] = []
        for row in 0..<stored {
            var values: [Float] = []
            for block in 0..<columns / format.blockSize {
                let content = Self.block(format, &random)
                let start = row * stride + block * format.blockBytes
                bytes.replaceSubrange(start..<start + format.blockBytes, with: content)
                values += Self.decode(format, content)
            }
            decoded.append(values)
        }
        self.bytes = bytes
        if isShuffled {
            var order = Array(0..<Int32(stored))
            for index in order.indices.reversed() {
                order.swapAt(index, Int(random.word() % UInt64(index + 1)))
            }
            rowMap = Array(order.prefix(rows))
            values = order.prefix(rows).flatMap { decoded[Int($0)] }
        } else {
            rowMap = nil
            values = decoded.flatMap { $0 }
        }
    }

    private static func littleEndian(_ half: Float16) -> [UInt8] {
        [UInt8(half.bitPattern & 255), UInt8(half.bitPattern >> 8)]
    }

    /// A block of random content, with scales of the size that real ones have.
    private static func block(_ format: StorageFormat, _ random: inout Random) -> [UInt8] {
        func scale(_ random: inout Random) -> [UInt8] { littleEndian(Float16(random.value() / 8)) }
        func noise(_ count: Int, _ random: inout Random) -> [UInt8] {
            (0..<count).map { _ in UInt8(truncatingIfNeeded: random.word()) }
        }
        switch format {
        case .f32:
            let bits = random.value().bitPattern
            return (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
        case .f16: return littleEndian(Float16(random.value()))
        case .bf16:
            let bits = bfloat16Bits(random.value())
            return [UInt8(bits & 255), UInt8(bits >> 8)]
        case .q4_0: return scale(&random) + noise(16, &random)
        case .q4_1: return scale(&random) + scale(&random) + noise(16, &random)
        case .q5_0: return scale(&random) + noise(20, &random)
        case .q5_1: return scale(&random) + scale(&random) + noise(20, &random)
        case .q8_0: return scale(&random) + noise(32, &random)
        case .q6_K:
            return noise(208, &random) + littleEndian(Float16(random.value() / 256))
        }
    }

    /// What a block means, from the format's definition (GGML's reference quantizations).
    private static func decode(_ format: StorageFormat, _ block: [UInt8]) -> [Float] {
        func half(_ at: Int) -> Float {
            Float(Float16(bitPattern: UInt16(block[at]) | UInt16(block[at + 1]) << 8))
        }
        func nibble(_ at: Int, _ index: Int) -> Int {
            Int(index < 16 ? block[at + index] & 15 : block[at + index - 16] >> 4)
        }
        /// Bit `index` of the 32 that begin at a byte.
        func bit(_ at: Int, _ index: Int) -> Int { Int(block[at + index / 8] >> (index % 8) & 1) }
        let places = 0..<32
        switch format {
        case .f32:
            return [
                Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(block[$1]) << (8 * UInt32($1)) })
            ]
        case .f16: return [half(0)]
        case .bf16:
            return [Float(bitPattern: UInt32(block[0]) << 16 | UInt32(block[1]) << 24)]
        case .q4_0: return places.map { half(0) * Float(nibble(2, $0) - 8) }
        case .q4_1: return places.map { half(0) * Float(nibble(4, $0)) + half(2) }
        case .q5_0:
            return places.map { half(0) * Float(nibble(6, $0) + 16 * bit(2, $0) - 16) }
        case .q5_1:
            return places.map { half(0) * Float(nibble(8, $0) + 16 * bit(4, $0)) + half(2) }
        case .q8_0: return places.map { half(0) * Float(Int8(bitPattern: block[2 + $0])) }
        case .q6_K:
            // Value v: nibble and bit pair lie in the half of 128 that v is in.
            return (0..<256).map { v in
                let part = v / 128, rest = v % 128
                let low = block[64 * part + rest % 64]
                let nibble = rest < 64 ? low & 15 : low >> 4
                let pair = block[128 + 32 * part + rest % 32] >> (2 * (rest / 32)) & 3
                let scale = Float(Int8(bitPattern: block[192 + v / 16]))
                return half(208) * scale * Float(Int(nibble) + 16 * Int(pair) - 32)
            }
        }
    }
}
