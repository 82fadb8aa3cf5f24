import FoundationEssentials
import RetortFiles

/// What lies beside a tokenizer: the texts of its tokens with a task, and chat templates.
public struct TokenizerConfiguration: Sendable, Equatable {
    /// A chat template with its name; most models have one, called `default`.
    public struct ChatTemplate: Sendable, Equatable {
        /// The name.
        public var name: String
        /// The Jinja text.
        public var text: String

        /// Creates a template.
        public init(name: String = "default", text: String) {
            self.name = name
            self.text = text
        }
    }

    /// Starts a text.
    public var bosToken: String?
    /// Ends a text or a turn.
    public var eosToken: String?
    /// Fills rows to equal length.
    public var paddingToken: String?
    /// Stands for what the vocabulary does not know.
    public var unknownToken: String?
    /// All chat templates, in the order of the file.
    public var chatTemplates: [ChatTemplate] = []

    /// Creates a configuration that says nothing.
    public init() {}

    /// The template to use where none is named.
    public var chatTemplate: String? {
        (chatTemplates.first { $0.name == "default" } ?? chatTemplates.first)?.text
    }

    /// Reads what a Hugging Face folder has: `tokenizer_config.json`, `special_tokens_map.json`,
    /// `chat_template.jinja` and `additional_chat_templates/`.
    ///
    /// - Parameter folder: The folder.
    /// - Throws: ``TokenizerError`` if a value has another type, or an error of the file.
    public init(folder: String) throws {
        for name in ["tokenizer_config.json", "special_tokens_map.json"] {
            guard let text = try Self.bytes(of: name, in: folder) else { continue }
            let path = "\(folder)/\(name)"
            let json: JSONValue
            do throws(JSONError) {
                json = try JSONParser.parse(text)
            } catch {
                throw TokenizerError.notJSON(path: path, error)
            }
            try add(JSONSetting(value: json, path: path, key: ""))
        }
        if let text = try Self.bytes(of: "chat_template.jinja", in: folder) {
            set(ChatTemplate(text: String(decoding: text, as: UTF8.self)))
        }
        let more = "additional_chat_templates"
        let names = try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(more)")
        for name in (names ?? []).sorted() where name.hasSuffix(".jinja") {
            guard let text = try Self.bytes(of: "\(more)/\(name)", in: folder) else { continue }
            set(
                ChatTemplate(
                    name: String(name.dropLast(6)), text: String(decoding: text, as: UTF8.self)))
        }
    }

    /// Reads what a GGUF file has.
    ///
    /// - Parameters:
    ///   - metadata: The file's keys.
    ///   - tokenizer: The file's tokenizer.
    public init(_ metadata: GGUFMetadata, tokenizer: Tokenizer) {
        bosToken = tokenizer.roles.bosID.flatMap(tokenizer.token)
        eosToken = tokenizer.roles.eosID.flatMap(tokenizer.token)
        paddingToken = tokenizer.roles.paddingID.flatMap(tokenizer.token)
        unknownToken = tokenizer.roles.unknownID.flatMap(tokenizer.token)
        if let text = metadata["tokenizer.chat_template"]?.string { set(ChatTemplate(text: text)) }
        for name in metadata["tokenizer.chat_templates"]?.strings ?? [] {
            if let text = metadata["tokenizer.chat_template.\(name)"]?.string {
                set(ChatTemplate(name: name, text: text))
            }
        }
    }

    /// The ids of the tokens with a task.
    public func roles(in tokenizer: Tokenizer) -> TokenRoles {
        var roles = tokenizer.roles
        roles.bosID = bosToken.flatMap(tokenizer.id) ?? roles.bosID
        roles.eosID = eosToken.flatMap(tokenizer.id) ?? roles.eosID
        roles.paddingID = paddingToken.flatMap(tokenizer.id) ?? roles.paddingID
        roles.unknownID = unknownToken.flatMap(tokenizer.id) ?? roles.unknownID
        return roles
    }

    /// Takes over what a file says and no earlier one said.
    private mutating func add(_ file: JSONSetting) throws(TokenizerError) {
        try Self.take("bos_token", of: file, for: &bosToken)
        try Self.take("eos_token", of: file, for: &eosToken)
        try Self.take("pad_token", of: file, for: &paddingToken)
        try Self.take("unk_token", of: file, for: &unknownToken)
        guard let template = try file.find("chat_template") else { return }
        if let text = template.value.string {
            set(ChatTemplate(text: text))
            return
        }
        for entry in try template.elements() {
            set(
                ChatTemplate(
                    name: try entry.get("name").string(), text: try entry.get("template").string()))
        }
    }

    /// Takes a token, written as its text or as an object with `content`, if none is known yet.
    private static func take(
        _ key: String, of file: JSONSetting, for token: inout String?
    ) throws(TokenizerError) {
        guard token == nil, let setting = try file.find(key) else { return }
        token =
            if let text = setting.value.string { text } else {
                try setting.get("content").string()
            }
    }

    private mutating func set(_ template: ChatTemplate) {
        if let index = chatTemplates.firstIndex(where: { $0.name == template.name }) {
            chatTemplates[index] = template
        } else {
            chatTemplates.append(template)
        }
    }

    /// The bytes of a file, nil if there is none.
    private static func bytes(of name: String, in folder: String) throws -> [UInt8]? {
        do throws(FileError) {
            return try MappedFile("\(folder)/\(name)").contents
        } catch {
            if case .missing = error { return nil }
            throw error
        }
    }
}
