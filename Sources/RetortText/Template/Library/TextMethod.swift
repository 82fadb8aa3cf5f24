/// Python's methods of `str`; of marked text they escape their arguments and give marked text.
struct TextMethod {
    let text: String
    let isMarkup: Bool
    let renderer: Renderer

    private var budget: Budget { renderer.budget }

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

    private func result(_ text: String) -> Value { isMarkup ? .markup(text) : .string(text) }

    private func results(_ texts: [String]) throws(TemplateFault) -> Value {
        try .list(texts.map { result($0) }, budget)
    }

    /// An argument that must be a string.
    private func argument(_ value: Value?, _ name: String) throws(TemplateFault) -> String {
        if case .undefined(let undefined)? = value { throw .undefined(undefined) }
        guard let value, let text = value.text else {
            throw .type(found: value?.typeName ?? "None", expected: "a string", by: "str.\(name)")
        }
        return isMarkup ? try HTML.escaped(value, budget) : text
    }

    private func optionalText(_ value: Value?, _ name: String) throws(TemplateFault) -> String? {
        guard let value, !value.isNone else { return nil }
        return try argument(value, name)
    }

    private func number(_ value: Value?, _ name: String) throws(TemplateFault) -> Int? {
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

    // MARK: Cutting

    private func split(_ name: String, _ arguments: Arguments) throws(TemplateFault) -> Value {
        let values = try arguments.bound(to: name, ["sep", "maxsplit"])
        let limit = try number(values[1], name) ?? -1
        let count = limit < 0 ? Int.max : limit
        guard let separator = try optionalText(values[0], name) else {
            let pieces =
                name == "split" ? splitBySpace(count) : splitBySpaceFromEnd(count)
            return try results(pieces)
        }
        if separator.utf8.isEmpty { throw .value("the separator is empty", by: "str.\(name)") }
        let (wanted, bytes) = (Array(separator.utf8), Array(text.utf8))
        let found =
            name == "split"
            ? Bytes.occurrences(of: wanted, in: bytes, limit: count)
            : Bytes.lastOccurrences(of: wanted, in: bytes, limit: count).reversed()
        try budget.reserve(elements: found.count + 1)
        var pieces: [String] = []
        var start = 0
        for offset in found {
            pieces.append(String(bytes[start..<offset]))
            start = offset + wanted.count
        }
        pieces.append(String(bytes[start...]))
        return try results(pieces)
    }

    private func splitBySpace(_ limit: Int) -> [String] {
        var pieces: [String] = []
        var rest = text.unicodeScalars.drop(while: \.isPythonSpace)
        while !rest.isEmpty {
            if pieces.count == limit {
                pieces.append(String(rest))
                break
            }
            let piece = rest.prefix { !$0.isPythonSpace }
            pieces.append(String(piece))
            rest = rest[piece.endIndex...].drop(while: \.isPythonSpace)
        }
        return pieces
    }

    private func splitBySpaceFromEnd(_ limit: Int) -> [String] {
        var pieces: [String] = []
        var rest = Array(text.unicodeScalars)[...]
        while rest.last?.isPythonSpace ?? false { rest.removeLast() }
        while !rest.isEmpty {
            if pieces.count == limit {
                pieces.append(String(rest))
                break
            }
            let start = (rest.lastIndex(where: \.isPythonSpace)).map { $0 + 1 } ?? rest.startIndex
            pieces.append(String(rest[start...]))
            rest = rest[..<start]
            while rest.last?.isPythonSpace ?? false { rest.removeLast() }
        }
        return pieces.reversed()
    }

    private func partition(_ name: String, _ arguments: Arguments) throws(TemplateFault) -> Value {
        let values = try arguments.bound(to: name, ["sep"], required: 1)
        let separator = try argument(values[0], name)
        if separator.utf8.isEmpty { throw .value("the separator is empty", by: "str.\(name)") }
        let (wanted, bytes) = (Array(separator.utf8), Array(text.utf8))
        let isFirst = name == "partition"
        let found =
            isFirst
            ? Bytes.occurrences(of: wanted, in: bytes, limit: 1).first
            : Bytes.lastOccurrences(of: wanted, in: bytes, limit: 1).first
        let parts: [String]
        if let found {
            parts = [
                String(bytes[..<found]), separator, String(bytes[(found + wanted.count)...]),
            ]
        } else {
            parts = isFirst ? [text, "", ""] : ["", "", text]
        }
        return try .tuple(parts.map { result($0) }, budget)
    }

    /// Text without white space, or without these characters, at one or both ends.
    func stripped(_ name: String, _ characters: String?) throws(TemplateFault) -> String {
        let set = characters.map { Set($0.unicodeScalars) }
        func isStripped(_ scalar: Unicode.Scalar) -> Bool {
            set?.contains(scalar) ?? scalar.isPythonSpace
        }
        var rest = text.unicodeScalars[...]
        if name != "rstrip" { rest = rest.drop(while: isStripped) }
        if name != "lstrip" {
            while let last = rest.last, isStripped(last) { rest.removeLast() }
        }
        return String(rest)
    }

    private func removed(_ name: String, _ arguments: Arguments) throws(TemplateFault) -> Value {
        let isPrefix = name == "removeprefix"
        let values = try arguments.bound(to: name, [isPrefix ? "prefix" : "suffix"], required: 1)
        let part = Array(try argument(values[0], name).utf8)
        let bytes = Array(text.utf8)
        if isPrefix, bytes.starts(with: part) { return result(String(bytes[part.count...])) }
        if !isPrefix, !part.isEmpty, bytes.count >= part.count,
            Array(bytes.suffix(part.count)) == part
        {
            return result(String(bytes[..<(bytes.count - part.count)]))
        }
        return result(text)
    }

    static func lines(of text: String, keepingEnds: Bool) -> [String] {
        var lines: [String] = []
        var line = String.UnicodeScalarView()
        var isOpen = false
        var scalars = text.unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            isOpen = !scalar.isPythonLineEnd
            if isOpen {
                line.append(scalar)
                continue
            }
            if keepingEnds { line.append(scalar) }
            if scalar == "\r", scalars.first == "\n" {
                scalars.removeFirst()
                if keepingEnds { line.append("\n") }
            }
            lines.append(String(line))
            line = String.UnicodeScalarView()
        }
        if isOpen { lines.append(String(line)) }
        return lines
    }

