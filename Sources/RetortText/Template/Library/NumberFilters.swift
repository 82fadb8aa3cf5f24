/// Filters on numbers.
enum NumberFilters {
    static let table: [String: FilterFunction] = [
        "int": int, "float": float, "abs": abs, "round": round, "filesizeformat": filesize,
    ]

    private static let int: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        let values = try arguments.bound(to: "int", ["default", "base"])
        if case .undefined(let undefined) = value { throw .undefined(undefined) }
        let fallback = values[0] ?? .integer(0)
        if let number = Number(value) {
            if let whole = number.big { return Value(whole) }
            guard let double = number.double, let whole = BigInteger(double) else {
                return fallback
            }
            return Value(whole)
        }
        guard let text = value.text else { return fallback }
        if let whole = integer(text, base: values[1]?.integer ?? 10) { return Value(whole) }
        guard let double = double(text), let whole = BigInteger(double) else { return fallback }
        return Value(whole)
    }

    private static let float: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        let values = try arguments.bound(to: "float", ["default"])
        if case .undefined(let undefined) = value { throw .undefined(undefined) }
        let fallback = values[0] ?? .float(0)
        if let number = Number(value) {
            guard let double = number.double else {
                throw .value("the integer is too large for a float", by: "float")
            }
            return .float(double)
        }
        guard let text = value.text, let double = double(text) else { return fallback }
        return .float(double)
    }

    /// Python's `int(text, base)`; nil if the text is none.
    static func integer(_ text: String, base: Int) -> BigInteger? {
        guard base == 0 || (2...36).contains(base) else { return nil }
        guard var digits = asciiNumber(text)[...].nilIfEmpty else { return nil }
        var isNegative = false
        if digits.first == UInt8(ascii: "-") || digits.first == UInt8(ascii: "+") {
            isNegative = digits.removeFirst() == UInt8(ascii: "-")
        }
        var radix = base
        let prefixes: [UInt8: Int] = [
            UInt8(ascii: "x"): 16, UInt8(ascii: "o"): 8, UInt8(ascii: "b"): 2,
        ]
        if digits.first == UInt8(ascii: "0"), let mark = digits.dropFirst().first,
            let found = prefixes[mark | 0x20], base == 0 || base == found
        {
            radix = found
            digits = digits.dropFirst(2)
            if digits.first == UInt8(ascii: "_") { digits.removeFirst() }
        } else if base == 0 {
            radix = 10
            let isZero = digits.allSatisfy { $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: "_") }
            if digits.first == UInt8(ascii: "0"), !isZero { return nil }
        }
        guard let plain = withoutUnderscores(digits), !plain.isEmpty,
            plain.count <= TemplateLimits.integerDigits
        else { return nil }
        return parse(plain, radix: radix, isNegative)
    }

    private static func parse(_ digits: [UInt8], radix: Int, _ isNegative: Bool) -> BigInteger? {
        let text = String(decoding: digits, as: UTF8.self)
        guard digits.allSatisfy({ $0 < 0x80 && $0 != 43 && $0 != 45 }) else { return nil }
        if let small = Int(text, radix: radix) { return BigInteger(isNegative ? -small : small) }
        guard radix <= 16, let size = BigInteger(text, radix: radix) else { return nil }
        return isNegative ? -size : size
    }

    /// Python's `float(text)`; nil if the text is none.
    static func double(_ text: String) -> Double? {
        guard let plain = withoutUnderscores(asciiNumber(text)[...]), !plain.isEmpty else {
            return nil
        }
        let lower = String(decoding: plain, as: UTF8.self).lowercased()
        switch lower {
        case "inf", "+inf", "infinity", "+infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        case "nan", "+nan", "-nan": return .nan
        default:
            // Swift also reads hexadecimal, Python does not.
            let allowed = lower.utf8.allSatisfy {
                (48...57).contains($0) || [43, 45, 46, 101].contains($0)
            }
            let padded = lower.hasSuffix(".") ? lower + "0" : lower
            return allowed ? Double(padded.replacingDotBeforeExponent) : nil
        }
    }

    /// The text without white space around it, digits of any script as ASCII.
    private static func asciiNumber(_ text: String) -> [UInt8] {
        var scalars = text.unicodeScalars.drop(while: \.isPythonSpace)
        while scalars.last?.isPythonSpace ?? false { scalars.removeLast() }
        var bytes: [UInt8] = []
        for scalar in scalars {
            if let digit = scalar.decimalValue {
                bytes.append(48 + UInt8(clamping: digit))
            } else {
                bytes.append(scalar.isASCII ? UInt8(scalar.value) : 0xff)
            }
        }
        return bytes
    }

    /// The bytes without underscores between digits; nil if one stands elsewhere.
    private static func withoutUnderscores(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        func isDigit(_ byte: UInt8?) -> Bool {
            byte.map { (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) }
                ?? false
        }
        let all = Array(bytes)
        var result: [UInt8] = []
        for (index, byte) in all.enumerated() {
            guard byte == UInt8(ascii: "_") else {
                result.append(byte)
                continue
            }
            let after = index + 1 < all.count ? all[index + 1] : nil
            guard isDigit(result.last), isDigit(after) else { return nil }
        }
        return result
    }

    private static let abs: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        _ = try arguments.bound(to: "abs", [])
        switch Number(value) {
        case .integer(let number): return Value(BigInteger(number).magnitude)
        case .big(let number): return Value(number.magnitude)
        case .float(let number): return .float(number.magnitude)
        case nil:
            if case .undefined(let undefined) = value { throw .undefined(undefined) }
            throw .type(found: value.typeName, expected: "a number", by: "abs")
        }
    }

    private static let round: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        let values = try arguments.bound(to: "round", ["precision", "method"])
        let method = try (values[1] ?? .string("common")).printed(renderer.budget)
        guard ["common", "ceil", "floor"].contains(method) else {
            throw .value("the method is none of common, ceil and floor", by: "round")
        }
        if case .undefined(let undefined) = value { throw .undefined(undefined) }
        guard let precision = (values[0] ?? .integer(0)).integer, precision.magnitude < 1000,
            let number = Number(value)
        else { throw .type(found: value.typeName, expected: "a number", by: "round") }
        if method == "common" { return try rounded(number, precision) }
        let scale = try Value.integer(10).applying(
            .power, .integer(precision), renderer.budget)
        let scaled = try value.applying(.multiply, scale, renderer.budget)
        guard let size = Number(scaled)?.double,
            let whole = BigInteger(size.rounded(method == "ceil" ? .up : .down))
        else { throw .value("the number is not finite", by: "round") }
        return try Value(whole).applying(.divide, scale, renderer.budget)
    }

    private static func rounded(_ number: Number, _ precision: Int) throws(TemplateFault) -> Value {
        if let whole = number.big {
            guard precision < 0 else { return Value(whole) }
            let unit = BigInteger(10).raised(to: -precision)
            var (quotient, remainder) = whole.dividedDown(by: unit)
            let twice = remainder.shiftedLeft(1)
            if unit < twice || (twice == unit && quotient.isOdd) {
                quotient = quotient + BigInteger(1)
            }
            return Value(quotient * unit)
        }
        guard let double = number.double, double.isFinite else {
            return .float(number.double ?? .nan)
        }
        if precision > 323 { return .float(double) }
        if precision >= 0 {
            let text = DecimalDigits.fixed(double, decimals: precision)
            return .float(Double(text) ?? double)
        }
        if precision < -310 { return .float(double.sign == .minus ? -0.0 : 0.0) }
        let zeros = String(repeating: "0", count: -precision)
        let text = DecimalDigits.fixed(double, decimals: precision)
        return .float(Double(text + zeros) ?? double)
    }

    private static let filesize: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        let values = try arguments.bound(to: "filesizeformat", ["binary"])
        let isBinary = try values[0]?.isTrue() ?? false
        let given = value.text.map { double($0) } ?? Number(value)?.double
        guard let bytes = given else {
            throw .type(found: value.typeName, expected: "a number", by: "filesizeformat")
        }
        let base: Double = isBinary ? 1024 : 1000
        if bytes == 1 { return .string("1 Byte") }
        if bytes < base {
            guard let whole = BigInteger(bytes) else {
                throw .value("the number is not finite", by: "filesizeformat")
            }
            return .string("\(whole.digits()) Bytes")
        }
        let names = isBinary ? "KiB MiB GiB TiB PiB EiB ZiB YiB" : "kB MB GB TB PB EB ZB YB"
        let prefixes = names.split(separator: " ")
        var unit = base
        for (position, prefix) in prefixes.enumerated() {
            unit *= base
            if bytes < unit || position == prefixes.count - 1 {
                let size = base * bytes / unit
                let text = size.isFinite ? DecimalDigits.fixed(size, decimals: 1) : "inf"
                return .string("\(text) \(prefix)")
            }
        }
        return .none
    }
}

extension Collection {
    fileprivate var nilIfEmpty: Self? { isEmpty ? nil : self }
}

extension String {
    /// `1.e5` as `1.0e5`: Python reads both.
    fileprivate var replacingDotBeforeExponent: String {
        guard let range = firstIndex(of: "e"), range > startIndex, self[index(before: range)] == "."
        else { return self }
        return self[..<range] + "0" + self[range...]
    }
}
