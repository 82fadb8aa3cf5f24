/// Escaping as `markupsafe` does it.
enum HTML {
    static func escaped(_ text: String, _ budget: Budget) throws(TemplateFault) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): result += Array("&amp;".utf8)
            case UInt8(ascii: "<"): result += Array("&lt;".utf8)
            case UInt8(ascii: ">"): result += Array("&gt;".utf8)
            case UInt8(ascii: "'"): result += Array("&#39;".utf8)
            case UInt8(ascii: "\""): result += Array("&#34;".utf8)
            default: result.append(byte)
            }
        }
        try budget.reserve(stringBytes: result.count)
        return String(decoding: result, as: UTF8.self)
    }

    /// A value as text that may stand beside markup: escaped unless it is markup itself.
    static func escaped(_ value: Value, _ budget: Budget) throws(TemplateFault) -> String {
        if case .markup(let text) = value { return text }
        return try escaped(value.printed(budget), budget)
    }
}