    // MARK: Building

    private func replace(_ arguments: Arguments) throws(TemplateFault) -> Value {
        let values = try arguments.bound(to: "replace", ["old", "new", "count"], required: 2)
        let old = try argument(values[0], "replace")
        let new = try argument(values[1], "replace")
        let count = try number(values[2], "replace") ?? -1
        return result(try Self.replacing(old, with: new, in: text, count: count, budget))
    }

    /// Replaces the first occurrences, all if `count` is negative.
    static func replacing(
        _ old: String, with new: String, in text: String, count: Int, _ budget: Budget
    ) throws(TemplateFault) -> String {
        let limit = count < 0 ? Int.max : count
        let (wanted, bytes) = (Array(old.utf8), Array(text.utf8))
        var found = Bytes.occurrences(of: wanted, in: bytes, limit: limit)
        if wanted.isEmpty {
            // Between all scalars and at both ends.
            let starts = bytes.indices.filter { bytes[$0] & 0xc0 != 0x80 } + [bytes.count]
            found = Array(starts.prefix(limit))
        }
        let (growth, overflow) = found.count.multipliedReportingOverflow(by: new.utf8.count)
        try budget.reserve(stringBytes: overflow ? Int.max : bytes.count &+ growth)
        var result: [UInt8] = []
        var start = 0
        for offset in found {
            result += bytes[start..<offset]
            result += new.utf8
            start = offset + wanted.count
        }
        result += bytes[start...]
        return String(decoding: result, as: UTF8.self)
    }

    private func joined(_ sequence: Value) throws(TemplateFault) -> String {
        var parts: [String] = []
        for item in try sequence.elements(budget, for: "str.join") {
            if isMarkup {
                parts.append(try HTML.escaped(item, budget))
            } else {
                parts.append(try argument(item, "join"))
            }
        }
        let separators = text.utf8.count.multipliedReportingOverflow(by: max(0, parts.count - 1))
        let size = parts.reduce(0) { $0 + $1.utf8.count }
        try budget.reserve(
            stringBytes: separators.overflow ? Int.max : size &+ separators.partialValue)
        return parts.joined(separator: text)
    }

    private func padded(_ name: String, _ arguments: Arguments) throws(TemplateFault) -> Value {
        if name == "expandtabs" {
            let values = try arguments.bound(to: name, ["tabsize"])
            return result(try expandingTabs(to: number(values[0], name) ?? 8))
        }
        let names = name == "zfill" ? ["width"] : ["width", "fillchar"]
        let values = try arguments.bound(to: name, names, required: 1)
        let width = try number(values[0], name) ?? 0
        let fill = names.count == 1 ? "0" : try optionalText(values[1], name) ?? " "
        guard fill.scalarCount == 1 else {
            throw .value("the fill is not one character", by: "str.\(name)")
        }
        let missing = max(0, width &- text.scalarCount)
        let (size, overflow) = missing.multipliedReportingOverflow(by: fill.utf8.count)
        try budget.reserve(stringBytes: overflow ? Int.max : size &+ text.utf8.count)
        func padding(_ count: Int) -> String { String(repeating: fill, count: count) }
        switch name {
        case "ljust": return result(text + padding(missing))
        case "rjust": return result(padding(missing) + text)
        case "zfill":
            let hasSign = text.utf8.first.map { $0 == 43 || $0 == 45 } ?? false
            let sign = hasSign ? String(text.unicodeScalars.prefix(1)) : ""
            let digits = String(text.unicodeScalars.dropFirst(hasSign ? 1 : 0))
            return result(sign + padding(missing) + digits)
        default:
            // Python puts the odd one at the left if the width is odd.
            let left = missing / 2 + (missing & width & 1)
            return result(padding(left) + text + padding(missing - left))
        }
    }

    private func expandingTabs(to size: Int) throws(TemplateFault) -> String {
        var expanded = String.UnicodeScalarView()
        var column = 0
        for scalar in text.unicodeScalars {
            if scalar == "\t" {
                let count = size > 0 ? size - column % size : 0
                try budget.reserve(stringBytes: count)
                for _ in 0..<count { expanded.append(" ") }
                column += count
            } else {
                expanded.append(scalar)
                column = scalar == "\n" || scalar == "\r" ? 0 : column + 1
            }
        }
        return String(expanded)
    }
}
