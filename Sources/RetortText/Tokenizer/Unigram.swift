/// The unigram model: the sequence of pieces with the largest sum of scores.
///
/// Source: Kudo 2018, arXiv:1804.10959; unknown characters score 10 below the lowest piece.
struct Unigram: Sendable {
    let vocabulary: Vocabulary
    /// The score of each id.
    let scores: [Double]
    let unknownID: Int?
    /// Whether unknown characters become tokens such as `<0xE2>`.
    let fallsBackToBytes: Bool
    private let trie: ByteTrie
    private let unknownScore: Double
    private let fallbackIDs: [Int?]

    /// Creates a model; `scores` has one entry per id of the vocabulary.
    init(vocabulary: Vocabulary, scores: [Double], unknownID: Int?, fallsBackToBytes: Bool) {
        self.vocabulary = vocabulary
        self.scores = scores
        self.unknownID = unknownID
        self.fallsBackToBytes = fallsBackToBytes
        var trie = ByteTrie()
        for id in vocabulary.ids {
            if let text = vocabulary.bytes(of: id), !text.isEmpty { trie.insert(text, value: id) }
        }
        self.trie = trie
        unknownScore = (scores.min() ?? 0) - 10
        fallbackIDs = (UInt8.min ... .max).map {
            vocabulary.id(of: BytePairEncoding.fallbackToken(for: $0))
        }
    }

    /// The best way to reach a byte.
    private struct Step {
        var score = 0.0
        var start = -1
        var id = -1
    }

    /// Appends the tokens of a piece.
    ///
    /// - Throws: ``TokenizerError/noUnknownToken(text:)``.
    func encode(
        _ piece: ArraySlice<UInt8>, into tokens: inout [ModelToken]
    ) throws(TokenizerError) {
        let steps = try bestSteps(piece)
        var found: [(range: Range<Int>, id: Int)] = []
        var end = piece.count
        while end > 0 {
            let step = steps[end]
            if step.id == unknownID, let next = found.last, next.id == step.id,
                next.range.lowerBound == end
            {
                found[found.count - 1].range = step.start..<next.range.upperBound
            } else {
                found.append((step.start..<end, step.id))
            }
            end = step.start
        }
        for (range, id) in found.reversed() {
            append(
                piece[piece.startIndex + range.lowerBound..<piece.startIndex + range.upperBound],
                id: id, to: &tokens)
        }
    }

    private func bestSteps(_ piece: ArraySlice<UInt8>) throws(TokenizerError) -> [Step] {
        var steps = [Step](repeating: Step(), count: piece.count + 1)
        var index = piece.startIndex
        while index < piece.endIndex {
            let start = index - piece.startIndex
            let length = decodeScalar(in: piece, at: index).length
            let before = steps[start].score
            var coversScalar = false
            trie.forEachPrefix(of: piece[index...]) { matched, id in
                coversScalar = coversScalar || matched == length
                let score = scores[id] + before
                if steps[start + matched].start < 0 || score > steps[start + matched].score {
                    steps[start + matched] = Step(score: score, start: start, id: id)
                }
            }
            if !coversScalar {
                let score = unknownScore + before
                if steps[start + length].start < 0 || score > steps[start + length].score {
                    guard let unknownID else {
                        let text = String(decoding: piece[index..<index + length], as: UTF8.self)
                        throw .noUnknownToken(text: text)
                    }
                    steps[start + length] = Step(score: score, start: start, id: unknownID)
                }
            }
            index += length
        }
        return steps
    }

    /// Appends one token, or the byte tokens of what is not in the vocabulary.
    private func append(_ text: ArraySlice<UInt8>, id: Int, to tokens: inout [ModelToken]) {
        let length = Int32(text.count)
        let known = vocabulary.id(of: text)
        if known == nil, fallsBackToBytes {
            let ids = text.compactMap { fallbackIDs[Int($0)] }
            if ids.count == text.count {
                for (index, id) in ids.enumerated() {
                    tokens.append(
                        ModelToken(
                            id: Int32(id), length: index == 0 ? length : 0,
                            isContinuation: index > 0))
                }
                return
            }
        }
        tokens.append(ModelToken(id: Int32(known ?? id), length: length))
    }
}
