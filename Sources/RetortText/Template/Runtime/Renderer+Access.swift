/// Methods that a template may call, and those that the sandbox hides, by type.
enum MethodTable {
    static let text: Set<String> = [
        "capitalize", "casefold", "center", "count", "endswith", "expandtabs", "find", "format",
        "format_map", "index", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit",
        "isidentifier", "islower", "isnumeric", "isprintable", "isspace", "istitle", "isupper",
        "join", "ljust", "lower", "lstrip", "partition", "removeprefix", "removesuffix", "replace",
        "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines",
        "startswith", "strip", "swapcase", "title", "upper", "zfill",
    ]
    static let dictionary: Set<String> = ["get", "items", "keys", "values", "copy"]
    static let list: Set<String> = ["index", "count", "copy"]
    static let tuple: Set<String> = ["index", "count"]
    static let range: Set<String> = ["index", "count"]
    static let integer: Set<String> = ["bit_length", "bit_count"]
    static let float: Set<String> = ["is_integer"]
    static let loop: Set<String> = ["cycle", "changed"]
    static let cycler: Set<String> = ["next", "reset"]

    static let hiddenOfList: Set<String> = [
        "append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove",
    ]
    static let hiddenOfDictionary: Set<String> = [
        "clear", "pop", "popitem", "setdefault", "update",
    ]
}

extension Renderer {
    /// `value.name`: an attribute, else an item with that key.
    func attribute(_ name: String, of value: Value) throws(TemplateFault) -> Value {
        if name.hasPrefix("__") { return .undefined(.hidden(name, of: value.typeName)) }
        if case .undefined(let undefined) = value { throw .undefined(undefined) }
        if let attribute = try ownAttribute(name, of: value) { return attribute }
        if case .dictionary(let dictionary) = value, let item = dictionary[name] { return item }
        return .undefined(.member("'\(name)'", of: value.typeName))
    }

    /// `value[key]`: an item, else an attribute of that name.
    func item(_ key: Value, of value: Value) throws(TemplateFault) -> Value {
        if case .undefined(let undefined) = value { throw .undefined(undefined) }
        if let item = try ownItem(key, of: value) { return item }
        if let name = key.text {
            if name.hasPrefix("__") { return .undefined(.hidden(name, of: value.typeName)) }
            if let attribute = try ownAttribute(name, of: value) { return attribute }
        }
        return .undefined(.member(try key.represented(budget), of: value.typeName))
    }

    private func ownItem(_ key: Value, of value: Value) throws(TemplateFault) -> Value? {
        switch value {
        case .dictionary(let dictionary):
            guard let hashed = try? HashKey(key) else { return nil }
            return dictionary[hashed]
        case .list(let elements), .tuple(let elements):
            guard let position = place(key, count: elements.items.count) else { return nil }
            return elements.items[position]
        case .string(let text), .markup(let text):
            guard let index = key.integer else { return nil }
            try budget.spend(text.utf8.count / 64)
            guard let scalar = scalar(at: index, of: text) else { return nil }
            return value.isMarkup ? .markup(String(scalar)) : .string(String(scalar))
        case .range(let range):
            guard let position = place(key, count: range.count) else { return nil }
            return range[position]
        default: return nil
        }
    }

    private func place(_ key: Value, count: Int) -> Int? {
        guard let index = key.integer else { return nil }
        let position = index < 0 ? index + count : index
        return (0..<count).contains(position) ? position : nil
    }

    private func scalar(at index: Int, of text: String) -> Unicode.Scalar? {
        let scalars = text.unicodeScalars
        if index >= 0 { return scalars.dropFirst(index).first }
        guard index > Int.min else { return nil }
        return scalars.dropLast(-1 - index).last
    }

    private func ownAttribute(_ name: String, of value: Value) throws(TemplateFault) -> Value? {
        func method(in table: Set<String>) throws(TemplateFault) -> Value? {
            table.contains(name) ? .method(try BoundMethod(value, name)) : nil
        }
        func hidden(in table: Set<String>) -> Value? {
            table.contains(name) ? .undefined(.hidden(name, of: value.typeName)) : nil
        }
        switch value {
        case .string, .markup: return try method(in: MethodTable.text)
        case .dictionary:
            if let found = hidden(in: MethodTable.hiddenOfDictionary) { return found }
            return try method(in: MethodTable.dictionary)
        case .list:
            if let found = hidden(in: MethodTable.hiddenOfList) { return found }
            return try method(in: MethodTable.list)
        case .tuple(let elements):
            if elements.isGroup, name == "grouper" { return elements.items.first }
            if elements.isGroup, name == "list" { return elements.items.last }
            return try method(in: MethodTable.tuple)
        case .range(let range):
            switch name {
            case "start": return .integer(range.start)
            case "stop": return .integer(range.stop)
            case "step": return .integer(range.step)
            default: return try method(in: MethodTable.range)
            }
        case .integer, .big, .bool: return try method(in: MethodTable.integer)
        case .float: return try method(in: MethodTable.float)
        case .namespace(let namespace): return namespace.members[name]
        case .loop(let loop):
            if let found = try loop.attribute(name) { return found }
            return try method(in: MethodTable.loop)
        case .cycler(let cycler):
            if name == "current" { return cycler.items.items[cycler.position] }
            return try method(in: MethodTable.cycler)
        case .macro(let macro):
            return name == "name" ? .string(macro.definition.name) : nil
        default: return nil
        }
    }
}
