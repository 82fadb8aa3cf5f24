import RetortFiles

extension Tokenizer {
    /// The tokenizer as a tokenizer.json file holds it, which Hugging Face tokenizers loads.
    package func json(path: String) throws(TokenizerError) -> JSONValue {
        guard let model = model.json else {
            throw .unsupported(path: path, what: "a SentencePiece model in a tokenizer.json file")
        }
        let added = addedTokens.tokens.map { token in
            JSONValue.object(
                JSONObject([
                    ("id", .integer(token.id)), ("content", .string(token.content)),
                    ("single_word", .bool(token.isSingleWord)),
                    ("lstrip", .bool(token.stripsLeft)), ("rstrip", .bool(token.stripsRight)),
                    ("normalized", .bool(token.isNormalized)), ("special", .bool(token.isSpecial)),
                ]))
        }
        return .object(
            JSONObject([
                ("version", .string("1.0")), ("truncation", .null), ("padding", .null),
                ("added_tokens", .array(added)), ("normalizer", normalizer?.json ?? .null),
                ("pre_tokenizer", preTokenizer?.json ?? .null),
                ("post_processor", postProcessor?.json ?? .null),
                ("decoder", decoder?.json ?? .null), ("model", model),
            ]))
    }

    /// The bytes of a tokenizer.json file.
    ///
    /// - Parameter path: The file it is written to, for errors.
    /// - Returns: JSON on one line.
    /// - Throws: ``TokenizerError/unsupported(path:what:)`` for SentencePiece's own models.
    public func serialized(path: String) throws(TokenizerError) -> [UInt8] {
        try json(path: path).serializedBytes()
    }
}

extension TokenModel {
    /// The model as tokenizer.json writes it; nil if it has no word for it.
    fileprivate var json: JSONValue? {
        switch self {
        case .sentencePiece: nil
        case .bytePair(let model): model.json
        case .unigram(let model):
            .step(
                "Unigram",
                [
                    ("unk_id", model.unknownID.map(JSONValue.integer) ?? .null),
                    (
                        "vocab",
                        .array(
                            model.scores.enumerated().map { id, score in
                                .array([
                                    .text(model.vocabulary.bytes(of: id) ?? []), .number(score),
                                ])
                            })
                    ),
                    ("byte_fallback", .bool(model.fallsBackToBytes)),
                ])
        case .wordPiece(let model):
            .step(
                "WordPiece",
                [
                    ("unk_token", .string(model.unknownToken)),
                    ("continuing_subword_prefix", .string(model.continuingPrefix)),
                    ("max_input_chars_per_word", .integer(model.longestWord)),
                    ("vocab", model.vocabulary.json),
                ])
        case .wordLevel(let model):
            .step(
                "WordLevel",
                [("vocab", model.vocabulary.json), ("unk_token", .string(model.unknownToken))])
        }
    }
}

extension BytePairEncoding {
    /// The parts of all merges, by rank.
    var mergeTexts: [(left: String, right: String)] {
        merges.entries.sorted { $0.value.first < $1.value.first }.map { entry in
            (
                vocabulary.text(of: Int(entry.first)) ?? "",
                vocabulary.text(of: Int(entry.second)) ?? ""
            )
        }
    }

    fileprivate var json: JSONValue {
        func text(_ value: String?) -> JSONValue { value.map(JSONValue.string) ?? .null }
        return .step(
            "BPE",
            [
                ("dropout", .null), ("unk_token", text(options.unknownToken)),
                ("continuing_subword_prefix", text(options.continuingPrefix)),
                ("end_of_word_suffix", text(options.endOfWordSuffix)),
                ("fuse_unk", .bool(options.fusesUnknown)),
                ("byte_fallback", .bool(options.fallsBackToBytes)),
                ("ignore_merges", .bool(options.ignoresMerges)), ("vocab", vocabulary.json),
                (
                    "merges",
                    .array(mergeTexts.map { .array([.string($0.left), .string($0.right)]) })
                ),
            ])
    }
}

extension Vocabulary {
    /// Texts and ids, by id; of equal texts the one that is found.
    fileprivate var json: JSONValue {
        .object(
            JSONObject(
                ids.compactMap { id in
                    guard let bytes = bytes(of: id), self.id(of: bytes) == id else { return nil }
                    return (String(decoding: bytes, as: UTF8.self), .integer(id))
                }))
    }
}
