/// How SentencePiece prepares text: replacements, extra spaces, marks for spaces.
///
/// Source: Kudo and Richardson 2018, arXiv:1808.06226, and the program's behaviour.
struct SentencePieceNormalizer: Sendable, Equatable {
    /// Characters to replace.
    var map: CharactersMap?
    /// Whether a space is put in front (or behind, with ``marksEnd``).
    var addsSpace = true
    /// Whether spaces at the ends vanish and runs of them become one.
    var removesExtraSpaces = true
    /// Whether spaces become U+2581.
    var marksSpaces = true
    /// Whether the mark stands at the end of words.
    var marksEnd = false
    private static let mark = Array("\u{2581}".utf8)

    /// Normalizes a text; what `fixed` finds stays as it is.
    func apply(to text: inout AlignedText, keeping fixed: ByteTrie) {
        let space = marksSpaces ? Self.mark : [0x20]
        var bytes: [UInt8] = []
        var sources: [Range<Int>] = []
        func append(_ content: some Sequence<UInt8>, _ source: Range<Int>) {
            for byte in content {
                bytes.append(byte)
                sources.append(source)
            }
        }
        if addsSpace, !marksEnd, let first = text.sources.first { append(space, first) }
        var followsSpace = removesExtraSpaces
        var index = 0
        while index < text.bytes.count {
            let (length, replacement) = prefix(of: text.bytes[index...], keeping: fixed)
            let end = min(index + max(length, 1), text.bytes.count)
            let source =
                text.sources[index]
                .lowerBound..<max(text.sources[index].lowerBound, text.sources[end - 1].upperBound)
            var content = replacement[...]
            while followsSpace, content.first == 0x20 { content.removeFirst() }
            if let last = content.last {
                for byte in content { append(byte == 0x20 ? space : [byte], source) }
                followsSpace = removesExtraSpaces && last == 0x20
            }
            index = end
        }
        let isBlank = bytes.isEmpty
        if removesExtraSpaces {
            while bytes.ends(with: space) {
                bytes.removeLast(space.count)
                sources.removeLast(space.count)
            }
        }
        if addsSpace, marksEnd, !isBlank, let last = text.sources.last { append(space, last) }
        text.bytes = bytes
        text.sources = sources
    }

    /// What the start of a text becomes, and how long that start is.
    private func prefix(
        of text: ArraySlice<UInt8>, keeping fixed: ByteTrie
    ) -> (length: Int, replacement: ArraySlice<UInt8>) {
        if let (length, _) = fixed.longestPrefix(of: text) { return (length, text.prefix(length)) }
        if let found = map?.longestPrefix(of: text) { return found }
        let length = decodeScalar(in: text, at: text.startIndex).length
        return (length, text.prefix(length))
    }
}

extension [UInt8] {
    fileprivate func ends(with other: [UInt8]) -> Bool {
        count >= other.count && suffix(other.count).elementsEqual(other)
    }
}
