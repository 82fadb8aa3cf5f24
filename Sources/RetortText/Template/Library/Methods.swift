extension BoundMethod {
    /// Calls the method.
    func call(_ arguments: Arguments, _ renderer: Renderer) throws(TemplateFault) -> Value {
        let budget = renderer.budget
        switch receiver {
        case .string(let text), .markup(let text):
            let method = TextMethod(text: text, isMarkup: receiver.isMarkup, renderer: renderer)
            return try method.call(name, arguments)
        case .dictionary(let dictionary): return try call(dictionary, arguments)
        case .list(let elements) where name == "copy":
            _ = try arguments.bound(to: name, [])
            return .list(elements)
        case .list, .tuple, .range: return try search(arguments, budget)
        case .integer, .big, .bool:
            _ = try arguments.bound(to: name, [])
            let number = Number(receiver)?.big ?? BigInteger(0)
            if name == "bit_length" { return .integer(number.bitCount) }
            return .integer(number.words.reduce(0) { $0 + $1.nonzeroBitCount })
        case .float(let value):
            _ = try arguments.bound(to: name, [])
            return .bool(value.isFinite && value == value.rounded())
        case .loop(let loop): return try call(loop, arguments, budget)
        case .cycler(let cycler):
            _ = try arguments.bound(to: name, [])
            if name == "reset" {
                cycler.position = 0
                return .none
            }
            defer { cycler.position = (cycler.position + 1) % cycler.items.items.count }
            return cycler.items.items[cycler.position]
        default: throw .type(found: receiver.typeName, expected: "a function", by: "a call")
        }
    }

    private func call(_ dictionary: PythonDictionary, _ arguments: Arguments)
        throws(TemplateFault) -> Value
    {
        switch name {
        case "get":
            if let keyword = arguments.keywords.first {
                throw .unknownArgument(keyword.name, of: name)
            }
            let values = try arguments.bound(to: name, ["key", "default"], required: 1)
            return try dictionary.value(of: values[0] ?? .none) ?? values[1] ?? .none
        case "copy":
            _ = try arguments.bound(to: name, [])
            return .dictionary(dictionary)
        default:
            _ = try arguments.bound(to: name, [])
            guard let kind = DictionaryView.Kind(rawValue: name) else { return .none }
            return .view(try DictionaryView(kind, of: dictionary))
        }
    }

    /// `index` and `count` of sequences.
    private func search(_ arguments: Arguments, _ budget: Budget) throws(TemplateFault) -> Value {
        let names = name == "index" ? ["value", "start", "stop"] : ["value"]
        let values = try arguments.bound(to: name, names, required: 1)
        let wanted = values[0] ?? .none
        let items = try receiver.elements(budget, for: name)
        var found = 0
        if name == "index" {
            let bounds = Bounds(values[1]?.integer, values[2]?.integer, count: items.count)
            for position in bounds.start..<max(bounds.start, bounds.end) {
                try budget.spend()
                if try items[position].isEqual(to: wanted, budget) { return .integer(position) }
            }
            throw .value("the value is not in the sequence", by: name)
        }
        for item in items {
            try budget.spend()
            if try item.isEqual(to: wanted, budget) { found += 1 }
        }
        return .integer(found)
    }

    private func call(_ loop: LoopContext, _ arguments: Arguments, _ budget: Budget)
        throws(TemplateFault) -> Value
    {
        if let keyword = arguments.keywords.first {
            throw .unknownArgument(keyword.name, of: "loop.\(name)")
        }
        let values = arguments.positional
        if name == "cycle" {
            if values.isEmpty { throw .missingArgument("items", of: "loop.cycle") }
            return values[max(0, loop.index - 1) % values.count]
        }
        let now = try Elements(values, budget)
        if let last = loop.lastChanged,
            try Value.tuple(last).isEqual(to: .tuple(now), budget)
        {
            return .bool(false)
        }
        loop.lastChanged = now
        return .bool(true)
    }
}

/// Python's optional start and end of a search, clamped to a count of elements.
struct Bounds {
    let start: Int
    let end: Int

    init(_ start: Int?, _ end: Int?, count: Int) {
        func clamped(_ value: Int?, _ absent: Int) -> Int {
            guard let value else { return absent }
            return value < 0 ? max(0, value + count) : min(value, count)
        }
        self.start = clamped(start, 0)
        self.end = clamped(end, count)
    }
}
