import RetortFiles
import RetortText

/// Whether a model's tokenizer fits its weights.
struct TextVerification {
    private(set) var text: ModelText?
    private(set) var warnings: [String] = []

    /// Reads tokenizer and template and compares them with the embedding.
    ///
    /// - Parameters:
    ///   - files: The model.
    ///   - rows: Rows of its embedding.
    /// - Throws: ``TokenizerError``, ``ModelError``, or why the template cannot be read.
    init(_ files: ModelFiles, rows: Int) throws {
        guard ModelText.isPresent(in: files) else {
            warnings.append("\(files.path): has no tokenizer; it takes and gives token ids only.")
            return
        }
        let text = try ModelText(files)
        self.text = text
        switch files {
        case .gguf(let file): try Self.check(file, rows: rows)
        case .huggingFace(let folder): try check(text, folder, rows: rows)
        }
        if text.template == nil {
            warnings.append("\(files.path): has no chat template.")
        }
    }

    /// A GGUF file has a token for every row, and all its keys that name tokens name one of them.
    private static func check(_ file: GGUFFile, rows: Int) throws {
        let prefix = "tokenizer.ggml."
        let count = file[prefix + "tokens"]?.array?.count ?? 0
        guard count == rows else {
            throw TokenizerError.countsDiffer(
                path: file.path, key: prefix + "tokens", count: count, other: "token_embd.weight",
                otherCount: rows)
        }
        for (key, value) in file.metadata.entries
        where key.hasPrefix(prefix) && key.hasSuffix("_token_id") {
            // The largest number of its width says that there is none.
            guard let id = value.integer, id != -1, id != 0xffff_ffff else { continue }
            guard (0..<count).contains(id) else {
                throw TokenizerError.unknownID(
                    path: file.path, key: key, id: id, vocabulary: count)
            }
        }
    }

    /// A folder's embedding may have more rows than the tokenizer has tokens, and published models
    /// have added tokens without a row; those that every conversation needs must have one.
    private mutating func check(
        _ text: ModelText, _ folder: HuggingFaceFolder, rows: Int
    ) throws {
        for key in ["bos_token_id", "eos_token_id"] {
            let value = folder.config[key]
            let ids = value?.integer.map { [$0] } ?? value?.array?.compactMap(\.integer) ?? []
            if let id = ids.first(where: { !(0..<rows).contains($0) }) {
                throw ModelError.badKey(
                    path: folder.path + "/config.json", key: key,
                    reason: "is \(id), outside the vocabulary of \(rows)")
            }
        }
        let tokenizer = text.tokenizer
        guard tokenizer.vocabularySize > rows else { return }
        let added = Set(tokenizer.allAddedTokens.map(\.id))
        let beyond = (rows..<tokenizer.vocabularySize).filter { tokenizer.token($0) != nil }
        let roles = text.configuration.roles(in: tokenizer)
        let needed = text.endTokens.union([roles.bosID, roles.eosID].compactMap { $0 })
        if let id = beyond.first(where: { !added.contains($0) || needed.contains($0) }) {
            throw ModelError.tokenWithoutRow(
                path: folder.path, token: tokenizer.token(id) ?? "", id: id, rows: rows)
        }
        if let id = beyond.first {
            let name = (tokenizer.token(id) ?? "").printable
            warnings.append(
                "\(folder.path): \(beyond.count) added tokens have no row in the embedding of "
                    + "\(rows), the first is \(name) with id \(id); text must not hold them.")
        }
    }
}

extension ModelText {
    /// Whether a model's files have a tokenizer at all.
    package static func isPresent(in files: ModelFiles) -> Bool {
        switch files {
        case .gguf(let file):
            file["tokenizer.ggml.model"].map { $0.string != "no_vocab" }
                ?? (file["tokenizer.ggml.tokens"] != nil)
        case .huggingFace(let folder):
            Folder.exists(folder.path + "/tokenizer.json")
        }
    }
}
