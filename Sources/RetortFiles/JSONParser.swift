/// Reads JSON (RFC 8259) strictly: no comments, no trailing commas, each key once; NaN only if asked.
public struct JSONParser {
    private let bytes: [UInt8]
    private var position = 0
    private let maximumDepth: Int
    private let allowsNonFinite: Bool

    /// Parses one whole text.
    ///
    /// - Parameters:
    ///   - bytes: UTF-8 text; white space may surround the value.
    ///   - maximumDepth: How deeply arrays and objects may nest.
    ///   - allowsNonFinite: Whether NaN, Infinity and -Infinity are numbers, as Python writes them.
    /// - Returns: The value.
    /// - Throws: ``JSONError``.
    public static func parse(
        _ bytes: [UInt8], maximumDepth: Int = 256, allowsNonFinite: Bool = false
    ) throws(JSONError) -> JSONValue {
        var parser = JSONParser(
            bytes: bytes, maximumDepth: maximumDepth, allowsNonFinite: allowsNonFinite)
        parser.skipSpace()
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        if parser.position < bytes.count { throw parser.unexpected("the end") }
        return value
    }

    /// Parses one whole text.
    public static func parse(_ text: String, maximumDepth: Int = 256) throws(JSONError) -> JSONValue
    {
        try parse(Array(text.utf8), maximumDepth: maximumDepth)
    }

    private init(bytes: [UInt8], maximumDepth: Int, allowsNonFinite: Bool) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
        self.allowsNonFinite = allowsNonFinite
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        guard depth < maximumDepth else {
            throw .tooDeep(limit: maximumDepth, offset: position)
        }
        guard position < bytes.count else { throw .unfinished(offset: position) }
        if allowsNonFinite {
            if take("NaN") { return .number(.nan) }
            if take("Infinity") { return .number(.infinity) }
            if take("-Infinity") { return .number(-.infinity) }
        }
        switch bytes[position] {
        case UInt8(ascii: "{"): return .object(try object(depth: depth))
        case UInt8(ascii: "["): return .array(try array(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default:
            if take("true") { return .bool(true) }
            if take("false") { return .bool(false) }
            if take("null") { return .null }
            throw unexpected("a value")
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONObject {
        var result = JSONObject()
        position += 1
        skipSpace()
        if take("}") { return result }
        while true {
            guard position < bytes.count else { throw .unfinished(offset: position) }
            guard bytes[position] == UInt8(ascii: "\"") else { throw unexpected("a key") }
            let start = position
            let key = try string()
            skipSpace()
            guard take(":") else { throw unexpected("a colon") }
            skipSpace()
            guard result.append(key, try value(depth: depth + 1)) else {
                throw .duplicateKey(key: key, offset: start)
            }
            skipSpace()
            if take("}") { return result }
            guard take(",") else { throw unexpected("a comma or }") }
            skipSpace()
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> [JSONValue] {
        var result: [JSONValue] = []
        position += 1
        skipSpace()
        if take("]") { return result }
        while true {
            result.append(try value(depth: depth + 1))
            skipSpace()
            if take("]") { return result }
            guard take(",") else { throw unexpected("a comma or ]") }
            skipSpace()
        }
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        _ = take("-")
        let whole = digits()
        var isInteger = true
        if take(".") {
            isInteger = false
            if digits() == 0 { throw badNumber(from: start) }
        }
        if take("e") || take("E") {
            isInteger = false
            if !take("+") { _ = take("-") }
            if digits() == 0 { throw badNumber(from: start) }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        let firstDigit = bytes[start] == UInt8(ascii: "-") ? start + 1 : start
        if whole == 0 || (whole > 1 && bytes[firstDigit] == UInt8(ascii: "0")) {
            throw badNumber(from: start)
        }
        if isInteger, let value = Int(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else { throw badNumber(from: start) }
        return .number(value)
    }

    private mutating func digits() -> Int {
        let start = position
        while position < bytes.count,
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position])
        {
            position += 1
        }
        return position - start
    }

    private func badNumber(from start: Int) -> JSONError {
        let end = min(position, start + 32)
        return .badNumber(text: String(decoding: bytes[start..<end], as: UTF8.self), offset: start)
    }

    private mutating func string() throws(JSONError) -> String {
        let start = position
        position += 1
        var end = position
        // The common case: no escapes, one piece.
        while end < bytes.count, bytes[end] != UInt8(ascii: "\""), bytes[end] != UInt8(ascii: "\\"),
            bytes[end] >= 0x20
        {
            end += 1
        }
        guard end < bytes.count else { throw .unfinished(offset: end) }
        if bytes[end] == UInt8(ascii: "\"") {
            let piece = bytes[position..<end]
            position = end + 1
            return try Self.text(piece, start: start)
        }
        return try escapedString(from: start, plain: end)
    }

    /// Bytes as text, if they are UTF-8.
    private static func text(
        _ bytes: ArraySlice<UInt8>, start: Int
    ) throws(JSONError) -> String {
        // Not String(validating:), whose generic form costs twice the time.
        guard let text = try? UTF8Span(validating: bytes.span) else {
            throw .badString(reason: "invalid UTF-8", offset: start)
        }
        return String(copying: text)
    }

    private mutating func escapedString(from start: Int, plain end: Int) throws(JSONError) -> String
    {
        var content = Array(bytes[position..<end])
        position = end
        while true {
            guard position < bytes.count else { throw .unfinished(offset: position) }
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                return try Self.text(content[...], start: start)
            case UInt8(ascii: "\\"):
                content.append(contentsOf: String(try escape(start: start)).utf8)
            case 0..<0x20:
                throw .badString(reason: "an unescaped control character", offset: position - 1)
            default: content.append(byte)
            }
        }
    }

    private mutating func escape(start: Int) throws(JSONError) -> Unicode.Scalar {
        guard position < bytes.count else { throw .unfinished(offset: position) }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "u"): break
        default: throw .badString(reason: "an unknown escape", offset: position - 2)
        }
        let first = try hexadecimal()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard (0xd800..<0xdc00).contains(first), take("\\u") else {
            throw .badString(reason: "half a surrogate pair", offset: position - 6)
        }
        let second = try hexadecimal()
        guard (0xdc00..<0xe000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + second - 0xdc00)
        else { throw .badString(reason: "half a surrogate pair", offset: position - 12) }
        return scalar
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt32 {
        guard position + 4 <= bytes.count else { throw .unfinished(offset: bytes.count) }
        var value: UInt32 = 0
        for byte in bytes[position..<position + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw .badString(reason: "a bad \\u escape", offset: position - 2)
            }
            value = value << 4 + UInt32(digit)
        }
        position += 4
        return value
    }

    private mutating func take(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { wanted in
            guard position + wanted.count <= bytes.count else { return false }
            for offset in 0..<wanted.count where unsafe bytes[position + offset] != wanted[offset] {
                return false
            }
            position += wanted.count
            return true
        }
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0a, 0x0d, 0x09: position += 1
            default: return
            }
        }
    }

    private func unexpected(_ expected: String) -> JSONError {
        guard position < bytes.count else { return .unfinished(offset: position) }
        let byte = bytes[position]
        let found =
            (0x21..<0x7f).contains(byte)
            ? "'\(Unicode.Scalar(byte))'" : "byte 0x\(String(byte, radix: 16))"
        return .unexpected(found: found, expected: expected, offset: position)
    }
}
