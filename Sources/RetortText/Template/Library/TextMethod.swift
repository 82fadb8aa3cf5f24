/// Python's methods of `str`; of marked text they escape their arguments and give marked text.
struct TextMethod {
    let text: String
    let isMarkup: Bool
    let renderer: Renderer

    var budget: Budget { renderer.budget }

    /// Calls a method of ``MethodTable/text``.
    func call(_ name: String, _ arguments: Arguments) throws(TemplateFault) -> Value {
        try budget.reserve(stringBytes: text.utf8.count)
        switch name {
        case "format", "format_map":
            return result(
                try StringFormat.format(
                    text, arguments, isMap: name == "format_map", escaping: isMarkup, renderer))
        case "startswith", "endswith": return try affix(name, arguments)
        case "find", "rfind", "index", "rindex", "count": return try search(name, arguments)
        case "split", "rsplit": return try split(name, arguments)
        case "partition", "rpartition": return try partition(name, arguments)
        case "strip", "lstrip", "rstrip":
            let values = try arguments.bound(to: name, ["chars"])
            return result(try stripped(name, try optionalText(values[0], name)))
        case "replace": return try replace(arguments)
        case "join":
            let values = try arguments.bound(to: name, ["iterable"], required: 1)
            return result(try joined(values[0] ?? .none))
        case "center", "ljust", "rjust", "zfill", "expandtabs": return try padded(name, arguments)
        case "removeprefix", "removesuffix": return try removed(name, arguments)
        case "splitlines":
            let values = try arguments.bound(to: name, ["keepends"])
            return try results(Self.lines(of: text, keepingEnds: values[0]?.isTrue() ?? false))
        default:
            _ = try arguments.bound(to: name, [])
            if let mapped = mapped(name) { return result(mapped) }
            return .bool(isKind(name))
        }
    }

    // MARK: Results

    func result(_ text: String) -> Value { isMarkup ? .markup(text) : .string(text) }

    func results(_ texts: [String]) throws(TemplateFault) -> Value {
        try .list(texts.map { result($0) }, budget)
    }

    /// An argument that must be a string.
    func argument(_ value: Value?, _ name: String) throws(TemplateFault) -> String {
        if case .undefined(let undefined)? = value { throw .undefined(undefined) }
        guard let value, let text = value.text else {
            throw .type(found: value?.typeName ?? "None", expected: "a string", by: "str.\(name)")
        }
        return isMarkup ? try HTML.escaped(value, budget) : text
    }

    func optionalText(_ value: Value?, _ name: String) throws(TemplateFault) -> String? {
        guard let value, !value.isNone else { return nil }
        return try argument(value, name)
    }

    func number(_ value: Value?, _ name: String) throws(TemplateFault) -> Int? {
        guard let value, !value.isNone else { return nil }
        if case .undefined(let undefined) = value { throw .undefined(undefined) }
        guard let number = value.integer else {
            throw .type(found: value.typeName, expected: "an integer", by: "str.\(name)")
        }
        return number
    }

    // MARK: Case and kind

    private func mapped(_ name: String) -> String? {
        switch name {
        case "upper": PythonCase.upper(text)
        case "lower": PythonCase.lower(text)
        case "title": PythonCase.titled(text)
        case "capitalize": PythonCase.capitalized(text)
        case "swapcase": PythonCase.swapped(text)
        case "casefold": PythonCase.folded(text)
        default: nil
        }
    }

    private func isKind(_ name: String) -> Bool {
        let scalars = text.unicodeScalars
        func all(_ condition: (Unicode.Scalar) -> Bool) -> Bool {
            !scalars.isEmpty && scalars.allSatisfy(condition)
        }
        switch name {
        case "isalpha": return all(\.isPythonLetter)
        case "isdecimal": return all(\.isPythonDecimal)
        case "isdigit": return all(\.isPythonDigit)
        case "isnumeric": return all(\.isPythonNumeric)
        case "isalnum": return all { $0.isPythonLetter || $0.isPythonNumeric }
        case "isspace": return all(\.isPythonSpace)
        case "isascii": return scalars.allSatisfy(\.isASCII)
        case "isprintable": return scalars.allSatisfy(\.isPythonPrintable)
        case "islower": return Self.isLower(text)
        case "isupper": return Self.isUpper(text)
        case "istitle": return isTitle
        default:
            let isStart = scalars.first.map { $0 == "_" || $0.properties.isXIDStart } ?? false
            return isStart && scalars.dropFirst().allSatisfy { $0.properties.isXIDContinue }
        }
    }

