import RetortFiles

extension Tokenizer {
    /// Reads the tokenizer of a GGUF file.
    ///
    /// - Throws: ``TokenizerError``.
    public init(_ file: GGUFFile) throws(TokenizerError) {
        try self.init(GGUFTokenizerFields(file.metadata, path: file.path), path: file.path)
    }

    /// Builds the tokenizer that a GGUF file's fields describe.
    ///
    /// - Parameters:
    ///   - fields: The keys and values.
    ///   - path: The file, for errors.
    /// - Throws: ``TokenizerError``.
    public init(_ fields: GGUFTokenizerFields, path: String) throws(TokenizerError) {
        do {
            switch fields.model {
            case "gpt2": try self.init(bytePairs: fields, path: path)
            case "gemma4": try self.init(markedPairs: fields, path: path)
            case "bert": try self.init(wordPieces: fields, path: path)
            case "llama": try self.init(sentencePiece: fields, path: path)
            case "t5": try self.init(unigram: fields, path: path)
            default:
                throw TokenizerError.unsupported(
                    path: path, what: "the tokenizer model \"\(fields.model)\"")
            }
        } catch let error as TokenizerError {
            throw error
        } catch let error as RegularExpressionError {
            throw TokenizerError(error)
        } catch {
            throw .unsupported(path: path, what: "\(error)")
        }
        roles = fields.roles
    }

    private init(bytePairs fields: GGUFTokenizerFields, path: String) throws {
        guard let entry = GGUFPreTokenizer.named(fields.preTokenizer) else {
            throw TokenizerError.unknownKind(
                path: path, key: GGUFTokenizerFields.prefix + "pre",
                name: fields.preTokenizer ?? "")
        }
        let preTokenizer = try entry.preTokenizer()
        let vocabulary = Vocabulary(fields.tokens)
        var options = BytePairEncoding.Options()
        options.ignoresMerges = entry.ignoresMerges
        let model = BytePairEncoding(
            vocabulary: vocabulary, merges: try fields.mergeTable(vocabulary, path: path),
            options: options, alphabet: preTokenizer.endsInBytes ? .bytes : .scalars)
        let addsBOS = fields.addsBOS ?? (fields.preTokenizer == "llama-bpe")
        try self.init(
            normalizer: entry.normalizer, preTokenizer: preTokenizer,
            model: .bytePair(model),
            postProcessor: fields.template(
                start: addsBOS ? fields.roles.bosID : nil,
                end: fields.addsEOS == true ? fields.roles.eosID : nil),
            decoder: .byteLevel, addedTokens: fields.addedTokens)
    }

    /// Gemma 4: spaces as marks, unknown characters as byte tokens.
    private init(markedPairs fields: GGUFTokenizerFields, path: String) throws {
        let vocabulary = Vocabulary(fields.tokens)
        var options = BytePairEncoding.Options()
        options.unknownToken = vocabulary.id(of: "<unk>".utf8) == nil ? nil : "<unk>"
        options.fusesUnknown = true
        options.fallsBackToBytes = true
        let model = BytePairEncoding(
            vocabulary: vocabulary, merges: try fields.mergeTable(vocabulary, path: path),
            options: options, alphabet: .scalars)
        let mark = Array("\u{2581}".utf8)
        let space = TextPattern.literal([0x20])
        try self.init(
            normalizer: .replace(space, with: mark),
            preTokenizer: .split(space, .mergedWithPrevious, inverted: false),
            model: .bytePair(model),
            postProcessor: fields.template(
                start: fields.addsBOS == true ? fields.roles.bosID : nil,
                end: fields.addsEOS == true ? fields.roles.eosID : nil),
            decoder: .sequence([.replace(.literal(mark), with: [0x20]), .byteFallback, .fuse]),
            addedTokens: fields.addedTokens)
    }

