import RetortFiles

extension Tokenizer {
    /// Builds the tokenizer of a SentencePiece `.model` file.
    ///
    /// Control pieces in a text are ordinary text unless ``findsSpecialTokens`` is set.
    package init(sentencePiece bytes: [UInt8], path: String) throws(TokenizerError) {
        let file = try SentencePieceFile(bytes, path: path)
        try self.init(file, path: path)
        func id(_ id: Int) -> Int? { file.pieces.indices.contains(id) ? id : nil }
        roles.bosID = id(file.bosID)
        roles.eosID = id(file.eosID)
        roles.paddingID = id(file.paddingID)
    }

    /// Builds the tokenizer that a GGUF file of the kind `llama` describes.
    init(sentencePiece fields: GGUFTokenizerFields, path: String) throws(TokenizerError) {
        guard fields.scores.count == fields.tokens.count else {
            throw .missing(path: path, key: GGUFTokenizerFields.prefix + "scores")
        }
        var file = SentencePieceFile()
        file.kind = .bytePair
        file.pieces = fields.tokens
        file.scores = fields.scores
        file.unknownID = fields.roles.unknownID ?? fields.types.firstIndex(of: .unknown) ?? -1
        // Only one piece stands for the unknown; the others of that type are never text.
        file.types = fields.types.enumerated().map { id, type in
            id == file.unknownID ? .unknown : type == .unknown ? .control : type
        }
        file.fallsBackToBytes = fields.types.contains(.byte)
        file.normalizer.addsSpace = fields.addsSpacePrefix ?? true
        file.normalizer.removesExtraSpaces = fields.removesExtraSpaces ?? false
        try self.init(file, path: path)
        roles = fields.roles
    }

    private init(_ file: SentencePieceFile, path: String) throws(TokenizerError) {
        let unknown = file.types.firstIndex(of: .unknown)
        let added = file.types.enumerated().compactMap { id, type in
            type == .control && !file.pieces[id].isEmpty
                ? AddedToken(id: id, content: file.pieces[id], isSpecial: true) : nil
        }
        do {
            try self.init(
                normalizer: nil, preTokenizer: nil,
                model: .sentencePiece(SentencePieceModel(file, unknownID: unknown)),
                postProcessor: nil, decoder: nil, addedTokens: added)
        } catch {
            throw TokenizerError(error)
        }
        findsSpecialTokens = false
        roles.unknownID = unknown
    }
}
