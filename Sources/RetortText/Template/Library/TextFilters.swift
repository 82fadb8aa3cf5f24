/// Filters on text.
enum TextFilters {
    static let table: [String: FilterFunction] = [
        "upper": method("upper"), "lower": method("lower"), "capitalize": method("capitalize"),
        "title": title, "trim": trim, "replace": replace, "center": center, "indent": indent,
        "truncate": truncate, "wordcount": wordcount, "format": format, "escape": escape,
        "e": escape, "forceescape": forceescape, "safe": safe, "striptags": striptags,
        "urlencode": urlencode, "xmlattr": xmlattr,
    ]

    /// A value as text; marked text stays marked.
    private static func soft(_ value: Value, _ renderer: Renderer) throws(TemplateFault) -> Value {
        value.text == nil ? .string(try value.printed(renderer.budget)) : value
    }

    /// Calls a method of the value's text.
    private static func calling(
        _ name: String, of value: Value, _ arguments: Arguments, _ renderer: Renderer
    ) throws(TemplateFault) -> Value {
        try BoundMethod(soft(value, renderer), name).call(arguments, renderer)
    }

    private static func method(_ name: String) -> FilterFunction {
        { (renderer, value, arguments) throws(TemplateFault) in
            _ = try arguments.bound(to: name, [])
            return try calling(name, of: value, arguments, renderer)
        }
    }

