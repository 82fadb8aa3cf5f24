/// SentencePiece's table of replacements: a trie of texts and what they become.
///
/// Layout: the trie's size in bytes, the trie (a double array of 32-bit units), and the
/// replacements, each ended by a zero byte. All little-endian.
/// Source: SentencePiece's normalizer and the Darts-clone double-array format.
struct CharactersMap: Sendable, Equatable {
    /// The table as stored in a file.
    let encoded: [UInt8]
    private let units: [UInt32]
    private let replacements: ArraySlice<UInt8>

    /// Reads a table; nil if its size does not fit.
    init?(_ encoded: [UInt8]) {
        func unit(at offset: Int) -> UInt32 {
            encoded[offset..<offset + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
        }
        guard encoded.count >= 4 else { return nil }
        let size = Int(unit(at: 0))
        guard size >= 4, size % 4 == 0, size <= encoded.count - 4 else { return nil }
        self.encoded = encoded
        units = stride(from: 4, to: 4 + size, by: 4).map(unit)
        replacements = encoded[(4 + size)...]
    }

    /// The longest key that a text starts with, and its replacement.
    func longestPrefix(of text: ArraySlice<UInt8>) -> (length: Int, replacement: ArraySlice<UInt8>)?
    {
        var best: (length: Int, replacement: ArraySlice<UInt8>)?
        walk(text) { length, replacement in best = (length, replacement) }
        return best
    }

    /// The replacement for the shortest key that a text starts with.
    private func firstPrefix(of text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var first: ArraySlice<UInt8>?
        walk(text) { _, replacement in first = first ?? replacement }
        return first
    }

    /// Reports the keys that a text starts with, shortest first.
    private func walk(
        _ text: ArraySlice<UInt8>, _ found: (Int, ArraySlice<UInt8>) -> Void
    ) {
        var node = Int(offset(of: units[0]))
        var length = 0
        for byte in text {
            if byte == 0 { return }
            node ^= Int(byte)
            length += 1
            guard units.indices.contains(node), units[node] & 0x8000_00ff == UInt32(byte) else {
                return
            }
            let unit = units[node]
            node ^= Int(offset(of: unit))
            if unit >> 8 & 1 == 1, units.indices.contains(node) {
                let start = replacements.startIndex + Int(units[node] & 0x7fff_ffff)
                guard start < replacements.endIndex else { return }
                found(length, replacements[start...].prefix { $0 != 0 })
            }
        }
    }

    private func offset(of unit: UInt32) -> UInt32 { (unit >> 10) << ((unit & 1 << 9) >> 6) }

    /// Replaces what the table holds, as Hugging Face tokenizers does.
    ///
    /// Short grapheme clusters are looked up as a whole first, then scalar by scalar; for either
    /// the shortest key that it starts with decides.
    func apply(to text: inout AlignedText) {
        var edits: [UnicodeNormalization.Edit] = []
        var isChanged = false
        for cluster in String(decoding: text.bytes, as: UTF8.self) {
            let bytes = Array(cluster.utf8)
            if bytes.count < 6, let replacement = firstPrefix(of: bytes[...]) {
                isChanged = true
                replace(cluster.unicodeScalars.count, by: replacement, in: &edits)
                continue
            }
            for scalar in cluster.unicodeScalars {
                if let replacement = firstPrefix(of: Array(UTF8.encodedBytes(of: scalar))[...]) {
                    isChanged = true
                    replace(1, by: replacement, in: &edits)
                } else {
                    edits.append(.init(scalar: scalar, change: 0))
                }
            }
        }
        if isChanged { text.apply(edits) }
    }

    private func replace(
        _ count: Int, by replacement: ArraySlice<UInt8>,
        in edits: inout [UnicodeNormalization.Edit]
    ) {
        let start = edits.count
        for scalar in String(decoding: replacement, as: UTF8.self).unicodeScalars {
            edits.append(.init(scalar: scalar, change: edits.count - start < count ? 0 : 1))
        }
        let missing = count - (edits.count - start)
        if missing > 0, !edits.isEmpty { edits[edits.count - 1].change -= missing }
    }
}
