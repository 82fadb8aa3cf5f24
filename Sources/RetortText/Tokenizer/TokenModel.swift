/// What turns a piece of text into tokens.
enum TokenModel: Sendable {
    /// Byte pair encoding.
    case bytePair(BytePairEncoding)
    /// The most probable sequence of pieces.
    case unigram(Unigram)
    /// Longest pieces first, BERT's way.
    case wordPiece(WordPiece)
    /// Whole words.
    case wordLevel(WordLevel)
    /// SentencePiece's own, which brings its normalization and its decoding.
    case sentencePiece(SentencePieceModel)

    /// The texts and ids of the model itself, without added tokens.
    var vocabulary: Vocabulary {
        switch self {
        case .bytePair(let model): model.vocabulary
        case .unigram(let model): model.vocabulary
        case .wordPiece(let model): model.vocabulary
        case .wordLevel(let model): model.vocabulary
        case .sentencePiece(let model): model.vocabulary
        }
    }

    /// The id for what the model does not know.
    var unknownID: Int? {
        switch self {
        case .bytePair(let model): model.unknownID
        case .unigram(let model): model.unknownID
        case .wordPiece(let model): model.unknownID
        case .wordLevel(let model): model.unknownID
        case .sentencePiece(let model): model.unknownID
        }
    }

    /// Whether the model takes bytes instead of characters of the byte alphabet.
    var takesBytes: Bool {
        if case .bytePair(let model) = self { model.alphabet == .bytes } else { false }
    }

    /// Appends the tokens of a piece.
    func encode(
        _ piece: ArraySlice<UInt8>, cache: inout WordCache, into tokens: inout [ModelToken]
    ) throws(TokenizerError) {
        switch self {
        case .bytePair(let model): model.encode(piece, cache: &cache, into: &tokens)
        case .unigram(let model): try model.encode(piece, into: &tokens)
        case .wordPiece(let model): model.encode(piece, into: &tokens)
        case .wordLevel(let model): model.encode(piece, into: &tokens)
        case .sentencePiece(let model): model.encode(piece, into: &tokens)
        }
    }
}

/// A token as a model gives it.
struct ModelToken: Sendable, Equatable {
    /// The id.
    var id: Int32
    /// How many bytes of the piece it stands for.
    var length: Int32
    /// Whether it shares its bytes with the token before it.
    var isContinuation = false
}

extension Tokenizer {
    /// What the model is called in tokenizer.json, or where it comes from.
    package var modelName: String {
        switch model {
        case .bytePair: "BPE"
        case .unigram: "Unigram"
        case .wordPiece: "WordPiece"
        case .wordLevel: "WordLevel"
        case .sentencePiece: "SentencePiece"
        }
    }
}
