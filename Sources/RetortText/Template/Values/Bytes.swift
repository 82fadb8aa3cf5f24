/// Searching in UTF-8; a match of whole scalars is a match of bytes.
enum Bytes {
    /// Offsets of the occurrences that do not overlap, from the front; an empty needle has none.
    static func occurrences(of needle: [UInt8], in text: [UInt8], limit: Int = .max) -> [Int] {
        guard let first = needle.first, needle.count <= text.count else { return [] }
        var found: [Int] = []
        var position = 0
        let last = text.count - needle.count
        while position <= last, found.count < limit {
            if text[position] == first, matches(needle, in: text, at: position) {
                found.append(position)
                position += needle.count
            } else {
                position += 1
            }
        }
        return found
    }

    /// The same from the back, the last one first.
    static func lastOccurrences(of needle: [UInt8], in text: [UInt8], limit: Int) -> [Int] {
        guard let first = needle.first, needle.count <= text.count else { return [] }
        var found: [Int] = []
        var position = text.count - needle.count
        while position >= 0, found.count < limit {
            if text[position] == first, matches(needle, in: text, at: position) {
                found.append(position)
                position -= needle.count
            } else {
                position -= 1
            }
        }
        return found
    }

    static func contains(_ needle: String, in text: String) -> Bool {
        needle.utf8.isEmpty
            || !occurrences(of: Array(needle.utf8), in: Array(text.utf8), limit: 1).isEmpty
    }

    private static func matches(_ needle: [UInt8], in text: [UInt8], at position: Int) -> Bool {
        for offset in 1..<max(1, needle.count) where text[position + offset] != needle[offset] {
            return false
        }
        return true
    }
}

extension String {
    init(_ bytes: ArraySlice<UInt8>) { self.init(decoding: bytes, as: UTF8.self) }

    /// Whether this comes before another text by code points, as bytes of UTF-8 do.
    func precedes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }

    /// The number of scalars: Python's `len`.
    var scalarCount: Int { unicodeScalars.count }

    init(_ scalar: Unicode.Scalar) { self.init(Character(scalar)) }
}
