import RetortFiles

/// A SentencePiece `.model` file: pieces, and how text is normalized and encoded.
///
/// The file is a protocol buffer message; fields that do not matter here are passed over.
/// Source: `sentencepiece_model.proto` of SentencePiece.
struct SentencePieceFile: Sendable {
    /// How pieces are chosen.
    enum Kind: Int, Sendable {
        case unigram = 1
        case bytePair, word, character
    }

    var pieces: [String] = []
    var scores: [Float] = []
    var types: [GGUFTokenizerFields.TokenType] = []
    var kind = Kind.unigram
    var fallsBackToBytes = false
    var unknownID = 0
    var bosID = 1
    var eosID = 2
    var paddingID = -1
    var unknownText = " \u{2047} "
    var normalizer = SentencePieceNormalizer()

    /// Creates an empty description.
    init() {}

    /// Reads the bytes of a file.
    init(_ bytes: [UInt8], path: String) throws(TokenizerError) {
        var reader = ProtocolBufferReader(bytes[...], path: path)
        while let field = try reader.next() {
            switch field {
            case (1, .bytes(let piece)): try addPiece(ProtocolBufferReader(piece, path: path))
            case (2, .bytes(let settings)):
                try readTrainer(ProtocolBufferReader(settings, path: path))
            case (3, .bytes(let settings)):
                try readNormalizer(ProtocolBufferReader(settings, path: path))
            default: break
            }
        }
        guard !pieces.isEmpty, pieces.count <= Vocabulary.idLimit else {
            throw .missing(path: path, key: "pieces")
        }
    }

    private mutating func addPiece(
        _ message: ProtocolBufferReader
    ) throws(TokenizerError) {
        var message = message
        var (text, score, type) = ("", Float(0), GGUFTokenizerFields.TokenType.normal)
        while let field = try message.next() {
            switch field {
            case (1, .bytes(let bytes)): text = String(decoding: bytes, as: UTF8.self)
            case (2, .fixed32(let bits)): score = Float(bitPattern: bits)
            case (3, .number(let number)):
                type = Int32(exactly: number).flatMap(Self.type) ?? .normal
            default: break
            }
        }
        pieces.append(text)
        scores.append(score)
        types.append(type)
    }

    /// SentencePiece numbers the types as GGUF does.
    private static func type(_ number: Int32) -> GGUFTokenizerFields.TokenType? {
        GGUFTokenizerFields.TokenType(rawValue: number)
    }

    private mutating func readTrainer(
        _ message: ProtocolBufferReader
    ) throws(TokenizerError) {
        var message = message
        while let field = try message.next() {
            switch field {
            case (3, .number(let number)):
                guard let known = Int(exactly: number).flatMap(Kind.init) else {
                    throw .unknownKind(
                        path: message.path, key: "trainer_spec.model_type", name: String(number))
                }
                kind = known
            case (24, .number(let flag)): normalizer.marksEnd = flag != 0
            case (35, .number(let flag)): fallsBackToBytes = flag != 0
            case (40, .number(let id)): unknownID = Int(Int32(truncatingIfNeeded: id))
            case (41, .number(let id)): bosID = Int(Int32(truncatingIfNeeded: id))
            case (42, .number(let id)): eosID = Int(Int32(truncatingIfNeeded: id))
            case (43, .number(let id)): paddingID = Int(Int32(truncatingIfNeeded: id))
            case (44, .bytes(let text)): unknownText = String(decoding: text, as: UTF8.self)
            default: break
            }
        }
    }

    private mutating func readNormalizer(
        _ message: ProtocolBufferReader
    ) throws(TokenizerError) {
        var message = message
        while let field = try message.next() {
            switch field {
            case (2, .bytes(let table)):
                if table.isEmpty { continue }
                guard let map = CharactersMap(Array(table)) else {
                    throw .wrongType(
                        path: message.path, key: "normalizer_spec.precompiled_charsmap",
                        expected: "a table of replacements")
                }
                normalizer.map = map
            case (3, .number(let flag)): normalizer.addsSpace = flag != 0
            case (4, .number(let flag)): normalizer.removesExtraSpaces = flag != 0
            case (5, .number(let flag)): normalizer.marksSpaces = flag != 0
            default: break
            }
        }
    }
}

/// Reads the fields of a protocol buffer message one by one.
struct ProtocolBufferReader {
    /// The value of a field, by its form in the file.
    enum Value: Equatable {
        case number(UInt64)
        case fixed64(UInt64)
        case bytes(ArraySlice<UInt8>)
        case fixed32(UInt32)
    }

    let path: String
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>, path: String) {
        rest = bytes
        self.path = path
    }

    /// The number and value of the next field; nil at the end.
    mutating func next() throws(TokenizerError) -> (UInt64, Value)? {
        if rest.isEmpty { return nil }
        let key = try varint()
        switch key & 7 {
        case 0: return (key >> 3, .number(try varint()))
        case 1: return (key >> 3, .fixed64(try fixed(8)))
        case 2:
            let length = try varint()
            guard length <= rest.count else { throw damaged }
            defer { rest = rest.dropFirst(Int(length)) }
            return (key >> 3, .bytes(rest.prefix(Int(length))))
        case 5: return (key >> 3, .fixed32(UInt32(truncatingIfNeeded: try fixed(4))))
        default: throw damaged
        }
    }

    private var damaged: TokenizerError { .malformed(path: path, byte: rest.startIndex) }

    private mutating func varint() throws(TokenizerError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = rest.popFirst() else { throw damaged }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        throw damaged
    }

    private mutating func fixed(_ count: Int) throws(TokenizerError) -> UInt64 {
        guard rest.count >= count else { throw damaged }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
