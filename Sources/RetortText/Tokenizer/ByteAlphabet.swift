/// The 256 printable characters by which byte-level tokenizers write bytes.
///
/// Printable Latin-1 bytes stand for themselves, the others for U+0100 and up in byte order.
/// Source: the GPT-2 release (Radford et al. 2019).
enum ByteAlphabet {
    /// The character of each byte.
    static let scalars: [Unicode.Scalar] = {
        var next: UInt32 = 0x100
        return (UInt8.min ... .max).map { byte in
            switch byte {
            case 0x21...0x7e, 0xa1...0xac, 0xae...0xff: return Unicode.Scalar(byte)
            default:
                defer { next += 1 }
                return Unicode.Scalar(next) ?? " "
            }
        }
    }()

    /// The UTF-8 form of each byte's character.
    static let encoded: [[UInt8]] = scalars.map { Array(String($0).utf8) }

    /// The byte of each character below U+0200; -1 where there is none.
    private static let bytes: [Int16] = {
        var table = [Int16](repeating: -1, count: 0x200)
        for (byte, scalar) in scalars.enumerated() { table[Int(scalar.value)] = Int16(byte) }
        return table
    }()

    /// The byte that a character stands for.
    static func byte(of scalar: UInt32) -> UInt8? {
        scalar < 0x200 ? UInt8(exactly: bytes[Int(scalar)]) : nil
    }

    /// The bytes that a text in this alphabet stands for; nil if another character is in it.
    static func bytes(of text: some Collection<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var lead: UInt32 = 0
        for byte in text {
            if byte < 0x80 {
                guard lead == 0, let value = self.byte(of: UInt32(byte)) else { return nil }
                result.append(value)
            } else if byte >= 0xc4 && byte < 0xc8 || byte == 0xc2 || byte == 0xc3 {
                guard lead == 0 else { return nil }
                lead = UInt32(byte)
            } else if byte < 0xc0 {
                let scalar = (lead & 0x1f) << 6 | UInt32(byte & 0x3f)
                guard lead != 0, let value = self.byte(of: scalar) else { return nil }
                result.append(value)
                lead = 0
            } else {
                return nil
            }
        }
        return lead == 0 ? result : nil
    }
}
