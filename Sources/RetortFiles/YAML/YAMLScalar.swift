/// What plain (unquoted) text means by the core schema.
///
/// Source: YAML 1.2.2, section 10.3.2.
enum YAMLScalar {
    static func resolve(_ text: String) -> YAMLValue {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        case ".nan", ".NaN", ".NAN": return .number(.nan)
        default: break
        }
        return integer(text) ?? number(text) ?? .string(text)
    }

    /// Whether text must be quoted to be read as text.
    static func needsQuotes(_ text: String) -> Bool {
        if case .string = resolve(text) { false } else { true }
    }

    private static func integer(_ text: String) -> YAMLValue? {
        for (prefix, radix) in [("0x", 16), ("0o", 8)] where text.hasPrefix(prefix) {
            return digits(text.dropFirst(2), radix: radix)
        }
        let unsigned = unsignedPart(text)
        guard !unsigned.isEmpty, unsigned.utf8.allSatisfy(isDigit) else { return nil }
        if let value = Int(text) { return .integer(value) }
        return Double(text).map(YAMLValue.number)
    }

    private static func digits(_ text: Substring, radix: Int) -> YAMLValue? {
        let allowed = text.utf8.allSatisfy { byte in
            Character(Unicode.Scalar(byte)).hexDigitValue.map { $0 < radix } ?? false
        }
        guard allowed, !text.isEmpty else { return nil }
        if let value = Int(text, radix: radix) { return .integer(value) }
        return .number(
            text.reduce(0) { $0 * Double(radix) + Double($1.hexDigitValue ?? 0) })
    }

    private static func number(_ text: String) -> YAMLValue? {
        let unsigned = unsignedPart(text)
        if [".inf", ".Inf", ".INF"].contains(unsigned) {
            return .number(text.hasPrefix("-") ? -.infinity : .infinity)
        }
        var rest = Substring(unsigned)
        let whole = takeDigits(&rest)
        var fraction = 0
        if rest.first == "." {
            rest.removeFirst()
            fraction = takeDigits(&rest)
        }
        guard whole + fraction > 0 else { return nil }
        if rest.first == "e" || rest.first == "E" {
            rest.removeFirst()
            if rest.first == "+" || rest.first == "-" { rest.removeFirst() }
            guard takeDigits(&rest) > 0 else { return nil }
        }
        guard rest.isEmpty else { return nil }
        return Double(text).map(YAMLValue.number)
    }

    private static func unsignedPart(_ text: String) -> Substring {
        text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : Substring(text)
    }

    private static func takeDigits(_ text: inout Substring) -> Int {
        let count = text.utf8.prefix(while: isDigit).count
        text = text.dropFirst(count)
        return count
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
