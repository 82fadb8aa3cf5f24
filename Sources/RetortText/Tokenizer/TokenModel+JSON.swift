import RetortFiles

extension TokenModel {
    /// Reads the `model` of a tokenizer.json file.
    ///
    /// - Parameters:
    ///   - setting: The model.
    ///   - takesBytes: Whether the pre-tokenizer leaves bytes for the model.
    /// - Throws: ``TokenizerError``.
    init(_ setting: JSONSetting, takesBytes: Bool) throws(TokenizerError) {
        // Files of the first years do not name the model; only one kind has merges.
        let isUnnamed = try setting.find("type") == nil
        let hasMerges = try setting.find("merges") != nil
        let kind = isUnnamed && hasMerges ? "BPE" : try setting.kind()
        switch kind {
        case "BPE":
            self = .bytePair(
                try BytePairEncoding(setting, alphabet: takesBytes ? .bytes : .scalars))
        case "Unigram": self = .unigram(try Unigram(setting))
        case "WordPiece":
            let vocabulary = try Vocabulary(setting.get("vocab"))
            let (token, id) = try vocabulary.unknownToken(setting)
            let prefix = try setting.find("continuing_subword_prefix")?.string() ?? "##"
            let longest = try setting.find("max_input_chars_per_word")?.count() ?? 100
            self = .wordPiece(
                WordPiece(
                    vocabulary: vocabulary, unknownToken: token, unknownID: id,
                    continuingPrefix: prefix, longestWord: longest))
        case "WordLevel":
            let vocabulary = try Vocabulary(setting.get("vocab"))
            let (token, id) = try vocabulary.unknownToken(setting)
            self = .wordLevel(
                WordLevel(vocabulary: vocabulary, unknownToken: token, unknownID: id))
        default: throw setting.unknown(kind)
        }
    }
}

extension Vocabulary {
    /// Reads a `vocab` object of texts and ids.
    init(_ setting: JSONSetting) throws(TokenizerError) {
        guard let members = setting.value.object?.members else {
            throw setting.wrongType("an object of tokens and ids")
        }
        self.init(minimumCapacity: members.count)
        for (token, value) in members {
            guard let id = value.integer else {
                if case .number(let number) = value {
                    throw .idOutOfRange(path: setting.path, token: token, id: "\(number)")
                }
                throw .wrongType(
                    path: setting.path, key: "\(setting.key).\(token)", expected: "a whole number")
            }
            guard (0..<Self.idLimit).contains(id) else {
                throw .idOutOfRange(path: setting.path, token: token, id: String(id))
            }
            guard insert(token.utf8, id: id) else {
                throw .idTwice(path: setting.path, id: id, first: text(of: id) ?? "", second: token)
            }
        }
    }

    /// The text and id of a model's `unk_token`.
    fileprivate func unknownToken(
        _ model: JSONSetting
    ) throws(TokenizerError) -> (token: String, id: Int) {
        let setting = try model.get("unk_token")
        let token = try setting.string()
        guard let id = id(of: token.utf8) else {
            throw .unknownToken(path: setting.path, key: setting.key, token: token)
        }
        return (token, id)
    }
}

extension BytePairEncoding {
    fileprivate init(_ setting: JSONSetting, alphabet: Alphabet) throws(TokenizerError) {
        let vocabulary = try Vocabulary(setting.get("vocab"))
        var options = Options()
        if let unknown = try setting.find("unk_token") {
            options.unknownToken = try unknown.string()
            if vocabulary.id(of: try unknown.string().utf8) == nil {
                throw .unknownToken(
                    path: setting.path, key: unknown.key, token: try unknown.string())
            }
        }
        // Empty ones change nothing.
        if let prefix = try setting.find("continuing_subword_prefix")?.string(), !prefix.isEmpty {
            options.continuingPrefix = prefix
        }
        if let suffix = try setting.find("end_of_word_suffix")?.string(), !suffix.isEmpty {
            options.endOfWordSuffix = suffix
        }
        options.fusesUnknown = try setting.bool("fuse_unk", default: false)
        options.fallsBackToBytes = try setting.bool("byte_fallback", default: false)
        options.ignoresMerges = try setting.bool("ignore_merges", default: false)
        if let dropout = try setting.find("dropout"), dropout.value.double != 0 {
            throw .unsupported(path: setting.path, what: "random dropping of merges (dropout)")
        }
        let merges = try Self.merges(
            setting.get("merges"), vocabulary, prefix: options.continuingPrefix ?? "")
        self.init(vocabulary: vocabulary, merges: merges, options: options, alphabet: alphabet)
    }

    /// Reads merges, written as lists of two texts or as one text with a space between them.
    private static func merges(
        _ setting: JSONSetting, _ vocabulary: Vocabulary, prefix: String
    ) throws(TokenizerError) -> IntegerTable {
        guard let list = setting.value.array else { throw setting.wrongType("a list") }
        var builder = MergeBuilder(
            vocabulary, count: list.count, prefix: prefix, path: setting.path, key: setting.key)
        for entry in list {
            if let text = entry.string {
                try builder.add(text.utf8)
            } else if let parts = entry.array, parts.count == 2, let left = parts[0].string,
                let right = parts[1].string
            {
                try builder.add(left.utf8, right.utf8)
            } else {
                throw .malformedMerge(path: setting.path, key: setting.key, index: builder.count)
            }
        }
        return builder.table
    }
}

extension Unigram {
    fileprivate init(_ setting: JSONSetting) throws(TokenizerError) {
        let list = try setting.get("vocab")
        guard let entries = list.value.array, entries.count < Vocabulary.idLimit else {
            throw list.wrongType("a list of tokens and scores")
        }
        var vocabulary = Vocabulary(minimumCapacity: entries.count)
        var scores: [Double] = []
        for (id, entry) in entries.enumerated() {
            guard let pair = entry.array, pair.count == 2, let text = pair[0].string,
                let score = pair[1].double
            else {
                throw .wrongType(
                    path: setting.path, key: "\(list.key)[\(id)]", expected: "a token and its score"
                )
            }
            _ = vocabulary.insert(text.utf8, id: id)
            scores.append(score)
        }
        var unknownID: Int?
        if let unknown = try setting.find("unk_id") {
            let id = try unknown.count()
            guard id < entries.count else {
                throw .unknownToken(path: setting.path, key: unknown.key, token: String(id))
            }
            unknownID = id
        }
        self.init(
            vocabulary: vocabulary, scores: scores, unknownID: unknownID,
            fallsBackToBytes: try setting.bool("byte_fallback", default: false))
    }
}
