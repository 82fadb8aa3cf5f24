/// Escapes of string literals, as Python's `unicode-escape` reads them.
enum StringLiteral {
    /// The text between the quotes with its escapes resolved; nil if one is invalid.
    static func unescaped(_ source: ArraySlice<Unicode.Scalar>) -> String? {
        var result = String.UnicodeScalarView()
        var rest = source
        while let scalar = rest.popFirst() {
            guard scalar == "\\" else {
                result.append(scalar)
                continue
            }
            guard let kind = rest.popFirst() else { return nil }
            switch kind {
            case "\n": break
            case "x", "u", "U":
                let count = kind == "x" ? 2 : kind == "u" ? 4 : 8
                guard let code = hexadecimal(&rest, count: count) else { return nil }
                result.append(code)
            case "0"..."7":
                result.append(octal(kind, &rest))
            case "N": return nil
            default:
                if let plain = simple[kind] {
                    result.append(plain)
                } else {
                    result.append("\\")
                    result.append(kind)
                }
            }
        }
        return String(result)
    }

    private static let simple: [Unicode.Scalar: Unicode.Scalar] = [
        "\\": "\\", "'": "'", "\"": "\"", "a": "\u{7}", "b": "\u{8}", "f": "\u{c}",
        "n": "\n", "r": "\r", "t": "\t", "v": "\u{b}",
    ]

    private static func hexadecimal(_ rest: inout ArraySlice<Unicode.Scalar>, count: Int)
        -> Unicode.Scalar?
    {
        guard rest.count >= count else { return nil }
        var value: UInt32 = 0
        for scalar in rest.prefix(count) {
            guard scalar.isASCII, let digit = Character(scalar).hexDigitValue else { return nil }
            value = value << 4 | UInt32(digit)
        }
        rest = rest.dropFirst(count)
        return Unicode.Scalar(value)
    }

    private static func octal(_ first: Unicode.Scalar, _ rest: inout ArraySlice<Unicode.Scalar>)
        -> Unicode.Scalar
    {
        var value = first.value - 48
        for _ in 0..<2 {
            guard let next = rest.first, ("0"..."7").contains(next) else { break }
            value = value * 8 + next.value - 48
            rest.removeFirst()
        }
        return Unicode.Scalar(value) ?? "\u{fffd}"
    }
}

/// Numbers of a template's source: `12`, `1_000`, `0x1f`, `0o7`, `0b1`, `1.5`, `2e3`.
enum NumberLiteral {
    /// Reads the number that starts at a position.
    ///
    /// - Parameters:
    ///   - source: The template.
    ///   - start: Where a digit stands.
    ///   - wholeOnly: Whether a dot belongs to what follows, as in `pair.0.1`.
    /// - Returns: The position after the number, and the token.
    /// - Throws: ``TemplateFault/badLiteral(_:)``.
    static func scan(_ source: [Unicode.Scalar], from start: Int, wholeOnly: Bool)
        throws(TemplateFault) -> (end: Int, kind: TemplateToken.Kind)
    {
        func scalar(_ position: Int) -> Unicode.Scalar {
            position < source.count ? source[position] : " "
        }
        if scalar(start) == "0", let radix = radixes[scalar(start + 1)] {
            let end = digits(source, from: start + 2, radix: radix, mayLeadWithMark: true)
            if end > start + 2 {
                let text = plain(source[(start + 2)..<end])
                return (end, .integer(try integer(text, radix: radix)))
            }
        }
        var end = digits(source, from: start, radix: 10)
        var isWhole = true
        if !wholeOnly {
            if scalar(end) == ".", isDigit(scalar(end + 1)) {
                end = digits(source, from: end + 1, radix: 10)
                isWhole = false
            }
            if scalar(end) == "e" || scalar(end) == "E" {
                let sign = scalar(end + 1) == "+" || scalar(end + 1) == "-" ? 1 : 0
                if isDigit(scalar(end + 1 + sign)) {
                    end = digits(source, from: end + 1 + sign, radix: 10)
                    isWhole = false
                }
            }
        }
        let text = plain(source[start..<end])
        if !isWhole {
            guard let value = Double(text) else { throw .badLiteral(text) }
            return (end, .float(value))
        }
        // A leading zero may only be followed by zeros.
        if text.utf8.first == UInt8(ascii: "0"), text.utf8.contains(where: { $0 != 48 }) {
            throw .badLiteral(text)
        }
        return (end, .integer(try integer(text, radix: 10)))
    }

    private static let radixes: [Unicode.Scalar: Int] = [
        "x": 16, "X": 16, "o": 8, "O": 8, "b": 2, "B": 2,
    ]

    private static func integer(_ text: String, radix: Int) throws(TemplateFault) -> Literal {
        if let value = Int(text, radix: radix) { return .integer(value) }
        guard text.utf8.count <= TemplateLimits.integerDigits,
            let value = BigInteger(text, radix: radix)
        else { throw .badLiteral(String(text.prefix(40))) }
        return .big(value)
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    /// The end of a run of digits, single underscores between them.
    private static func digits(
        _ source: [Unicode.Scalar], from start: Int, radix: Int, mayLeadWithMark: Bool = false
    ) -> Int {
        var end = start
        while end < source.count {
            var next = end
            if source[next] == "_", end > start || mayLeadWithMark { next += 1 }
            guard next < source.count, source[next].isASCII,
                let digit = Character(source[next]).hexDigitValue, digit < radix
            else { break }
            end = next + 1
        }
        return end
    }

    private static func plain(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        String(Array(scalars.filter { $0 != "_" }))
    }
}
