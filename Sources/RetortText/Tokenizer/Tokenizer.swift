import RetortFiles

/// Turns text into the ids of a model's vocabulary and back.
///
/// A pipeline of values: added tokens are found, the text between them is normalized, cut into
/// pieces, encoded by the model, and special tokens are put around it. The result equals that of
/// Hugging Face tokenizers on the same file.
public struct Tokenizer: Sendable {
    var normalizer: Normalizer?
    var preTokenizer: PreTokenizer?
    var model: TokenModel
    var postProcessor: PostProcessor?
    var decoder: TokenDecoder?
    let addedTokens: AddedTokens
    /// What the tokens for start, end, padding and the unknown are, as far as the file tells.
    public var roles = TokenRoles()
    /// Whether the texts of special tokens in a text become these tokens, or are ordinary text.
    ///
    /// Files of SentencePiece and tekken start with false, as their own libraries do.
    public var findsSpecialTokens = true
    private let caches = WordCachePool()

    /// Puts a pipeline together.
    init(
        normalizer: Normalizer?, preTokenizer: PreTokenizer?, model: TokenModel,
        postProcessor: PostProcessor?, decoder: TokenDecoder?, addedTokens: [AddedToken]
    ) throws(RegularExpressionError) {
        self.normalizer = normalizer
        self.preTokenizer = preTokenizer
        self.model = model
        self.postProcessor = postProcessor
        self.decoder = decoder
        self.addedTokens = try AddedTokens(addedTokens, normalizer: normalizer)
    }

    /// One more than the largest id.
    public var vocabularySize: Int {
        max(model.vocabulary.endID, (addedTokens.tokens.last?.id ?? -1) + 1)
    }

    /// The text of an id as the vocabulary writes it; nil if the id is unused.
    public func token(_ id: Int) -> String? {
        addedTokens.token(id)?.content ?? model.vocabulary.text(of: id)
    }

    /// The id of a token as the vocabulary writes it.
    public func id(of token: String) -> Int? {
        addedTokens.token(token)?.id ?? model.vocabulary.id(of: token.utf8)
    }

    /// The added tokens that are special, in order of their ids.
    public var specialTokens: [AddedToken] { addedTokens.tokens.filter(\.isSpecial) }

    /// All added tokens, in order of their ids.
    public var allAddedTokens: [AddedToken] { addedTokens.tokens }

    /// Whether an id is that of a special token.
    public func isSpecial(_ id: Int) -> Bool { addedTokens.token(id)?.isSpecial ?? false }

    /// The ids of a text.
    ///
    /// - Parameters:
    ///   - text: Any text; see ``findsSpecialTokens``.
    ///   - addSpecialTokens: Whether the post-processor puts its special tokens around the text.
    /// - Returns: The ids, from 0 to ``vocabularySize``.
    /// - Throws: ``TokenizerError`` if the text cannot be encoded.
    public func encode(
        _ text: String, addSpecialTokens: Bool = true
    ) throws(TokenizerError) -> [Int] {
        try encode([text], addSpecialTokens: addSpecialTokens).map(\.id)
    }

    /// The ids of a text, each with the UTF-8 bytes of the text that it stands for.
    ///
    /// Ranges cover whole characters; the tokens put around the text have empty ones.
    package func encodeWithOffsets(
        _ text: String, addSpecialTokens: Bool
    ) throws(TokenizerError) -> [(id: Int, bytes: Range<Int>)] {
        try encode([text], addSpecialTokens: addSpecialTokens).map { ($0.id, $0.source) }
    }

    /// The ids of two texts, each with the type that the post-processor gives it.
    package func encodePair(
        _ first: String, _ second: String, addSpecialTokens: Bool = true
    ) throws(TokenizerError) -> [(id: Int, type: Int)] {
        try encode([first, second], addSpecialTokens: addSpecialTokens).map { ($0.id, $0.type) }
    }

    private func encode(
        _ texts: [String], addSpecialTokens: Bool
    ) throws(TokenizerError) -> [EncodedToken] {
        var inputs: [[UInt8]] = []
        var encoded: [[EncodedToken]] = []
        for (index, text) in texts.enumerated() {
            let input = Array(text.utf8)
            var tokens = try encodeText(input)
            if index > 0 { for at in tokens.indices { tokens[at].type = index } }
            inputs.append(input)
            encoded.append(tokens)
        }
        if let postProcessor {
            encoded = postProcessor.process(encoded, addSpecialTokens: addSpecialTokens) {
                trimOffsets(of: &$0, in: inputs[$1], $2)
            }
        }
        return encoded.count == 1 ? encoded[0] : encoded.flatMap { $0 }
    }

