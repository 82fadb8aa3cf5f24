/// Why a text is not YAML that is read here.
public struct YAMLError: Error, Equatable, CustomStringConvertible {
    /// What is wrong.
    public let fault: YAMLFault
    /// Where.
    public let position: YAMLPosition

    /// Creates an error.
    public init(_ fault: YAMLFault, at position: YAMLPosition) {
        self.fault = fault
        self.position = position
    }

    /// One sentence without the file's name, which the caller knows.
    public var description: String {
        "line \(position.line), column \(position.column): \(fault)"
    }
}

/// What can be wrong with a YAML text.
public enum YAMLFault: Sendable, Equatable, CustomStringConvertible {
    /// There is nothing but white space and comments.
    case empty
    /// The text is longer than the limit, in bytes.
    case tooLong(limit: Int)
    /// The bytes are not UTF-8.
    case notUTF8
    /// The bytes are UTF-16 or UTF-32.
    case otherEncoding(String)
    /// A control character stands in the text.
    case controlCharacter(UInt32)
    /// A second document begins.
    case secondDocument
    /// A tag (`!…`) asks for a type.
    case tag(String)
    /// A merge key (`<<`), which YAML 1.2 no longer has.
    case mergeKey
    /// A key is a list or a map, or there is none before the colon.
    case keyNotText
    /// A key stands twice in one map; first seen in `line`.
    case duplicateKey(String, line: Int)
    /// Lists and maps are nested deeper than the limit.
    case tooDeep(limit: Int)
    /// Lists, maps and scalars, aliases counted with all they stand for, exceed the limit.
    case tooMany(limit: Int)
    /// An alias names no anchor before it.
    case unknownAlias(String)
    /// An alias stands inside its own anchor.
    case aliasCycle(String)
    /// A tab indents a line.
    case tab
    /// A key has no colon after it.
    case missingColon
    /// A colon follows something that cannot be a key.
    case unexpectedColon
    /// The indentation fits neither the line before nor an outer level.
    case indentation
    /// A list in brackets that began here is not closed.
    case openList
    /// A map in braces that began here is not closed.
    case openMap
    /// A quotation that began here is not closed.
    case openQuote
    /// A character that means something to YAML, or nothing at all.
    case character
    /// A quotation has a bad escape.
    case escape
    /// Any other fault, in the words of the parsing library.
    case syntax(String)

    /// What is wrong and what to do, without a place.
    public var description: String {
        switch self {
        case .empty: "the file is empty"
        case .tooLong(let limit): "the text is longer than \(limit) bytes"
        case .notUTF8: "the text is not UTF-8"
        case .otherEncoding(let name): "the text is \(name); save it as UTF-8"
        case .controlCharacter(let code):
            "the control character U+\(hexadecimal(code)) is not allowed in YAML"
        case .secondDocument: "a second document begins here; only one is read"
        case .tag(let tag):
            "the tag \(tag.printable) is not supported; remove it (quotes make text)"
        case .mergeKey: "merge keys (<<) are not supported; write the keys out"
        case .keyNotText: "a key must be text"
        case .duplicateKey(let key, let line): "the key \(key.printable) is already in line \(line)"
        case .tooDeep(let limit): "lists and maps are nested deeper than \(limit) levels"
        case .tooMany(let limit):
            "the text has more than \(limit) values (each alias counts all that it stands for)"
        case .unknownAlias(let name):
            "the alias *\(name.printable) names no anchor before it"
        case .aliasCycle(let name):
            "the alias *\(name.printable) stands inside its own anchor &\(name.printable)"
        case .tab: "a tab indents this line; YAML wants spaces"
        case .missingColon: "a key without a colon after it (key: value)"
        case .unexpectedColon:
            "a colon cannot stand here; indent the line like those before, or quote the value"
        case .indentation: "a key is expected here, indented like the lines before"
        case .openList: "the list that begins with [ here is not closed, or lacks a comma"
        case .openMap: "the map that begins with { here is not closed, or lacks a comma"
        case .openQuote: "the quotation that begins here is not closed"
        case .character: "a value cannot begin with this character; put it into quotes"
        case .escape: "the quotation has an unknown or bad escape after a backslash"
        case .syntax(let problem): "not valid YAML: \(problem)"
        }
    }

    private func hexadecimal(_ code: UInt32) -> String {
        let digits = String(code, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