    static func isLower(_ text: String) -> Bool {
        let scalars = text.unicodeScalars
        return scalars.contains { $0.properties.isLowercase }
            && !scalars.contains { $0.isPythonCased && !$0.properties.isLowercase }
    }

    static func isUpper(_ text: String) -> Bool {
        let scalars = text.unicodeScalars
        return scalars.contains { $0.properties.isUppercase }
            && !scalars.contains { $0.isPythonCased && !$0.properties.isUppercase }
    }

    private var isTitle: Bool {
        var insideWord = false
        var found = false
        for scalar in text.unicodeScalars {
            let isCapital =
                scalar.properties.isUppercase
                || scalar.properties.generalCategory == .titlecaseLetter
            if isCapital ? insideWord : scalar.properties.isLowercase && !insideWord {
                return false
            }
            insideWord = scalar.isPythonCased
            found = found || insideWord
        }
        return found
    }

    // MARK: Searching

    private func affix(_ name: String, _ arguments: Arguments) throws(TemplateFault) -> Value {
        let values = try arguments.bound(to: name, ["prefix", "start", "end"], required: 1)
        let part = try section(values[1], values[2], name)
        var candidates: [Value] = [values[0] ?? .none]
        if case .tuple(let elements) = candidates[0] { candidates = elements.items }
        for candidate in candidates {
            if case .undefined(let undefined) = candidate { throw .undefined(undefined) }
            guard let wanted = candidate.text else {
                throw .type(
                    found: candidate.typeName, expected: "a string or a tuple of them",
                    by: "str.\(name)")
            }
            let isFound =
                name == "startswith"
                ? part?.text.utf8.starts(with: wanted.utf8) ?? false
                : part?.text.utf8.reversed().starts(with: wanted.utf8.reversed()) ?? false
            if isFound { return .bool(true) }
        }
        return .bool(false)
    }

    /// The text between two positions, and where it starts; nil if they are not in order.
    private func section(_ start: Value?, _ end: Value?, _ name: String) throws(TemplateFault)
        -> (text: String, start: Int)?
    {
        let (from, to) = (try number(start, name), try number(end, name))
        if from == nil, to == nil { return (text, 0) }
        let scalars = Array(text.unicodeScalars)
        let bounds = Bounds(from, to, count: scalars.count)
        guard bounds.start <= bounds.end, from ?? 0 <= scalars.count else { return nil }
        return (String(scalars[bounds.start..<bounds.end]), bounds.start)
    }

    private func search(_ name: String, _ arguments: Arguments) throws(TemplateFault) -> Value {
        let values = try arguments.bound(to: name, ["sub", "start", "end"], required: 1)
        let wanted = Array(try argument(values[0], name).utf8)
        let part = try section(values[1], values[2], name)
        let bytes = Array((part?.text ?? "").utf8)
        if name == "count" {
            guard let part else { return .integer(0) }
            return .integer(
                wanted.isEmpty
                    ? part.text.scalarCount + 1 : Bytes.occurrences(of: wanted, in: bytes).count)
        }
        let fromEnd = name.hasPrefix("r")
        var offset: Int?
        if wanted.isEmpty {
            offset = part == nil ? nil : fromEnd ? bytes.count : 0
        } else if fromEnd {
            offset = Bytes.lastOccurrences(of: wanted, in: bytes, limit: 1).first
        } else {
            offset = Bytes.occurrences(of: wanted, in: bytes, limit: 1).first
        }
        if let offset {
            return .integer((part?.start ?? 0) + String(bytes[..<offset]).scalarCount)
        }
        if name.hasSuffix("find") { return .integer(-1) }
        throw .value("the text was not found", by: "str.\(name)")
    }
}