    /// BERT: the file marks starts of words with U+2581 where the original marks what continues.
    private init(wordPieces fields: GGUFTokenizerFields, path: String) throws {
        let tokens = zip(fields.tokens, fields.types).map { token, type in
            if token.unicodeScalars.first == "\u{2581}" {
                return String(token.unicodeScalars.dropFirst())
            }
            let isUnused = token.utf8.starts(with: "[unused".utf8) && token.utf8.last == 0x5d
            return type == .control || isUnused ? token : "##" + token
        }
        var fields = fields
        fields.tokens = tokens
        let vocabulary = Vocabulary(tokens)
        guard let unknown = vocabulary.id(of: "[UNK]".utf8) else {
            throw TokenizerError.unknownToken(
                path: path, key: GGUFTokenizerFields.prefix + "tokens", token: "[UNK]")
        }
        let model = WordPiece(
            vocabulary: vocabulary, unknownToken: "[UNK]", unknownID: unknown,
            continuingPrefix: "##", longestWord: 100)
        try self.init(
            normalizer: .bert(.init()), preTokenizer: .bert, model: .wordPiece(model),
            postProcessor: fields.template(
                start: vocabulary.id(of: "[CLS]".utf8), end: vocabulary.id(of: "[SEP]".utf8),
                repeatsStart: false),
            decoder: .wordPiece(prefix: "##", cleansUp: true), addedTokens: fields.addedTokens)
    }

    private init(unigram fields: GGUFTokenizerFields, path: String) throws {
        guard fields.scores.count == fields.tokens.count else {
            throw TokenizerError.missing(path: path, key: GGUFTokenizerFields.prefix + "scores")
        }
        let model = Unigram(
            vocabulary: Vocabulary(fields.tokens), scores: fields.scores.map(Double.init),
            unknownID: fields.roles.unknownID, fallsBackToBytes: false)
        let spaces = TextPattern.expression(try RegularExpression(" {2,}"))
        var steps = [Normalizer.replace(spaces, with: [0x20])]
        if !fields.charactersMap.isEmpty {
            guard let map = CharactersMap(fields.charactersMap) else {
                throw TokenizerError.wrongType(
                    path: path, key: GGUFTokenizerFields.prefix + "precompiled_charsmap",
                    expected: "a table of replacements")
            }
            steps.insert(.charactersMap(map), at: 0)
        }
        try self.init(
            normalizer: .sequence(steps),
            preTokenizer: .sequence([.whitespaceSplit, .metaspace(.init())]),
            model: .unigram(model),
            postProcessor: fields.template(
                start: fields.addsBOS == true ? fields.roles.bosID : nil,
                end: fields.addsEOS ?? true ? fields.roles.eosID : nil, repeatsStart: false),
            decoder: .metaspace(.init()), addedTokens: fields.addedTokens)
    }
}

extension Vocabulary {
    /// Numbers texts from 0; of equal ones the last is found.
    init(_ texts: [String]) {
        self.init(minimumCapacity: texts.count)
        for (id, text) in texts.enumerated() { _ = insert(text.utf8, id: id) }
    }
}

extension GGUFTokenizerFields {
    /// The tokens that are looked for in text: control tokens and those of users.
    var addedTokens: [AddedToken] {
        zip(tokens.indices, zip(tokens, types)).compactMap { id, entry in
            let (token, type) = entry
            guard type == .control || type == .userDefined, !token.isEmpty else { return nil }
            return AddedToken(id: id, content: token, isSpecial: type == .control)
        }
    }

    fileprivate func mergeTable(
        _ vocabulary: Vocabulary, path: String
    ) throws(TokenizerError) -> IntegerTable {
        var builder = MergeBuilder(
            vocabulary, count: merges.count, path: path, key: Self.prefix + "merges")
        for merge in merges { try builder.add(merge.utf8) }
        return builder.table
    }

    /// A start token and an end token around a text; around the second of two likewise.
    fileprivate func template(
        start: Int?, end: Int?, repeatsStart: Bool = true
    ) -> PostProcessor? {
        typealias Part = PostProcessor.Template.Part
        func special(_ id: Int?, _ type: Int) -> [Part] {
            id.map { [.special(tokens[$0], type: type)] } ?? []
        }
        if start == nil && end == nil { return nil }
        let single = special(start, 0) + [Part.text(0, type: 0)] + special(end, 0)
        let second =
            (repeatsStart ? special(start, 1) : []) + [Part.text(1, type: 1)] + special(end, 1)
        var specials: [PostProcessor.Template.Special] = []
        for id in [start, end].compactMap({ $0 })
        where !specials.contains(where: { $0.tokens[0].id == id }) {
            specials.append(
                .init(name: tokens[id], tokens: [.init(content: tokens[id], id: id)]))
        }
        return .template(.init(single: single, pair: single + second, specials: specials))
    }
}