    private func encodeText(_ input: [UInt8]) throws(TokenizerError) -> [EncodedToken] {
        var text = TextPieces(input)
        do {
            addedTokens.splitPlain(&text, findsSpecial: findsSpecialTokens)
            if let normalizer, !text.pieces.allSatisfy({ normalizer.keeps(text.bytes[$0.range]) }) {
                try text.rewrite { aligned throws(RegularExpressionError) in
                    try normalizer.apply(to: &aligned)
                }
            }
            addedTokens.splitNormalized(&text, findsSpecial: findsSpecialTokens)
            if case .sentencePiece(let model) = model { text.rewrite { model.normalize(&$0) } }
            try preTokenizer?.apply(to: &text, keepsBytes: model.takesBytes)
        } catch {
            throw TokenizerError(error)
        }
        var tokens: [EncodedToken] = []
        tokens.reserveCapacity(text.pieces.count)
        try caches.withCache { cache throws(TokenizerError) in
            var found: [ModelToken] = []
            for piece in text.pieces {
                guard piece.isText else {
                    tokens.append(
                        EncodedToken(id: Int(piece.token), source: text.source(of: piece.range)))
                    continue
                }
                found.removeAll(keepingCapacity: true)
                try model.encode(text.bytes[piece.range], cache: &cache, into: &found)
                append(found, of: piece.range, in: text, to: &tokens)
            }
        }
        return tokens
    }

    @inline(__always)
    private func append(
        _ found: [ModelToken], of piece: Range<Int>, in text: TextPieces,
        to tokens: inout [EncodedToken]
    ) {
        var start = piece.lowerBound
        for token in found {
            if token.isContinuation, let before = tokens.last {
                tokens.append(EncodedToken(id: Int(token.id), source: before.source))
                continue
            }
            let end = min(start + Int(token.length), piece.upperBound)
            tokens.append(EncodedToken(id: Int(token.id), source: text.source(of: start..<end)))
            start = end
        }
    }

    /// Takes white space out of the offsets of a text's tokens.
    private func trimOffsets(
        of tokens: inout [EncodedToken], in input: [UInt8],
        _ trimming: PostProcessor.OffsetTrimming
    ) {
        for index in tokens.indices {
            let source = tokens[index].source
            guard let spaces = outerSpaces(of: tokens[index], in: input) else { continue }
            let isFirst = index == 0 || source.lowerBound == 0
            let isOwn = isFirst && trimming.prefixesSpace && spaces.leading == 1
            var (start, end) = (source.lowerBound, source.upperBound)
            for _ in 0..<(isOwn ? 0 : spaces.leading) where start < end {
                start += decodeScalar(in: input[...], at: start).length
            }
            for _ in 0..<spaces.trailing where start < end {
                repeat { end -= 1 } while end > start && input[end] & 0xc0 == 0x80
            }
            tokens[index].source = start..<max(start, end)
        }
    }

    /// The white space at the ends of a token, in characters.
    private func outerSpaces(
        of token: EncodedToken, in input: [UInt8]
    ) -> (leading: Int, trailing: Int)? {
        let text: [UInt8]
        if addedTokens.token(token.id) != nil {
            text = Array(input[token.source])
        } else {
            text = Array(model.vocabulary.bytes(of: token.id) ?? [])
        }
        let scalars = AlignedText(plain: text, origin: 0).scalars
        func isSpace(_ scalar: Unicode.Scalar) -> Bool {
            scalar == ByteAlphabet.scalars[0x20] || scalar.isWhiteSpace
        }
        let leading = scalars.prefix(while: isSpace).count
        let trailing = scalars.reversed().prefix(while: isSpace).count
        return leading + trailing > 0 ? (leading, trailing) : nil
    }
}

extension TokenizerError {
    /// A pattern that failed while encoding.
    init(_ error: RegularExpressionError) {
        switch error {
        case .malformed(let pattern, _), .tooMuchEffort(let pattern):
            self = .tooMuchEffort(pattern: pattern)
        case .tooLong(let byteCount): self = .tooLong(byteCount: byteCount)
        }
    }
}