    private static let trim: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        let values = try arguments.bound(to: "trim", ["chars"])
        let given = Arguments(positional: [values[0] ?? .none])
        return try calling("strip", of: value, given, renderer)
    }

    private static let center: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        let values = try arguments.bound(to: "center", ["width"])
        let given = Arguments(positional: [values[0] ?? .integer(80)])
        return try calling("center", of: value, given, renderer)
    }

    /// Every word begins in upper case; words are what blanks, hyphens and brackets leave.
    private static let title: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        _ = try arguments.bound(to: "title", [])
        let text = try value.printed(renderer.budget)
        try renderer.budget.reserve(stringBytes: text.utf8.count)
        var result = ""
        var word: [Unicode.Scalar] = []
        func finish() {
            result += PythonCase.upper(String(Array(word.prefix(1))))
            result += PythonCase.lower(String(Array(word.dropFirst())))
            word = []
        }
        for scalar in text.unicodeScalars {
            if scalar.isPythonSpace || "-({[<".unicodeScalars.contains(scalar) {
                finish()
                result.unicodeScalars.append(scalar)
            } else {
                word.append(scalar)
            }
        }
        finish()
        return .string(result)
    }

    private static let replace: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        let values = try arguments.bound(to: "replace", ["old", "new", "count"], required: 2)
        let budget = renderer.budget
        let count: Int
        switch values[2] {
        case nil, Value.none?: count = -1
        case let given?:
            guard let number = given.integer else {
                throw .type(found: given.typeName, expected: "an integer", by: "replace")
            }
            count = number
        }
        let text = try TextMethod.replacing(
            (values[0] ?? .none).printed(budget), with: (values[1] ?? .none).printed(budget),
            in: value.printed(budget), count: count, budget)
        return .string(text)
    }

    private static let indent: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        let values = try arguments.bound(to: "indent", ["width", "first", "blank"])
        guard let text = value.text else {
            if case .undefined(let undefined) = value { throw .undefined(undefined) }
            throw .type(found: value.typeName, expected: "a string", by: "indent")
        }
        let budget = renderer.budget
        var indention = "    "
        if let width = values[0] {
            if let given = width.text {
                indention = given
            } else if let count = width.integer {
                try budget.reserve(stringBytes: max(0, count))
                indention = String(repeating: " ", count: max(0, count))
            } else {
                throw .type(
                    found: width.typeName, expected: "an integer or string", by: "indent")
            }
        }
        let (first, blank) = (try values[1]?.isTrue() ?? false, try values[2]?.isTrue() ?? false)
        let lines = TextMethod.lines(of: text + "\n", keepingEnds: false)
        let (growth, overflow) = indention.utf8.count.multipliedReportingOverflow(by: lines.count)
        try budget.reserve(stringBytes: overflow ? Int.max : growth &+ text.utf8.count)
        var result = first ? indention : ""
        for (position, line) in lines.enumerated() {
            if position > 0 {
                result += "\n"
                if blank || !line.utf8.isEmpty { result += indention }
            }
            result += line
        }
        return value.isMarkup ? .markup(result) : .string(result)
    }

    private static let truncate: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        let values = try arguments.bound(
            to: "truncate", ["length", "killwords", "end", "leeway"])
        let length = values[0]?.integer ?? 255
        let end = values[2]?.text ?? "..."
        let leeway = values[3]?.integer ?? 5
        let kept = length.subtractingReportingOverflow(end.scalarCount)
        guard !kept.overflow, kept.partialValue >= 0, leeway >= 0 else {
            throw .value("the length is shorter than the end", by: "truncate")
        }
        guard let count = try value.length() else {
            throw .type(found: value.typeName, expected: "a string", by: "truncate")
        }
        if count - leeway <= length { return value }
        guard let scalars = value.text?.unicodeScalars else {
            throw .type(found: value.typeName, expected: "a string", by: "truncate")
        }
        var result = String(scalars.prefix(kept.partialValue))
        if try !(values[1]?.isTrue() ?? false),
            let space = result.unicodeScalars.lastIndex(of: " ")
        {
            result = String(result.unicodeScalars[..<space])
        }
        return .string(result + end)
    }

    private static let wordcount: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        _ = try arguments.bound(to: "wordcount", [])
        var count = 0
        var insideWord = false
        for scalar in try value.printed(renderer.budget).unicodeScalars {
            let isWord = scalar == "_" || scalar.isPythonLetter || scalar.isPythonNumeric
            if isWord, !insideWord { count += 1 }
            insideWord = isWord
        }
        return .integer(count)
    }

    private static let format: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        let budget = renderer.budget
        if !arguments.positional.isEmpty, !arguments.keywords.isEmpty {
            throw .value("takes either positions or keywords", by: "format")
        }
        let given: Value
        if arguments.keywords.isEmpty {
            given = try .tuple(arguments.positional, budget)
        } else {
            let members = arguments.keywords.map { (Value.string($0.name), $0.value) }
            given = .dictionary(try PythonDictionary(members, budget))
        }
        return try soft(value, renderer).applying(.remainder, given, budget)
    }

    // MARK: HTML

    private static let escape: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        _ = try arguments.bound(to: "escape", [])
        return .markup(try HTML.escaped(value, renderer.budget))
    }

    private static let forceescape: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        _ = try arguments.bound(to: "forceescape", [])
        return .markup(try HTML.escaped(value.printed(renderer.budget), renderer.budget))
    }

    private static let safe: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        _ = try arguments.bound(to: "safe", [])
        return .markup(try value.printed(renderer.budget))
    }

    /// Removes comments and tags, and joins what is left by single blanks.
    private static let striptags: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        _ = try arguments.bound(to: "striptags", [])
        var bytes = Array(try value.printed(renderer.budget).utf8)
        for (open, close) in [("<!--", "-->"), ("<", ">")] {
            bytes = removing(from: Array(open.utf8), to: Array(close.utf8), in: bytes)
        }
        let words = String(decoding: bytes, as: UTF8.self).unicodeScalars.split(
            whereSeparator: \.isPythonSpace)
        var text = words.map { String($0) }.joined(separator: " ")
        let names = [("&lt;", "<"), ("&gt;", ">"), ("&#39;", "'"), ("&#34;", "\""), ("&amp;", "&")]
        for (name, character) in names {
            text = try TextMethod.replacing(
                name, with: character, in: text, count: -1, renderer.budget)
        }
        return .string(text)
    }

    private static func removing(from open: [UInt8], to close: [UInt8], in bytes: [UInt8])
        -> [UInt8]
    {
        let ends = Bytes.occurrences(of: close, in: bytes)
        var kept: [UInt8] = []
        var position = 0
        var nextEnd = 0
        for start in Bytes.occurrences(of: open, in: bytes) where start >= position {
            while nextEnd < ends.count, ends[nextEnd] < start + open.count { nextEnd += 1 }
            guard nextEnd < ends.count else { break }
            kept += bytes[position..<start]
            position = ends[nextEnd] + close.count
        }
        return kept + bytes[position...]
    }

    private static let urlencode: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        _ = try arguments.bound(to: "urlencode", [])
        let budget = renderer.budget
        var pairs: [Value]?
        if case .dictionary(let dictionary) = value {
            let view = try DictionaryView(.items, of: dictionary)
            pairs = try Value.view(view).elements(budget, for: "urlencode")
        } else if value.text == nil, try value.iterator(budget) != nil {
            pairs = try value.elements(budget, for: "urlencode")
        }
        guard let pairs else {
            return .string(try quoted(value.printed(budget), isQuery: false, budget))
        }
        var parts: [String] = []
        for pair in pairs {
            let items = try pair.elements(budget, for: "urlencode")
            guard items.count == 2 else { throw .unpacking(expected: 2, found: items.count) }
            let key = try quoted(items[0].printed(budget), isQuery: true, budget)
            parts.append("\(key)=\(try quoted(items[1].printed(budget), isQuery: true, budget))")
        }
        return .string(parts.joined(separator: "&"))
    }

    private static func quoted(_ text: String, isQuery: Bool, _ budget: Budget)
        throws(TemplateFault) -> String
    {
        try budget.reserve(stringBytes: text.utf8.count * 3)
        var result: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: result.append(byte)
            case UInt8(ascii: "/") where !isQuery: result.append(byte)
            case UInt8(ascii: " ") where isQuery: result.append(UInt8(ascii: "+"))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += Array("%\(digits.utf8.count < 2 ? "0" : "")\(digits)".utf8)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static let xmlattr: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        let values = try arguments.bound(to: "xmlattr", ["autospace"])
        guard case .dictionary(let dictionary) = value else {
            throw .type(found: value.typeName, expected: "a mapping", by: "xmlattr")
        }
        var parts: [String] = []
        for (key, value) in dictionary.entries where !value.isNone && !value.isUndefined {
            guard let name = key.text,
                !name.unicodeScalars.contains(where: {
                    " \t\n\r\u{b}\u{c}/>=".unicodeScalars.contains($0)
                })
            else { throw .value("an attribute's name has an invalid character", by: "xmlattr") }
            let budget = renderer.budget
            parts.append("\(try HTML.escaped(key, budget))=\"\(try HTML.escaped(value, budget))\"")
        }
        let text = parts.joined(separator: " ")
        let spaced = try values[0]?.isTrue() ?? true
        return .string(spaced && !text.isEmpty ? " " + text : text)
    }
}
