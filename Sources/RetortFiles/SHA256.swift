import CDigest

/// The SHA-256 sum of bytes that come in pieces.
///
/// Source: FIPS 180-4, sections 4.1.2, 5 and 6.2.
public struct SHA256: Sendable {
    private var state = Self.initial
    /// The begun block.
    private var pending: [UInt8] = []
    private var byteCount: UInt64 = 0

    /// Whether the processor has instructions for this.
    private let hasInstructions: Bool
    private static let processorHasInstructions = digest_has_sha256() != 0

    /// Begins a sum.
    public init() { self.init(plain: false) }

    /// Begins a sum, if wished without the processor's instructions.
    package init(plain: Bool) { hasInstructions = !plain && Self.processorHasInstructions }

    /// Takes the next bytes.
    public mutating func update(_ bytes: RawSpan) {
        byteCount &+= UInt64(bytes.byteCount)
        var start = 0
        if !pending.isEmpty {
            start = min(64 - pending.count, bytes.byteCount)
            pending.append(contentsOf: bytes.extracting(0..<start))
            guard pending.count == 64 else { return }
            let block = pending
            unsafe compress(block.span.bytes)
            pending = []
        }
        let whole = (bytes.byteCount - start) / 64 * 64
        if whole > 0 { compress(bytes.extracting(start..<start + whole)) }
        pending.append(contentsOf: bytes.extracting((start + whole)...))
    }

    /// Takes the next bytes.
    public mutating func update(_ bytes: [UInt8]) { unsafe update(bytes.span.bytes) }

    /// The sum in hexadecimal.
    public consuming func finished() -> String {
        let bitCount = byteCount &* 8
        pending.append(0x80)
        while pending.count % 64 != 56 { pending.append(0) }
        for shift in stride(from: 56, through: 0, by: -8) {
            pending.append(UInt8(truncatingIfNeeded: bitCount >> UInt64(shift)))
        }
        let end = pending
        unsafe compress(end.span.bytes)
        return (0..<8).map { index in
            let digits = String(state[index], radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }.joined()
    }

    /// The sum of some bytes, in hexadecimal.
    public static func hash(_ bytes: [UInt8]) -> String {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finished()
    }

    /// The sum of a file, in hexadecimal.
    ///
    /// - Parameter path: The file; it may be empty.
    /// - Returns: 64 digits.
    /// - Throws: ``FileError``.
    public static func hash(file path: String) throws(FileError) -> String {
        do throws(FileError) {
            return try MappedFile(path).withBytes { bytes in
                var hash = SHA256()
                hash.update(bytes)
                return hash.finished()
            }
        } catch .empty {
            return hash([])
        }
    }

    /// Mixes whole blocks into the state.
    private mutating func compress(_ blocks: RawSpan) {
        guard hasInstructions else { return Self.compress(blocks, into: &state) }
        var words = state.mutableSpan
        unsafe words.withUnsafeMutableBufferPointer { words in
            unsafe blocks.withUnsafeBytes { blocks in
                unsafe digest_sha256(words.baseAddress, blocks.baseAddress, blocks.count / 64)
            }
        }
    }

    /// The same without the processor's instructions; the letters are those of the standard.
    private static func compress(_ blocks: RawSpan, into state: inout InlineArray<8, UInt32>) {
        let constants = constants
        var schedule = InlineArray<64, UInt32>(repeating: 0)
        for block in stride(from: 0, to: blocks.byteCount, by: 64) {
            for index in 0..<16 {
                let word = unsafe blocks.unsafeLoadUnaligned(
                    fromByteOffset: block + index * 4, as: UInt32.self)
                schedule[index] = UInt32(bigEndian: word)
            }
            for index in 16..<64 {
                let (early, late) = (schedule[index &- 15], schedule[index &- 2])
                let sigma0 = early.rotated(7) ^ early.rotated(18) ^ early &>> 3
                let sigma1 = late.rotated(17) ^ late.rotated(19) ^ late &>> 10
                schedule[index] =
                    schedule[index &- 16] &+ sigma0 &+ schedule[index &- 7] &+ sigma1
            }
            var (a, b, c, d) = (state[0], state[1], state[2], state[3])
            var (e, f, g, h) = (state[4], state[5], state[6], state[7])
            for round in 0..<64 {
                let sum1 = e.rotated(6) ^ e.rotated(11) ^ e.rotated(25)
                let choice = g ^ e & (f ^ g)
                let first = h &+ sum1 &+ choice &+ constants[round] &+ schedule[round]
                let sum0 = a.rotated(2) ^ a.rotated(13) ^ a.rotated(22)
                let majority = a & b | c & (a | b)
                h = g
                g = f
                f = e
                e = d &+ first
                d = c
                c = b
                b = a
                a = first &+ sum0 &+ majority
            }
            state[0] &+= a
            state[1] &+= b
            state[2] &+= c
            state[3] &+= d
            state[4] &+= e
            state[5] &+= f
            state[6] &+= g
            state[7] &+= h
        }
    }

    private static let initial: InlineArray<8, UInt32> = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
        0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]

    private static let constants: InlineArray<64, UInt32> = [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4,
        0xab1c_5ed5, 0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe,
        0x9bdc_06a7, 0xc19b_f174, 0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f,
        0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da, 0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7,
        0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967, 0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc,
        0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85, 0xa2bf_e8a1, 0xa81a_664b,
        0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070, 0x19a4_c116,
        0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7,
        0xc671_78f2,
    ]
}

extension UInt32 {
    /// The bits moved to the right, those that fall out coming back on the left.
    fileprivate func rotated(_ count: UInt32) -> UInt32 { self &>> count | self &<< (32 &- count) }
}

extension [UInt8] {
    /// Adds bytes at the end.
    package mutating func append(contentsOf bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { unsafe append(contentsOf: $0) }
    }
}
