/// Python's `str.format`, with the sandbox's access to members.
struct StringFormat {
    private let arguments: Arguments
    private let mapping: PythonDictionary?
    private let escaping: Bool
    private let renderer: Renderer
    private var automatic = 0
    private var isManual = false

    /// Formats a text; `format_map` takes its members from one mapping.
    static func format(
        _ text: String, _ arguments: Arguments, isMap: Bool, escaping: Bool, _ renderer: Renderer
    ) throws(TemplateFault) -> String {
        var mapping: PythonDictionary?
        if isMap {
            let values = try arguments.bound(to: "format_map", ["mapping"], required: 1)
            guard case .dictionary(let members)? = values[0] else {
                throw .type(
                    found: values[0]?.typeName ?? "None", expected: "a mapping", by: "format_map")
            }
            mapping = members
        }
        var formatter = StringFormat(
            arguments: arguments, mapping: mapping, escaping: escaping, renderer: renderer)
        return try formatter.run(Array(text.unicodeScalars)[...], depth: 2)
    }

    private init(
        arguments: Arguments, mapping: PythonDictionary?, escaping: Bool, renderer: Renderer
    ) {
        self.arguments = arguments
        self.mapping = mapping
        self.escaping = escaping
        self.renderer = renderer
    }

    private mutating func run(_ scalars: ArraySlice<Unicode.Scalar>, depth: Int)
        throws(TemplateFault) -> String
    {
        guard depth > 0 else { throw .value("fields are nested too deeply", by: "format") }
        var result = ""
        var rest = scalars
        while let scalar = rest.popFirst() {
            if scalar == "{" || scalar == "}", rest.first == scalar {
                rest.removeFirst()
                result.unicodeScalars.append(scalar)
            } else if scalar == "{" {
                result += try field(&rest, depth: depth)
            } else if scalar == "}" {
                throw .value("a '}' stands alone", by: "format")
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        try renderer.budget.reserve(stringBytes: result.utf8.count)
        return result
    }

    private mutating func field(_ rest: inout ArraySlice<Unicode.Scalar>, depth: Int)
        throws(TemplateFault) -> String
    {
        guard let end = fieldEnd(rest) else {
            throw .value("a '{' is not closed", by: "format")
        }
        let content = rest[..<end]
        rest = rest[(end + 1)...]
        var bracket = 0
        let nameEnd =
            content.firstIndex { scalar in
                if scalar == "[" { bracket += 1 }
                if scalar == "]" { bracket -= 1 }
                return bracket <= 0 && (scalar == ":" || scalar == "!")
            } ?? content.endIndex
        var value = try value(of: content[..<nameEnd])
        var tail = content[nameEnd...]
        if tail.first == "!" {
            value = try converted(value, tail.dropFirst().first)
            tail = tail.dropFirst(2)
            guard tail.isEmpty || tail.first == ":" else {
                throw .value("a ':' was expected after the conversion", by: "format")
            }
        }
        let specification = try run(tail.dropFirst(), depth: depth - 1)
        let budget = renderer.budget
        if escaping {
            if !specification.isEmpty, value.text == nil {
                let text = try FormatSpecification(specification).format(value, budget)
                return try HTML.escaped(text, budget)
            }
            return try FormatSpecification(specification).format(
                .string(HTML.escaped(value, budget)), budget)
        }
        return try FormatSpecification(specification).format(value, budget)
    }

    private func fieldEnd(_ rest: ArraySlice<Unicode.Scalar>) -> Int? {
        var depth = 1
        for (position, scalar) in zip(rest.indices, rest) {
            if scalar == "{" { depth += 1 }
            if scalar == "}" { depth -= 1 }
            if depth == 0 { return position }
        }
        return nil
    }

    private func converted(_ value: Value, _ conversion: Unicode.Scalar?) throws(TemplateFault)
        -> Value
    {
        switch conversion {
        case "s": return .string(try value.printed(renderer.budget))
        case "r": return .string(try value.represented(renderer.budget))
        default: throw .value("there is no such conversion", by: "format")
        }
    }

    /// The value that a field's name says: `0`, `name`, `name.member[key]`, or the next one.
    private mutating func value(of name: ArraySlice<Unicode.Scalar>) throws(TemplateFault)
        -> Value
    {
        let first = name.prefix { $0 != "." && $0 != "[" }
        var value = try argument(String(first))
        var rest = name[first.endIndex...]
        while let mark = rest.popFirst() {
            if mark == "." {
                let member = rest.prefix { $0 != "." && $0 != "[" }
                value = try renderer.attribute(String(member), of: value)
                rest = rest[member.endIndex...]
            } else {
                guard mark == "[", let end = rest.firstIndex(of: "]") else {
                    throw .value("a '[' is not closed", by: "format")
                }
                let key = String(rest[..<end])
                value = try renderer.item(Int(key).map { .integer($0) } ?? .string(key), of: value)
                rest = rest[(end + 1)...]
            }
        }
        return value
    }

    private mutating func argument(_ name: String) throws(TemplateFault) -> Value {
        var name = name
        if name.isEmpty {
            if isManual { throw .value("numbered and unnumbered fields are mixed", by: "format") }
            name = String(automatic)
            automatic += 1
        } else if Int(name) != nil {
            if automatic > 0 {
                throw .value("numbered and unnumbered fields are mixed", by: "format")
            }
            isManual = true
        }
        if let mapping {
            guard let value = mapping[name] else { throw .missingArgument(name, of: "format") }
            return value
        }
        if let position = Int(name) {
            guard arguments.positional.indices.contains(position) else {
                throw .missingArgument(name, of: "format")
            }
            return arguments.positional[position]
        }
        guard let value = arguments.keyword(name) else {
            throw .missingArgument(name, of: "format")
        }
        return value
    }
}
