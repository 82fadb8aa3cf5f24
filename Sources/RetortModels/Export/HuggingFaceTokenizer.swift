import FoundationEssentials
import RetortFiles
import RetortText

/// Puts a base's tokenizer into a Hugging Face folder.
struct HuggingFaceTokenizer {
    /// Files that a folder may have besides weights and config.json.
    private static let names = [
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
        "tokenizer.model", "vocab.json", "merges.txt", "chat_template.jinja", "chat_template.json",
        "generation_config.json",
    ]
    private static let templates = "additional_chat_templates"

    /// Copies what a folder has.
    ///
    /// - Returns: Whether there is a tokenizer among it.
    static func copy(from source: String, to folder: String) throws -> Bool {
        var hasTokenizer = false
        for name in names where Folder.exists("\(source)/\(name)") {
            try copy(name, from: source, to: folder)
            hasTokenizer = hasTokenizer || ["tokenizer.json", "tokenizer.model"].contains(name)
        }
        if Folder.isFolder("\(source)/\(templates)") {
            try Folder.create("\(folder)/\(templates)")
            for name in try Folder.names(in: "\(source)/\(templates)")
            where name.hasSuffix(".jinja") {
                try copy("\(templates)/\(name)", from: source, to: folder)
            }
        }
        return hasTokenizer
    }

    private static func copy(_ name: String, from source: String, to folder: String) throws {
        let file = try MappedFile("\(source)/\(name)")
        try AtomicFile.write(file.contents, to: "\(folder)/\(name)")
    }

    /// Makes the files from what a GGUF file has.
    ///
    /// - Returns: Whether it has a tokenizer.
    /// - Throws: ``TokenizerError`` if it is of a kind that is not known.
    static func make(from file: GGUFFile, length: Int, to folder: String) throws -> Bool {
        let model = file["tokenizer.ggml.model"]?.string
        guard let model, model != "no_vocab", model != "none" else { return false }
        let tokenizer = try Tokenizer(file)
        let texts = TokenizerConfiguration(file.metadata, tokenizer: tokenizer)
        try AtomicFile.write(tokenizer.serialized(path: file.path), to: folder + "/tokenizer.json")
        let special = texts.specialTokens
        try write(special, to: folder + "/special_tokens_map.json")
        var config = JSONObject([("tokenizer_class", .string("PreTrainedTokenizerFast"))])
        for (key, value) in special.members { config[key] = value }
        config["model_max_length"] = .integer(length)
        config["clean_up_tokenization_spaces"] = .bool(false)
        config["chat_template"] = texts.templates
        try write(config, to: folder + "/tokenizer_config.json")
        return true
    }

    /// Writes an object as transformers lays it out.
    static func write(_ object: JSONObject, to path: String) throws {
        let text = JSONValue.object(object).serialized(.indented(2)) + "\n"
        try AtomicFile.write(Array(text.utf8), to: path)
    }
}

extension TokenizerConfiguration {
    /// The tokens with a task, under the names of `special_tokens_map.json`.
    fileprivate var specialTokens: JSONObject {
        let tokens = [
            ("bos_token", bosToken), ("eos_token", eosToken), ("pad_token", paddingToken),
            ("unk_token", unknownToken),
        ]
        return JSONObject(tokens.compactMap { key, text in text.map { (key, .string($0)) } })
    }

    /// One template, or all with their names.
    fileprivate var templates: JSONValue? {
        if chatTemplates.count == 1, chatTemplates[0].name == "default" {
            return .string(chatTemplates[0].text)
        }
        let all = chatTemplates.map {
            JSONValue.object(
                JSONObject([("name", .string($0.name)), ("template", .string($0.text))]))
        }
        return all.isEmpty ? nil : .array(all)
    }
}
