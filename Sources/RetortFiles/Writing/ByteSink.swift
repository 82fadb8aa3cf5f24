/// Something that takes bytes in order and makes a file of them: plain or compressed.
public protocol ByteSink: ~Copyable {
    /// Takes the next bytes.
    mutating func write(_ bytes: RawSpan) throws
    /// Puts the file in place.
    consuming func finish() throws -> WrittenFile
}

extension ByteSink where Self: ~Copyable {
    /// Takes the next bytes.
    public mutating func write(_ bytes: [UInt8]) throws {
        unsafe try write(bytes.span.bytes)
    }
}

/// A file that has been written and put in place.
public struct WrittenFile: Equatable, Sendable {
    /// Its path.
    public var path: String
    /// Its size.
    public var byteCount: Int
    /// The size of the content; for a plain file the same.
    public var contentByteCount: Int
    /// The SHA-256 of the file (not of the content of a compressed one), in hexadecimal, if asked for.
    public var sha256: String?
}
