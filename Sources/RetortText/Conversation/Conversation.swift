import RetortFiles

/// A conversation to learn from: the messages and the tools that a template is given.
///
/// Source of the fields: the chat format of transformers and of the chat completion services.
public struct Conversation: Sendable, Equatable {
    /// The messages, each with `role` and `content` and whatever else the row gives.
    ///
    /// Reasoning is found under `reasoning_content` and `thinking`, as in transformers: the first
    /// of `reasoning_content`, `thinking` and `reasoning` that is not null is copied there.
    public let messages: [JSONObject]
    /// The descriptions of the tools; nil if there are none.
    public let tools: [JSONValue]?
    /// Further variables for the template, from `chat_template_kwargs`.
    public let variables: JSONObject

    /// The roles that a message may have.
    static let roles = ["system", "developer", "user", "assistant", "tool", "function"]

    /// Reads a row such as `{"messages": [{"role": "user", "content": "Hello"}, …]}`.
    ///
    /// Content is text or a list of parts; it may be null or left out where the assistant calls
    /// tools. Keys of the row that are not known here are left alone.
    ///
    /// - Parameter row: One line of a data file.
    /// - Throws: ``ConversationError``.
    public init(row: JSONValue) throws(ConversationError) {
        guard case .object(let object) = row else { throw .notAnObject(found: row.kind) }
        guard let given = object["messages"] else { throw .noMessages }
        guard case .array(let list) = given else {
            throw .wrongType(path: "messages", found: given.kind, expected: "a list")
        }
        if list.isEmpty { throw .empty }
        var messages: [JSONObject] = []
        for (index, message) in list.enumerated() {
            messages.append(try Self.message(message, path: "messages[\(index)]"))
        }
        self.messages = messages
        tools = try Self.tools(object["tools"])
        switch object["chat_template_kwargs"] {
        case nil, .null?: variables = JSONObject()
        case .object(let members)?: variables = members
        case let other?:
            throw .wrongType(
                path: "chat_template_kwargs", found: other.kind, expected: "an object")
        }
    }

    private static func message(_ value: JSONValue, path: String) throws(ConversationError)
        -> JSONObject
    {
        guard case .object(let message) = value else {
            throw .wrongType(path: path, found: value.kind, expected: "an object")
        }
        guard let role = message["role"] else { throw .missing(path: "\(path).role") }
        guard case .string(let role) = role else {
            throw .wrongType(path: "\(path).role", found: role.kind, expected: "a string")
        }
        if !roles.contains(role) { throw .unknownRole(path: "\(path).role", role: role) }
        let calls = try toolCalls(message["tool_calls"], path: "\(path).tool_calls")
        let mayBeSilent = role == "assistant" && calls
        try checkContent(message["content"], path: "\(path).content", mayBeNull: mayBeSilent)
        for key in ["reasoning_content", "thinking", "reasoning"] {
            switch message[key] {
            case nil, .null?, .string?: break
            case let other?:
                throw .wrongType(path: "\(path).\(key)", found: other.kind, expected: "a string")
            }
        }
        return withReasoning(message)
    }

    private static func checkContent(_ content: JSONValue?, path: String, mayBeNull: Bool)
        throws(ConversationError)
    {
        switch content {
        case .string?: break
        case nil:
            if !mayBeNull { throw .missing(path: path) }
        case .array(let parts)?:
            for (index, part) in parts.enumerated() {
                try checkPart(part, path: "\(path)[\(index)]")
            }
        case .null? where mayBeNull: break
        case let other?:
            throw .wrongType(path: path, found: other.kind, expected: "a string or a list of parts")
        }
    }

    private static func checkPart(_ part: JSONValue, path: String) throws(ConversationError) {
        guard case .object(let members) = part else {
            throw .wrongType(path: path, found: part.kind, expected: "an object")
        }
        guard let type = members["type"] else { throw .missing(path: "\(path).type") }
        guard case .string(let kind) = type else {
            throw .wrongType(path: "\(path).type", found: type.kind, expected: "a string")
        }
        guard kind == "text" else { return }
        guard let text = members["text"] else { throw .missing(path: "\(path).text") }
        guard case .string = text else {
            throw .wrongType(path: "\(path).text", found: text.kind, expected: "a string")
        }
    }

    /// Checks the calls of tools; whether there are any.
    private static func toolCalls(_ value: JSONValue?, path: String) throws(ConversationError)
        -> Bool
    {
        switch value {
        case nil, .null?: return false
        case .array(let calls)?:
            for (index, call) in calls.enumerated() {
                try checkCall(call, path: "\(path)[\(index)]")
            }
            return !calls.isEmpty
        case let other?: throw .wrongType(path: path, found: other.kind, expected: "a list")
        }
    }

    private static func checkCall(_ call: JSONValue, path: String) throws(ConversationError) {
        guard case .object(var function) = call else {
            throw .wrongType(path: path, found: call.kind, expected: "an object")
        }
        var path = path
        if let inner = function["function"] {
            path += ".function"
            guard case .object(let members) = inner else {
                throw .wrongType(path: path, found: inner.kind, expected: "an object")
            }
            function = members
        }
        guard let name = function["name"] else { throw .missing(path: "\(path).name") }
        guard case .string = name else {
            throw .wrongType(path: "\(path).name", found: name.kind, expected: "a string")
        }
        switch function["arguments"] {
        case nil, .null?, .object?, .string?: break
        case let other?:
            throw .wrongType(
                path: "\(path).arguments", found: other.kind, expected: "an object or a string")
        }
    }

    private static func tools(_ value: JSONValue?) throws(ConversationError) -> [JSONValue]? {
        switch value {
        case nil, .null?: return nil
        case .array(let tools)?:
            for (index, tool) in tools.enumerated() {
                guard case .object = tool else {
                    throw .wrongType(
                        path: "tools[\(index)]", found: tool.kind, expected: "an object")
                }
            }
            return tools.isEmpty ? nil : tools
        case let other?: throw .wrongType(path: "tools", found: other.kind, expected: "a list")
        }
    }

    private static func withReasoning(_ message: JSONObject) -> JSONObject {
        let keys = ["reasoning_content", "thinking", "reasoning"]
        guard let key = keys.first(where: { (message[$0] ?? .null) != .null }),
            let reasoning = message[key]
        else { return message }
        var result = message
        result["reasoning_content"] = reasoning
        if result["thinking"] == nil { result["thinking"] = reasoning }
        return result
    }
}

extension JSONValue {
    /// What kind of value this is, for errors.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a truth value"
        case .integer, .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }
}
