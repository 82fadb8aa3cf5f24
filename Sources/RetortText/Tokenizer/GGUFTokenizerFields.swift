import RetortFiles

/// The tokenizer in a GGUF file's metadata: its keys under `tokenizer.ggml.`.
public struct GGUFTokenizerFields: Sendable, Equatable {
    /// What an entry of the vocabulary is, as `token_type` numbers it.
    public enum TokenType: Int32, Sendable {
        case normal = 1
        case unknown, control, userDefined, unused, byte
    }

    /// The kind of model: `gpt2`, `llama`, `bert`, `t5`, `gemma4`.
    public var model: String
    /// The name of the pre-tokenizer.
    public var preTokenizer: String?
    /// The texts of all ids.
    public var tokens: [String]
    /// What each token is; as long as `tokens`.
    public var types: [TokenType]
    /// The score of each token; empty or as long as `tokens`.
    public var scores: [Float] = []
    /// Merges by rank, with a space between the parts.
    public var merges: [String] = []
    /// The tokens with a task.
    public var roles = TokenRoles()
    /// Whether the start token is put in front of a text; nothing: as the kind has it.
    public var addsBOS: Bool?
    /// Whether the end token is put behind a text; nothing: as the kind has it.
    public var addsEOS: Bool?
    /// Whether a space is put in front of a text; nothing: as the kind has it.
    public var addsSpacePrefix: Bool?
    /// Whether runs of spaces count as one.
    public var removesExtraSpaces: Bool?
    /// SentencePiece's table of replacements.
    public var charactersMap: [UInt8] = []

    /// The keys start with this.
    static let prefix = "tokenizer.ggml."

    /// Creates fields with a vocabulary of normal tokens.
    public init(model: String, tokens: [String]) {
        self.model = model
        self.tokens = tokens
        types = Array(repeating: .normal, count: tokens.count)
    }

    /// Reads the fields of a file.
    ///
    /// - Parameters:
    ///   - metadata: The file's keys.
    ///   - path: The file, for errors.
    /// - Throws: ``TokenizerError`` if a key is missing or does not fit the others.
    public init(_ metadata: GGUFMetadata, path: String) throws(TokenizerError) {
        let keys = Keys(metadata: metadata, path: path)
        guard let model = try keys.string("model") else {
            throw .missing(path: path, key: Self.prefix + "model")
        }
        guard let tokens = try keys.list("tokens", \.strings, "a list of texts") else {
            throw .missing(path: path, key: Self.prefix + "tokens")
        }
        guard tokens.count <= Vocabulary.idLimit else {
            throw .idOutOfRange(
                path: path, token: tokens.last ?? "", id: String(tokens.count - 1))
        }
        self.init(model: model, tokens: tokens)
        preTokenizer = try keys.string("pre")
        if let numbers = try keys.list("token_type", \.integers, "a list of whole numbers") {
            try keys.check("token_type", numbers.count, against: tokens.count)
            // Numbers that nobody has given a meaning are normal tokens.
            types = numbers.map { Int32(exactly: $0).flatMap(TokenType.init) ?? .normal }
        }
        if let numbers = try keys.list("scores", \.doubles, "a list of numbers") {
            try keys.check("scores", numbers.count, against: tokens.count)
            scores = numbers.map(Float.init)
        }
        merges = try keys.list("merges", \.strings, "a list of texts") ?? []
        roles.bosID = try keys.id("bos_token_id", below: tokens.count)
        roles.eosID = try keys.id("eos_token_id", below: tokens.count)
        roles.unknownID = try keys.id("unknown_token_id", below: tokens.count)
        roles.paddingID = try keys.id("padding_token_id", below: tokens.count)
        addsBOS = try keys.bool("add_bos_token")
        addsEOS = try keys.bool("add_eos_token")
        addsSpacePrefix = try keys.bool("add_space_prefix")
        removesExtraSpaces = try keys.bool("remove_extra_whitespaces")
        if let map = try keys.list("precompiled_charsmap", \.integers, "a list of bytes") {
            charactersMap = map.map { UInt8(truncatingIfNeeded: $0) }
        }
    }

    /// The keys and values for a file, in the usual order; absent facts are left out.
    public var metadata: [(key: String, value: GGUFValue)] {
        var entries: [(key: String, value: GGUFValue)] = []
        func add(_ key: String, _ value: GGUFValue?) {
            if let value { entries.append((Self.prefix + key, value)) }
        }
        func id(_ id: Int?) -> GGUFValue? {
            id.flatMap(UInt32.init(exactly:)).map(GGUFValue.uint32)
        }
        add("model", .string(model))
        add("pre", preTokenizer.map(GGUFValue.string))
        add("tokens", .array(GGUFArray(tokens)))
        add("scores", scores.isEmpty ? nil : .array(GGUFArray(scores)))
        add("token_type", .array(GGUFArray(types.map(\.rawValue))))
        add("merges", merges.isEmpty ? nil : .array(GGUFArray(merges)))
        add("bos_token_id", id(roles.bosID))
        add("eos_token_id", id(roles.eosID))
        add("unknown_token_id", id(roles.unknownID))
        add("padding_token_id", id(roles.paddingID))
        add("add_bos_token", addsBOS.map(GGUFValue.bool))
        add("add_eos_token", addsEOS.map(GGUFValue.bool))
        add("add_space_prefix", addsSpacePrefix.map(GGUFValue.bool))
        add("remove_extra_whitespaces", removesExtraSpaces.map(GGUFValue.bool))
        if !charactersMap.isEmpty {
            let bytes = charactersMap.map { GGUFValue.int8(Int8(bitPattern: $0)) }
            add("precompiled_charsmap", .array(GGUFArray(bytes, of: .int8)))
        }
        return entries
    }
}

/// Typed access to the tokenizer's keys.
private struct Keys {
    let metadata: GGUFMetadata
    let path: String

    func value<Value>(
        _ key: String, _ form: (GGUFValue) -> Value?, _ expected: String
    ) throws(TokenizerError) -> Value? {
        let key = GGUFTokenizerFields.prefix + key
        guard let found = metadata[key] else { return nil }
        guard let value = form(found) else {
            throw .wrongType(path: path, key: key, expected: expected)
        }
        return value
    }

    func string(_ key: String) throws(TokenizerError) -> String? {
        try value(key, \.string, "a text")
    }

    func bool(_ key: String) throws(TokenizerError) -> Bool? {
        try value(key, \.bool, "true or false")
    }

    func list<Element>(
        _ key: String, _ form: (GGUFValue) -> [Element]?, _ expected: String
    ) throws(TokenizerError) -> [Element]? {
        try value(key, form, expected)
    }

    /// An id; the largest number of its width says that there is none.
    func id(_ key: String, below count: Int) throws(TokenizerError) -> Int? {
        guard let id = try value(key, \.integer, "a whole number"), id != -1, id != 0xffff_ffff
        else {
            return nil
        }
        guard (0..<count).contains(id) else {
            throw .unknownID(
                path: path, key: GGUFTokenizerFields.prefix + key, id: id, vocabulary: count)
        }
        return id
    }

    func check(_ key: String, _ found: Int, against count: Int) throws(TokenizerError) {
        if found == count { return }
        throw .countsDiffer(
            path: path, key: GGUFTokenizerFields.prefix + key, count: found,
            other: GGUFTokenizerFields.prefix + "tokens", otherCount: count)
    }
}
