import RetortFiles

/// Why a row of a data file is no conversation; ``JSONLinesError`` adds file and line.
public enum ConversationError: Error, Equatable, CustomStringConvertible {
    /// The row is not a JSON object.
    case notAnObject(found: String)
    /// The row has no `messages`.
    case noMessages
    /// `messages` holds nothing.
    case empty
    /// A value has the wrong type; `path` is like `messages[2].content`.
    case wrongType(path: String, found: String, expected: String)
    /// A value is missing.
    case missing(path: String)
    /// A role that no template knows.
    case unknownRole(path: String, role: String)

    /// One sentence: where in the row, what is wrong, what to do.
    public var description: String {
        switch self {
        case .notAnObject(let found):
            "the row is \(found); write an object with the key \"messages\""
        case .noMessages: "the row has no \"messages\""
        case .empty: "\"messages\" is empty; write at least one message"
        case .wrongType(let path, let found, let expected):
            "\(path) is \(found), expected \(expected)"
        case .missing(let path): "\(path) is missing"
        case .unknownRole(let path, let role):
            "\(path) is \"\(role)\"; known roles are \(Conversation.roles.joined(separator: ", "))"
        }
    }
}
