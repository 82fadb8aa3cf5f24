/// Python's format specification: `[[fill]align][sign][#][0][width][grouping][.precision][type]`.
struct FormatSpecification {
    var fill: Unicode.Scalar = " "
    var alignment: Unicode.Scalar?
    var sign: Unicode.Scalar?
    var isAlternate = false
    var width = 0
    var grouping: Unicode.Scalar?
    var precision: Int?
    var type: Unicode.Scalar?
    /// Whether nothing was asked for.
    private var isEmpty = false

    init() {}

    init(_ text: String) throws(TemplateFault) {
        isEmpty = text.utf8.isEmpty
        var rest = Array(text.unicodeScalars)[...]
        let alignments: Set<Unicode.Scalar> = ["<", ">", "=", "^"]
        if let mark = rest.dropFirst().first, alignments.contains(mark), let first = rest.first {
            (fill, alignment) = (first, mark)
            rest = rest.dropFirst(2)
        } else if let mark = rest.first, alignments.contains(mark) {
            alignment = mark
            rest.removeFirst()
        }
        if let mark = rest.first, ["+", "-", " "].contains(mark) {
            sign = mark
            rest.removeFirst()
        }
        if rest.first == "#" {
            isAlternate = true
            rest.removeFirst()
        }
        if rest.first == "0" {
            if alignment == nil { (fill, alignment) = ("0", "=") }
            rest.removeFirst()
        }
        width = try Self.number(&rest) ?? 0
        if let mark = rest.first, mark == "," || mark == "_" {
            grouping = mark
            rest.removeFirst()
        }
        if rest.first == "." {
            rest.removeFirst()
            guard let digits = try Self.number(&rest) else {
                throw .value("the precision is missing", by: "format")
            }
            precision = digits
        }
        type = rest.popFirst()
        if !rest.isEmpty { throw .value("'\(text)' is no format", by: "format") }
    }

    private static func number(_ rest: inout ArraySlice<Unicode.Scalar>) throws(TemplateFault)
        -> Int?
    {
        var value: Int?
        while let scalar = rest.first, ("0"..."9").contains(scalar) {
            value = (value ?? 0) * 10 + Int(scalar.value - 48)
            if let value, value > 1 << 24 { throw .limit(.stringBytes(1 << 24)) }
            rest.removeFirst()
        }
        return value
    }

    /// Formats a value as `format(value, specification)` would.
    func format(_ value: Value, _ budget: Budget) throws(TemplateFault) -> String {
        switch value {
        case .string(let text), .markup(let text): return try format(text: text, budget)
        case .integer, .big, .bool:
            if case .bool(let value) = value, isEmpty { return value ? "True" : "False" }
            guard let number = Number(value) else { return "" }
            return try format(number: number, budget)
        case .float(let value): return try format(float: value, budget)
        default:
            if !isEmpty {
                throw .type(found: value.typeName, expected: "a string or number", by: "format")
            }
            return try value.printed(budget)
        }
    }

    private func format(text: String, _ budget: Budget) throws(TemplateFault) -> String {
        if let type, type != "s" { throw unknownType("a string") }
        if sign != nil || grouping != nil || isAlternate {
            throw .value("a string takes no sign or separator", by: "format")
        }
        let cut = precision.map { String(text.unicodeScalars.prefix($0)) } ?? text
        // A zero before the width pads text at the right.
        let isZero = alignment == "="
        return try padded(prefix: "", cut, isZero ? "<" : alignment ?? "<", budget)
    }

    private func format(number: Number, _ budget: Budget) throws(TemplateFault) -> String {
        guard let value = number.big, type.map({ "bcdnoxX".unicodeScalars.contains($0) }) ?? true
        else {
            guard let double = number.double else {
                throw .value("the integer is too large for a float", by: "format")
            }
            return try format(float: double, budget)
        }
        if precision != nil {
            throw .value("an integer takes no precision", by: "format")
        }
        if type == "c" {
            guard let code = value.integer.flatMap(UInt32.init(exactly:)),
                let scalar = Unicode.Scalar(code)
            else { throw .value("the number is no character", by: "format") }
            return try padded(prefix: "", String(scalar), alignment ?? "<", budget)
        }
        let radix = type == "b" ? 2 : type == "o" ? 8 : type == "x" || type == "X" ? 16 : 10
        if radix == 10 { _ = try value.printed() }
        var digits = value.magnitude.digits(radix: radix)
        if type == "X" { digits = digits.uppercased() }
        let mark = isAlternate && radix != 10 ? "0\(type ?? "d")" : ""
        let size = radix == 10 ? 3 : 4
        return try padded(
            prefix: signText(value.isNegative) + mark, grouped(digits, every: size),
            alignment ?? ">", budget)
    }

