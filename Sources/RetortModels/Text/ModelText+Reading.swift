import RetortFiles
import RetortText

extension Tokenizer {
    /// Reads the tokenizer of a model, or a tokenizer file alone.
    ///
    /// - Parameter path: A GGUF file, a Hugging Face folder, or what ``Tokenizer/init(contentsOf:)``
    ///   reads.
    /// - Throws: ``TokenizerError`` and the errors of the formats.
    public init(atPath path: String) throws {
        if Folder.isFolder(path) {
            try self.init(folder: path)
        } else if path.lowercased().hasSuffix(".gguf") {
            try self.init(GGUFFile(path))
        } else {
            try self.init(contentsOf: path)
        }
    }
}

/// Why no chat template was found.
public enum ChatTemplateError: Error, Equatable, CustomStringConvertible {
    /// The model has none.
    case none(path: String)

    /// One sentence: where, what, what to do.
    public var description: String {
        switch self {
        case .none(let path):
            "\(path): the model has no chat template; use --raw, or data.format text, with it."
        }
    }
}

extension ChatTemplate {
    /// Reads the chat template of a model, or a template file.
    ///
    /// - Parameter path: A GGUF file, a Hugging Face folder, or a Jinja file.
    /// - Throws: ``TemplateError``, ``ChatTemplateError``, and the errors of the formats.
    public init(atPath path: String) throws {
        guard Folder.isFolder(path) || path.lowercased().hasSuffix(".gguf") else {
            let source = String(decoding: try MappedFile(path).contents, as: UTF8.self)
            try self.init(source, name: path)
            return
        }
        guard let template = try ModelText(ModelFiles(path)).template else {
            throw ChatTemplateError.none(path: path)
        }
        self = template
    }
}

extension ModelText {
    /// The model's template, or an error that says there is none.
    package func chatTemplate(_ path: String) throws -> ChatTemplate {
        guard let template else { throw ChatTemplateError.none(path: path) }
        return template
    }

    /// The ids of a rendered conversation; the template has written the special tokens already.
    package func encodeRendered(_ text: String) throws -> [(id: Int, bytes: Range<Int>)] {
        try tokenizer.encodeWithOffsets(text, addSpecialTokens: false)
    }

    /// The ids of a prompt for the assistant's next turn.
    ///
    /// - Parameters:
    ///   - messages: The conversation so far.
    ///   - tools: Descriptions of tools, or nil.
    ///   - path: The model, for messages.
    /// - Returns: Token ids.
    /// - Throws: ``ChatTemplateError``, ``TemplateError``, ``TokenizerError``.
    package func prompt(_ messages: [JSONObject], tools: [JSONValue]? = nil, path: String) throws
        -> [Int32]
    {
        var variables = templateVariables
        variables["messages"] = .array(messages.map(JSONValue.object))
        variables["tools"] = tools.map(JSONValue.array) ?? .null
        variables["add_generation_prompt"] = .bool(true)
        let text = try chatTemplate(path).render(variables).text
        return try encodeRendered(text).map { Int32($0.id) }
    }
}
