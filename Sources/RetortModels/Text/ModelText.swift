import RetortFiles
import RetortText

/// Everything between text and a model's tokens: tokenizer, chat template, and which tokens end a turn.
public struct ModelText: Sendable {
    /// The tokenizer.
    public let tokenizer: Tokenizer
    /// The chat template stored with the model.
    public let template: ChatTemplate?
    /// Texts of the special tokens.
    public let configuration: TokenizerConfiguration
    /// Tokens after which generation stops.
    public let endTokens: Set<Int>

    /// Reads them from a model's files.
    package init(_ files: ModelFiles) throws {
        let tokenizer: Tokenizer, configuration: TokenizerConfiguration
        var ends: [Int] = []
        switch files {
        case .gguf(let file):
            tokenizer = try Tokenizer(file)
            configuration = TokenizerConfiguration(file.metadata, tokenizer: tokenizer)
            for key in ["eos_token_id", "eot_token_id", "eom_token_id"] {
                ends += file["tokenizer.ggml.\(key)"]?.integer.map { [$0] } ?? []
            }
        case .huggingFace(let folder):
            tokenizer = try Tokenizer(contentsOf: folder.path + "/tokenizer.json")
            configuration = try TokenizerConfiguration(folder: folder.path)
            ends += Self.endTokens(folder.config)
            let generation = folder.path + "/generation_config.json"
            if Folder.exists(generation), let object = try JSONValue(contentsOf: generation).object
            {
                ends += Self.endTokens(object)
            }
        }
        let roles = configuration.roles(in: tokenizer)
        ends += roles.eosID.map { [$0] } ?? []
        self.tokenizer = tokenizer
        self.configuration = configuration
        endTokens = Set(ends)
        template = try configuration.chatTemplate.map {
            try ChatTemplate($0, name: "\(files.path): chat template")
        }
    }

    /// `eos_token_id` of a configuration: one id or a list.
    private static func endTokens(_ object: JSONObject) -> [Int] {
        guard let value = object["eos_token_id"] else { return [] }
        return value.integer.map { [$0] } ?? value.array?.compactMap(\.integer) ?? []
    }

    /// The template's variables besides the conversation: the special tokens' texts.
    package var templateVariables: JSONObject {
        var variables = JSONObject()
        for (name, token) in [
            ("bos_token", configuration.bosToken), ("eos_token", configuration.eosToken),
            ("pad_token", configuration.paddingToken), ("unk_token", configuration.unknownToken),
        ] {
            if let token { variables[name] = .string(token) }
        }
        return variables
    }
}

extension Model {
    /// The tokenizer and chat template stored with the model.
    public func text() throws -> ModelText { try ModelText(files) }
}
