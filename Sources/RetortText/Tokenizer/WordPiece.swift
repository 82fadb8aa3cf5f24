/// BERT's model: the longest known piece from the left, then the next; a word with an unknown part
/// is unknown as a whole.
///
/// Source: Devlin et al. 2018, arXiv:1810.04805.
struct WordPiece: Sendable {
    let vocabulary: Vocabulary
    let unknownToken: String
    let unknownID: Int?
    /// In front of pieces inside a word.
    let continuingPrefix: String
    /// Longer words are unknown, in characters.
    let longestWord: Int
    /// The longest piece, in bytes.
    private let longestPiece: Int

    /// Creates a model.
    init(
        vocabulary: Vocabulary, unknownToken: String, unknownID: Int?, continuingPrefix: String,
        longestWord: Int
    ) {
        self.vocabulary = vocabulary
        self.unknownToken = unknownToken
        self.unknownID = unknownID
        self.continuingPrefix = continuingPrefix
        self.longestWord = longestWord
        longestPiece = vocabulary.ids.reduce(0) { max($0, vocabulary.bytes(of: $1)?.count ?? 0) }
    }

    /// Appends the tokens of a word.
    func encode(_ word: ArraySlice<UInt8>, into tokens: inout [ModelToken]) {
        guard let unknownID else { return }
        let count = tokens.count
        if isTooLong(word) || !appendPieces(of: word, to: &tokens) {
            tokens.removeLast(tokens.count - count)
            tokens.append(ModelToken(id: Int32(unknownID), length: Int32(word.count)))
        }
    }

    private func isTooLong(_ word: ArraySlice<UInt8>) -> Bool {
        word.count > longestWord && word.count { $0 & 0xc0 != 0x80 } > longestWord
    }

    private func appendPieces(of word: ArraySlice<UInt8>, to tokens: inout [ModelToken]) -> Bool {
        var start = word.startIndex
        while start < word.endIndex {
            var end = min(word.endIndex, start + longestPiece)
            while end > start, end < word.endIndex, word[end] & 0xc0 == 0x80 { end -= 1 }
            var found: Int?
            while start < end {
                let prefix = start > word.startIndex ? Array(continuingPrefix.utf8) : []
                found = vocabulary.id(of: prefix + word[start..<end])
                if found != nil { break }
                repeat { end -= 1 } while end > start && word[end] & 0xc0 == 0x80
            }
            guard let found else { return false }
            tokens.append(ModelToken(id: Int32(found), length: Int32(end - start)))
            start = end
        }
        return true
    }
}
