/// The CRC-32 of zlib, PNG and Ethernet (ISO 3309): polynomial 0x04C11DB7, reflected.
package struct CRC32: Sendable {
    private var register = UInt32.max

    /// Starts a sum.
    package init() {}

    /// The sum of all bytes so far.
    package var value: UInt32 { ~register }

    /// Adds the four bytes of a number, the lowest first.
    package mutating func update(littleEndian number: UInt32) {
        for shift in stride(from: 0, to: 32, by: 8) {
            let index = UInt8(truncatingIfNeeded: register ^ number >> UInt32(shift))
            register = register >> 8 ^ Self.table[Int(index)]
        }
    }

    /// The remainders of single bytes.
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { rest, _ in
            rest & 1 == 1 ? rest >> 1 ^ 0xedb8_8320 : rest >> 1
        }
    }
}
