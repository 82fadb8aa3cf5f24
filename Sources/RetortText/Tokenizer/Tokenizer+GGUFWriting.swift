import RetortFiles

extension Tokenizer {
    /// The tokenizer as a GGUF file's metadata hold it.
    ///
    /// - Parameters:
    ///   - count: How many rows the model's embedding has; ids without a token are filled up.
    ///   - path: The tokenizer's file, for errors.
    /// - Returns: The fields for the keys under `tokenizer.ggml.`.
    /// - Throws: ``TokenizerError/unsupported(path:what:)`` if GGUF has no word for it.
    public func ggufFields(
        count: Int? = nil, path: String
    ) throws(TokenizerError) -> GGUFTokenizerFields {
        guard case .bytePair(let model) = model, let preTokenizer, decoder?.isByteLevel == true,
            model.options.unknownToken == nil, model.options.continuingPrefix == nil,
            model.options.endOfWordSuffix == nil
        else { throw .unsupported(path: path, what: "this kind of tokenizer in a GGUF file") }
        guard
            let entry = GGUFPreTokenizer.matching(
                normalizer, preTokenizer, ignoresMerges: model.options.ignoresMerges)
        else {
            throw .unsupported(path: path, what: "this pre-tokenizer in a GGUF file")
        }
        let size = max(vocabularySize, min(count ?? 0, Vocabulary.idLimit))
        var fields = GGUFTokenizerFields(model: "gpt2", tokens: [])
        fields.preTokenizer = entry.names[0]
        for id in 0..<size {
            let text = token(id)
            fields.tokens.append(text ?? "[PAD\(id)]")
            fields.types.append(text == nil ? .unused : ggufType(of: id))
        }
        fields.merges = model.mergeTexts.map { "\($0.left) \($0.right)" }
        fields.roles = roles
        fields.roles.unknownID = roles.unknownID ?? model.unknownID
        fields.addsBOS = addsBOS
        fields.addsEOS = addsEOS
        fields.addsSpacePrefix = false
        return fields
    }

    private func ggufType(of id: Int) -> GGUFTokenizerFields.TokenType {
        guard let added = addedTokens.token(id) else { return .normal }
        return added.isSpecial ? .control : .userDefined
    }

    /// Whether encoding puts the start token in front of a text.
    public var addsBOS: Bool {
        guard let id = roles.bosID else { return false }
        return aroundEmptyText.first == id
    }

    /// Whether encoding puts the end token behind a text.
    public var addsEOS: Bool {
        guard let id = roles.eosID else { return false }
        let around = aroundEmptyText
        return around.count > (addsBOS ? 1 : 0) && around.last == id
    }

    /// The special tokens that encoding puts around any text.
    private var aroundEmptyText: [Int] {
        // An empty text has no piece that a model could fail on.
        (try? encode("")) ?? []
    }
}
