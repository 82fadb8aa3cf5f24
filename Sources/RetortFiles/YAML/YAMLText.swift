/// What every YAML text must be before its grammar counts: printable UTF-8.
enum YAMLText {
    static let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]

    static func check(_ bytes: [UInt8]) throws(YAMLError) {
        let start = YAMLPosition(line: 1, column: 1)
        if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]) {
            throw YAMLError(.otherEncoding("UTF-16"), at: start)
        }
        if bytes.starts(with: [0, 0, 0xfe, 0xff]) {
            throw YAMLError(.otherEncoding("UTF-32"), at: start)
        }
        var line = 1
        var column = 1
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var previous: Unicode.Scalar = " "
        while true {
            switch decoder.decode(&iterator) {
            case .emptyInput: return
            case .error:
                throw YAMLError(.notUTF8, at: YAMLPosition(line: line, column: column))
            case .scalarValue(let scalar):
                guard isPrintable(scalar) else {
                    throw YAMLError(
                        .controlCharacter(scalar.value),
                        at: YAMLPosition(line: line, column: column))
                }
                if scalar == "\n", previous == "\r" {
                    // The carriage return has ended the line.
                } else if scalar == "\n" || scalar == "\r" {
                    line += 1
                    column = 1
                } else {
                    column += 1
                }
                previous = scalar
            }
        }
    }

    /// Whether a character may stand in a text.
    ///
    /// Source: YAML 1.2.2, production `c-printable`.
    static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0a, 0x0d, 0x20...0x7e, 0x85, 0xa0...0xd7ff, 0xe000...0xfffd,
            0x10000...0x10ffff:
            true
        default: false
        }
    }

    /// JSON with each pair of surrogate escapes written as one `\U` escape.
    ///
    /// YAML has no pairs, and libyaml refuses them. In JSON every backslash stands in a
    /// double-quoted string, so texts that are not JSON stay as they are.
    static func joiningSurrogates(_ bytes: [UInt8]) -> [UInt8] {
        let pair =
            /\\(?:[^u]|u(?<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?<low>[dD][c-fC-F][0-9a-fA-F]{2}))/
        guard bytes.contains(UInt8(ascii: "\\")), (try? JSONParser.parse(bytes)) != nil else {
            return bytes
        }
        let text = String(decoding: bytes, as: UTF8.self)
        let joined = text.replacing(pair) { match in
            guard let high = match.high.flatMap({ UInt32($0, radix: 16) }),
                let low = match.low.flatMap({ UInt32($0, radix: 16) })
            else { return String(match.0) }
            let code = 0x10000 + (high - 0xd800) << 10 + (low - 0xdc00)
            return "\\U" + String(repeating: "0", count: code > 0xfffff ? 2 : 3)
                + String(code, radix: 16)
        }
        return Array(joined.utf8)
    }
}
