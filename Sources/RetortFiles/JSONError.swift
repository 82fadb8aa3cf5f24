/// Why a text is not JSON; positions are byte offsets from its start.
public enum JSONError: Error, Equatable, CustomStringConvertible {
    /// Something else stands where a value, key or mark was expected.
    case unexpected(found: String, expected: String, offset: Int)
    /// The text ends inside a value.
    case unfinished(offset: Int)
    /// A string holds bytes that are not UTF-8, or a bad escape.
    case badString(reason: String, offset: Int)
    /// A number is malformed or out of range.
    case badNumber(text: String, offset: Int)
    /// Values are nested deeper than the limit.
    case tooDeep(limit: Int, offset: Int)
    /// A key stands twice in one object.
    case duplicateKey(key: String, offset: Int)

    /// Where it is wrong.
    var offset: Int {
        switch self {
        case .unexpected(_, _, let offset), .unfinished(let offset), .badString(_, let offset),
            .badNumber(_, let offset), .tooDeep(_, let offset), .duplicateKey(_, let offset):
            offset
        }
    }

    /// One sentence without the file's name, which the caller knows.
    public var description: String {
        switch self {
        case .unexpected(let found, let expected, let offset):
            "JSON has \(found) at byte \(offset) where \(expected) was expected"
        case .unfinished(let offset):
            "JSON ends at byte \(offset) inside a value (truncated)"
        case .badString(let reason, let offset):
            "JSON string at byte \(offset) has \(reason)"
        case .badNumber(let text, let offset):
            "JSON number \(text.printable) at byte \(offset) is malformed or out of range"
        case .tooDeep(let limit, let offset):
            "JSON is nested deeper than \(limit) levels at byte \(offset)"
        case .duplicateKey(let key, let offset):
            "JSON has the duplicate key \"\(key.printable)\" at byte \(offset)"
        }
    }
}
