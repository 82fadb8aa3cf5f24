/// SentencePiece's models, which choose pieces by their scores over a whole text.
///
/// Source: Kudo and Richardson 2018, arXiv:1808.06226.
struct SentencePieceModel: Sendable {
    let kind: SentencePieceFile.Kind
    let normalizer: SentencePieceNormalizer
    let vocabulary: Vocabulary
    let types: [GGUFTokenizerFields.TokenType]
    let scores: [Float]
    let unknownID: Int?
    /// Stands for unknown pieces in decoded text.
    let unknownText: String
    /// Finds texts that are never merged with others.
    let fixed: ByteTrie
    /// All pieces that text can become.
    private let trie: ByteTrie
    private let byteIDs: [Int?]
    private let unknownScore: Float
    private let highestScore: Float

    /// Creates the model of a file; every id has a type and a score.
    init(_ file: SentencePieceFile, unknownID: Int?) {
        kind = file.kind
        normalizer = file.normalizer
        vocabulary = Vocabulary(file.pieces)
        types = file.types
        scores = file.scores
        self.unknownID = unknownID
        unknownText = file.unknownText
        var fixed = ByteTrie()
        var trie = ByteTrie()
        for (id, type) in file.types.enumerated() {
            if type == .userDefined { fixed.insert(file.pieces[id].utf8, value: id) }
            if Self.isText(type) { trie.insert(file.pieces[id].utf8, value: id) }
        }
        self.fixed = fixed
        self.trie = trie
        let vocabulary = vocabulary
        byteIDs = (UInt8.min ... .max).map { byte in
            guard file.fallsBackToBytes else { return nil }
            return vocabulary.id(of: BytePairEncoding.fallbackToken(for: byte))
        }
        let normal = zip(file.types, file.scores).filter { $0.0 == .normal }.map(\.1)
        unknownScore = (normal.min() ?? 0) - 10
        highestScore = normal.max() ?? 0
    }

    /// Whether text can become a piece of a type.
    private static func isText(_ type: GGUFTokenizerFields.TokenType) -> Bool {
        type == .normal || type == .userDefined || type == .unused
    }

    /// Normalizes a text; users' pieces stay as they are.
    func normalize(_ text: inout AlignedText) { normalizer.apply(to: &text, keeping: fixed) }

    /// Appends the tokens of a normalized text.
    func encode(_ text: ArraySlice<UInt8>, into tokens: inout [ModelToken]) {
        let pieces =
            switch kind {
            case .unigram: bestPieces(text)
            case .bytePair: mergedPieces(text)
            case .character: symbols(text).map { id(of: text[$0.range]).piece($0.range) }
            case .word: words(text).map { id(of: text[$0]).piece($0) }
            }
        var followsUnknown = false
        for piece in pieces {
            guard let id = piece.id ?? unknownID else { continue }
            let isUnknown = id == unknownID
            if isUnknown, appendBytes(text[piece.range], to: &tokens) { continue }
            if isUnknown, followsUnknown {
                tokens[tokens.count - 1].length += Int32(piece.range.count)
            } else {
                tokens.append(ModelToken(id: Int32(id), length: Int32(piece.range.count)))
            }
            followsUnknown = isUnknown
        }
    }

    private func appendBytes(_ text: ArraySlice<UInt8>, to tokens: inout [ModelToken]) -> Bool {
        let ids = text.compactMap { byteIDs[Int($0)] }
        guard ids.count == text.count else { return false }
        for id in ids { tokens.append(ModelToken(id: Int32(id), length: 1)) }
        return true
    }

    private func id(of text: ArraySlice<UInt8>) -> Int? { vocabulary.id(of: text) }

    /// The id of a text if text can become it.
    private func textID(of text: ArraySlice<UInt8>) -> Int? {
        guard let id = vocabulary.id(of: text), Self.isText(types[id]) else { return nil }
        return id
    }
}

/// A piece of a text; without an id it is unknown.
private struct FoundPiece {
    var range: Range<Int>
    var id: Int?
}

extension Int? {
    fileprivate func piece(_ range: Range<Int>) -> FoundPiece { FoundPiece(range: range, id: self) }
}

extension SentencePieceModel {
    /// The sequence with the largest sum of scores; sums are kept in single precision.
    private func bestPieces(_ text: ArraySlice<UInt8>) -> [FoundPiece] {
        var steps = [(score: Float, start: Int, id: Int?)](
            repeating: (0, -1, nil), count: text.count + 1)
        func offer(_ score: Float, from start: Int, to end: Int, _ id: Int?) {
            if steps[end].start < 0 || score > steps[end].score {
                steps[end] = (score, start, id)
            }
        }
        var index = text.startIndex
        while index < text.endIndex {
            let start = index - text.startIndex
            let length = decodeScalar(in: text, at: index).length
            let before = steps[start].score
            var coversScalar = false
            trie.forEachPrefix(of: text[index...]) { matched, id in
                if types[id] == .unused { return }
                // A user's piece always wins over what it is made of.
                let score =
                    types[id] == .userDefined
                    ? Float(matched) * highestScore - 0.1 : scores[id]
                offer(score + before, from: start, to: start + matched, id)
                coversScalar = coversScalar || matched == length
            }
            if !coversScalar { offer(unknownScore + before, from: start, to: start + length, nil) }
            index += length
        }
        var pieces: [FoundPiece] = []
        var end = text.count
        while end > 0 {
            let step = steps[end]
            pieces.append(
                FoundPiece(
                    range: text.startIndex + step.start..<text.startIndex + end, id: step.id))
            end = step.start
        }
        return pieces.reversed()
    }

    /// The characters of a text, and users' pieces, which stay whole.
    private func symbols(_ text: ArraySlice<UInt8>) -> [(range: Range<Int>, isFixed: Bool)] {
        var symbols: [(range: Range<Int>, isFixed: Bool)] = []
        var index = text.startIndex
        while index < text.endIndex {
            let match = fixed.longestPrefix(of: text[index...])
            let length = match?.length ?? decodeScalar(in: text, at: index).length
            symbols.append((index..<index + length, match != nil))
            index += length
        }
        return symbols
    }

    /// Runs that start with the mark for a space.
    private func words(_ text: ArraySlice<UInt8>) -> [Range<Int>] {
        var words: [Range<Int>] = []
        var start = text.startIndex
        forEachScalar(in: text) { scalar, range in
            if scalar == "\u{2581}", range.lowerBound > start {
                words.append(start..<range.lowerBound)
                start = range.lowerBound
            }
        }
        if start < text.endIndex { words.append(start..<text.endIndex) }
        return words
    }

    /// Neighbours merged, the piece of highest score first, of equal ones the leftmost.
    private func mergedPieces(_ text: ArraySlice<UInt8>) -> [FoundPiece] {
        var queue = ScoreQueue(symbols(text)) { range in
            textID(of: text[range]).map { (scores[$0], types[$0] == .unused) }
        }
        queue.run()
        return queue.ranges.flatMap { split($0, text, queue.unusedMerges) }
    }

    /// A piece, or the pieces that it was merged from if it is an unused one.
    private func split(
        _ range: Range<Int>, _ text: ArraySlice<UInt8>, _ merges: [Range<Int>: Int]
    ) -> [FoundPiece] {
        let id = id(of: text[range])
        guard let id, types[id] == .unused, let middle = merges[range] else {
            return [FoundPiece(range: range, id: id)]
        }
        return split(range.lowerBound..<middle, text, merges)
            + split(middle..<range.upperBound, text, merges)
    }
}
