import RetortFiles

extension Tokenizer {
    /// Reads the content of a tokenizer.json or tekken.json file.
    ///
    /// Settings for truncation and padding in it are left to the caller.
    ///
    /// - Parameters:
    ///   - json: The file's bytes.
    ///   - path: The file's name, for errors.
    /// - Throws: ``TokenizerError``.
    package init(json: [UInt8], path: String) throws(TokenizerError) {
        if json.isEmpty { throw .notJSON(path: path, .unfinished(offset: 0)) }
        guard String(validating: json, as: UTF8.self) != nil else {
            throw .notJSON(path: path, .badString(reason: "invalid UTF-8", offset: 0))
        }
        let value: JSONValue
        do { value = try JSONParser.parse(json) } catch { throw .notJSON(path: path, error) }
        if value["model"] == nil, value["config"] != nil, value["vocab"] != nil {
            try self.init(tekken: value, path: path)
        } else {
            try self.init(value, path: path)
        }
    }

    /// Reads a parsed tokenizer.json.
    package init(_ json: JSONValue, path: String) throws(TokenizerError) {
        let file = JSONSetting(value: json, path: path, key: "")
        guard json.object != nil else { throw file.wrongType("a JSON object") }
        let normalizer = try file.find("normalizer").map(Normalizer.init)
        let preTokenizer = try file.find("pre_tokenizer").map(PreTokenizer.init)
        let model = try TokenModel(
            file.get("model"), takesBytes: preTokenizer?.endsInBytes ?? false)
        var added: [AddedToken] = []
        for setting in try file.find("added_tokens")?.elements() ?? [] {
            added.append(try AddedToken(setting))
        }
        try Self.check(added, against: model.vocabulary, path: path)
        do {
            try self.init(
                normalizer: normalizer, preTokenizer: preTokenizer, model: model,
                postProcessor: try file.find("post_processor").map(PostProcessor.init),
                decoder: try file.find("decoder").map(TokenDecoder.init), addedTokens: added)
        } catch let error as TokenizerError {
            throw error
        } catch let error as RegularExpressionError {
            throw TokenizerError(error)
        } catch {
            throw .unsupported(path: path, what: "\(error)")
        }
        roles.unknownID = model.unknownID
    }

    /// Throws if an added token has an id that belongs to another text.
    private static func check(
        _ added: [AddedToken], against vocabulary: Vocabulary, path: String
    ) throws(TokenizerError) {
        var holders: [Int: String] = [:]
        var ids: [ExactKey: Int] = [:]
        for token in added {
            let holder = holders[token.id] ?? vocabulary.text(of: token.id)
            if let holder, !holder.utf8.elementsEqual(token.content.utf8) {
                throw .addedTokenConflict(
                    path: path, token: token.content, id: token.id, holder: holder,
                    holderID: token.id)
            }
            let other = ids[ExactKey(token.content)] ?? vocabulary.id(of: token.content.utf8)
            if let other, other != token.id {
                throw .addedTokenConflict(
                    path: path, token: token.content, id: token.id, holder: token.content,
                    holderID: other)
            }
            holders[token.id] = token.content
            ids[ExactKey(token.content)] = token.id
        }
    }
}

extension AddedToken {
    /// Reads an entry of `added_tokens`.
    fileprivate init(_ setting: JSONSetting) throws(TokenizerError) {
        content = try setting.get("content").string()
        let number = try setting.get("id")
        guard let id = number.value.integer else { throw number.wrongType("a whole number") }
        guard (0..<Vocabulary.idLimit).contains(id) else {
            throw .idOutOfRange(path: setting.path, token: content, id: String(id))
        }
        self.id = id
        isSingleWord = try setting.bool("single_word", default: false)
        stripsLeft = try setting.bool("lstrip", default: false)
        stripsRight = try setting.bool("rstrip", default: false)
        isSpecial = try setting.bool("special", default: false)
        isNormalized = try setting.bool("normalized", default: !isSpecial)
    }
}
