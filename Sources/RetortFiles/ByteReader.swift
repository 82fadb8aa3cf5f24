/// Reads little-endian numbers and texts from bytes, one after the other; no read leaves them.
///
/// Valid only while the bytes are: use it inside the closure that lends them.
@safe
package struct ByteReader {
    /// A read that would pass the end.
    package struct EndOfBytes: Error, Equatable {
        /// Where the read began.
        package let offset: Int
        /// How many bytes it wanted; nil if more than can be counted.
        package let needed: Int?
        /// How many were left.
        package let left: Int
    }

    private let bytes: UnsafeRawBufferPointer
    /// Where the next read begins.
    package private(set) var offset = 0

    /// Reads from the start of some bytes.
    package init(_ bytes: UnsafeRawBufferPointer) { unsafe self.bytes = bytes }

    /// How many bytes follow.
    package var left: Int { unsafe bytes.count - offset }

    /// Reads an integer, lowest byte first.
    package mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(
        _: Value.Type = Value.self
    ) throws(EndOfBytes) -> Value {
        let start = try advance(by: MemoryLayout<Value>.size)
        return unsafe Value(
            littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: Value.self))
    }

    /// Reads a 32-bit floating-point number.
    package mutating func float() throws(EndOfBytes) -> Float {
        Float(bitPattern: try integer())
    }

    /// Reads a 64-bit floating-point number.
    package mutating func double() throws(EndOfBytes) -> Double {
        Double(bitPattern: try integer())
    }

    /// Reads bytes as text.
    ///
    /// - Parameter count: The number of bytes.
    /// - Returns: The text, or nil if the bytes are not UTF-8.
    /// - Throws: ``EndOfBytes``.
    package mutating func text(count: UInt64) throws(EndOfBytes) -> String? {
        let start = try advance(by: count)
        let piece = unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<offset])
        let bytes = unsafe Span<UInt8>(_unsafeBytes: piece)
        guard let text = try? UTF8Span(validating: bytes) else { return nil }
        return String(copying: text)
    }

    /// Passes over text.
    ///
    /// - Parameter count: The number of bytes.
    /// - Returns: Whether the bytes are UTF-8.
    /// - Throws: ``EndOfBytes``.
    package mutating func skipText(count: UInt64) throws(EndOfBytes) -> Bool {
        let start = try advance(by: count)
        let piece = unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<offset])
        let bytes = unsafe Span<UInt8>(_unsafeBytes: piece)
        return (try? UTF8Span(validating: bytes)) != nil
    }

    /// Passes over bytes.
    ///
    /// - Parameter count: Their number.
    /// - Returns: The offset of the first.
    /// - Throws: ``EndOfBytes``.
    @discardableResult
    package mutating func advance(by count: some BinaryInteger) throws(EndOfBytes) -> Int {
        guard let count = Int(exactly: count), count >= 0, count <= left else {
            throw EndOfBytes(offset: offset, needed: Int(exactly: count), left: left)
        }
        defer { offset += count }
        return offset
    }
}
