/// A dictionary key that compares text byte for byte.
///
/// Swift's `==` on `String` follows Unicode canonical equivalence, under which two different
/// vocabulary entries may be equal. File formats mean the bytes.
public struct ExactKey: Hashable, Sendable {
    /// The text.
    public let string: String

    /// Wraps a text.
    public init(_ string: String) { self.string = string }

    /// Whether both texts have the same UTF-8 bytes.
    public static func == (left: Self, right: Self) -> Bool {
        left.string.utf8.elementsEqual(right.string.utf8)
    }

    /// Hashes the UTF-8 bytes.
    public func hash(into hasher: inout Hasher) {
        var text = string
        text.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
