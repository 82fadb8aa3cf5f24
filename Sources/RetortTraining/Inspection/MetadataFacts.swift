import RetortFiles

extension FactSheet {
    /// Adds the keys of a GGUF file.
    mutating func add(_ metadata: GGUFMetadata) {
        add("metadata", .object(JSONObject(metadata.entries.map { ($0.key, $0.value.json) })))
        add(table: ["key", "value"], metadata.entries.map { [$0.key, $0.value.shown] })
    }
}

extension GGUFValue {
    /// Elements of an array that are told one by one; vocabularies have 10⁵.
    private static let longestArray = 64
    /// Characters that are shown of a text.
    private static let longestText = 60

    /// The value for programs; a long array as its type and length, numbers that JSON lacks as text.
    var json: JSONValue {
        switch self {
        case .string(let text): return .string(text)
        case .bool(let value): return .bool(value)
        case .array(let array):
            if array.count <= Self.longestArray { return .array(array.values.map(\.json)) }
            return .object(
                JSONObject([
                    ("type", .string("\(array.elementKind)")), ("count", .integer(array.count)),
                ]))
        default:
            if let integer { return .integer(integer) }
            guard let double, double.isFinite else { return .string("\(double ?? .nan)") }
            return .number(double)
        }
    }

    /// The value for people, on one line.
    fileprivate var shown: String {
        switch self {
        case .string(let text):
            let start = text.unicodeScalars.prefix(Self.longestText)
            let rest = text.unicodeScalars.count - start.count
            return String(String.UnicodeScalarView(start))
                + (rest > 0 ? "… and \(Humanized.count(rest)) more characters" : "")
        case .bool(let value): return value ? "true" : "false"
        case .array(let array):
            if array.count <= 8 {
                return "[" + array.values.map(\.shown).joined(separator: ", ") + "]"
            }
            return "\(Humanized.count(array.count)) of \(array.elementKind)"
        case .float32(let value): return "\(value)"
        default: return integer.map(String.init) ?? double.map { "\($0)" } ?? "?"
        }
    }
}