    private func format(float value: Double, _ budget: Budget) throws(TemplateFault) -> String {
        if (precision ?? 0) > 2000 { throw .value("the precision is too large", by: "format") }
        let isNegative = value.sign == .minus && !value.isNaN
        var digits = try digits(of: value.magnitude)
        if let type, type == "E" || type == "F" || type == "G" { digits = digits.uppercased() }
        if type == "%" { digits += "%" }
        return try padded(
            prefix: signText(isNegative), grouped(digits, every: 3), alignment ?? ">", budget)
    }

    private func digits(of value: Double) throws(TemplateFault) -> String {
        if value.isNaN { return "nan" }
        if value.isInfinite { return "inf" }
        switch type {
        case "f", "F":
            let text = DecimalDigits.fixed(value, decimals: precision ?? 6)
            return isAlternate && precision == 0 ? text + "." : text
        case "%": return DecimalDigits.fixed(value * 100, decimals: precision ?? 6)
        case "e", "E": return exponential(value, digits: (precision ?? 6) + 1)
        case "g", "G", "n": return general(value, digits: max(1, precision ?? 6))
        case nil:
            guard let precision else { return DecimalDigits.shortest(value) }
            let text = general(value, digits: max(1, precision), wholeLimit: max(1, precision) - 1)
            return text.contains { $0 == "." || $0 == "e" } ? text : text + ".0"
        default: throw unknownType("a float")
        }
    }

    private func exponential(_ value: Double, digits count: Int, trimming: Bool = false) -> String {
        let (digits, exponent) = DecimalDigits.leading(value, count: count)
        var fraction = String(digits.dropFirst())
        if trimming { while fraction.hasSuffix("0") { fraction.removeLast() } }
        let point = fraction.isEmpty && !isAlternate ? "" : "."
        let size = String(exponent.magnitude)
        let power = size.utf8.count < 2 ? "0" + size : size
        return "\(digits.prefix(1))\(point)\(fraction)e\(exponent < 0 ? "-" : "+")\(power)"
    }

    private func general(_ value: Double, digits count: Int, wholeLimit: Int? = nil) -> String {
        let (_, exponent) = DecimalDigits.leading(value, count: count)
        if exponent < -4 || exponent >= (wholeLimit ?? count) {
            return exponential(value, digits: count, trimming: !isAlternate)
        }
        var text = DecimalDigits.fixed(value, decimals: count - 1 - exponent)
        if !isAlternate, text.contains(".") {
            while text.hasSuffix("0") { text.removeLast() }
            if text.hasSuffix(".") { text.removeLast() }
        }
        return text
    }

    private func signText(_ isNegative: Bool) -> String {
        isNegative ? "-" : sign.map { $0 == "-" ? "" : String($0) } ?? ""
    }

    /// Separates groups of the whole part.
    private func grouped(_ digits: String, every size: Int) -> String {
        guard let grouping else { return digits }
        let whole = digits.prefix { $0.isHexDigit && $0 != "e" || size == 4 }
        var result = ""
        for (index, digit) in whole.enumerated() {
            if index > 0, (whole.count - index) % size == 0 {
                result.unicodeScalars.append(grouping)
            }
            result.append(digit)
        }
        return result + digits.dropFirst(whole.count)
    }

    func padded(prefix: String, _ body: String, _ alignment: Unicode.Scalar, _ budget: Budget)
        throws(TemplateFault) -> String
    {
        let missing = max(0, width - prefix.scalarCount - body.scalarCount)
        try budget.reserve(stringBytes: prefix.utf8.count + body.utf8.count + missing * 4)
        let before = alignment == ">" ? missing : alignment == "^" ? missing / 2 : 0
        func padding(_ count: Int) -> String { String(repeating: String(fill), count: count) }
        if alignment == "=" { return prefix + padding(missing) + body }
        return padding(before) + prefix + body + padding(missing - before)
    }

    private func unknownType(_ what: String) -> TemplateFault {
        .value("the format type '\(type ?? " ")' does not fit \(what)", by: "format")
    }
}
