import RetortFiles

/// A token that is looked for in the text itself, before the model sees it.
public struct AddedToken: Sendable, Equatable {
    /// The id.
    public var id: Int
    /// The text.
    public var content: String
    /// Whether it may not touch word characters.
    public var isSingleWord = false
    /// Whether white space on its left belongs to it.
    public var stripsLeft = false
    /// Whether white space on its right belongs to it.
    public var stripsRight = false
    /// Whether it is looked for in the normalized text, in its own normalized form.
    public var isNormalized = false
    /// Whether it steers the model and is left out of text for people.
    public var isSpecial = false

    /// Creates a token that is found wherever its text stands.
    public init(id: Int, content: String, isSpecial: Bool) {
        self.id = id
        self.content = content
        self.isSpecial = isSpecial
    }
}

/// Finds added tokens in text.
struct AddedTokens: Sendable {
    /// All of them, in order of their ids.
    let tokens: [AddedToken]
    private var byID: [Int: Int] = [:]
    private var byContent: [ExactKey: Int] = [:]
    /// What a token became under the normalizer, where that differs.
    private var normalizedForms: [Int: String] = [:]
    /// Finds tokens in the text as it came.
    private var plain = ByteTrie()
    /// Finds tokens in normalized text.
    private var normalized = ByteTrie()

    /// Prepares the search; tokens that are to be normalized are so here.
    init(_ tokens: [AddedToken], normalizer: Normalizer?) throws(RegularExpressionError) {
        self.tokens = tokens.sorted { $0.id < $1.id }
        for (index, token) in self.tokens.enumerated() {
            byID[token.id] = index
            byContent[ExactKey(token.content)] = index
            guard token.isNormalized else {
                plain.insert(token.content.utf8, value: index)
                continue
            }
            var text = AlignedText(plain: token.content.utf8, origin: 0)
            try normalizer?.apply(to: &text)
            normalized.insert(text.bytes, value: index)
            if !text.bytes.elementsEqual(token.content.utf8) {
                normalizedForms[token.id] = String(decoding: text.bytes, as: UTF8.self)
            }
        }
    }

    /// The token with an id.
    func token(_ id: Int) -> AddedToken? { byID[id].map { tokens[$0] } }

    /// The token with a text.
    func token(_ content: String) -> AddedToken? { byContent[ExactKey(content)].map { tokens[$0] } }

    /// What a token is decoded to: its form after normalization.
    func decodedText(_ id: Int) -> String? { normalizedForms[id] ?? token(id)?.content }

    /// Marks the tokens that stand in text that is not normalized yet.
    func splitPlain(_ text: inout TextPieces, findsSpecial: Bool) {
        split(&text, by: plain, findsSpecial: findsSpecial)
    }

    /// Marks the tokens that stand in normalized text.
    func splitNormalized(_ text: inout TextPieces, findsSpecial: Bool) {
        split(&text, by: normalized, findsSpecial: findsSpecial)
    }

    private func split(_ text: inout TextPieces, by trie: ByteTrie, findsSpecial: Bool) {
        if trie.isEmpty { return }
        text.splitEach { bytes, range, output in
            var done = range.lowerBound
            var index = range.lowerBound
            while index < range.upperBound {
                guard trie.startsText(bytes[index]),
                    let match = trie.longestPrefix(of: bytes[index..<range.upperBound])
                else {
                    index += 1
                    continue
                }
                let place = index..<index + match.length
                index = place.upperBound
                let token = tokens[match.value]
                guard findsSpecial || !token.isSpecial,
                    let whole = extended(place, of: token, in: bytes[range], after: done)
                else { continue }
                if done < whole.lowerBound { output.append(.init(range: done..<whole.lowerBound)) }
                output.append(.init(range: whole, token: Int32(token.id)))
                done = whole.upperBound
            }
            if done < range.upperBound { output.append(.init(range: done..<range.upperBound)) }
        }
    }

    /// The place of a match with the white space that belongs to it; nil if it may not stand there.
    ///
    /// White space that an earlier token took is not taken again, but the search goes on behind
    /// the match itself, as in the reference.
    private func extended(
        _ place: Range<Int>, of token: AddedToken, in text: ArraySlice<UInt8>, after done: Int
    ) -> Range<Int>? {
        var (start, end) = (place.lowerBound, place.upperBound)
        if token.isSingleWord {
            let before = scalar(endingAt: start, in: text)
            let behind = end < text.endIndex ? decodeScalar(in: text, at: end).0 : nil
            if before?.isWordCharacter == true || behind?.isWordCharacter == true { return nil }
        }
        if token.stripsLeft {
            while let before = scalar(endingAt: start, in: text), before.isWhiteSpace {
                start -= UTF8.width(before)
            }
        }
        start = token.stripsLeft ? max(start, done) : start
        if token.stripsRight {
            while end < text.endIndex {
                let (behind, length) = decodeScalar(in: text, at: end)
                if !behind.isWhiteSpace { break }
                end += length
            }
        }
        return start < end ? max(start, done)..<max(end, done) : nil
    }

    private func scalar(endingAt end: Int, in text: ArraySlice<UInt8>) -> Unicode.Scalar? {
        guard end > text.startIndex else { return nil }
        var start = end - 1
        while start > text.startIndex, text[start] & 0xc0 == 0x80 { start -= 1 }
        return decodeScalar(in: text, at: start).0
    }
}
