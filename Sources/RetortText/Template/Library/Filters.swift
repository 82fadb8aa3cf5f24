/// What a filter does with a value.
typealias FilterFunction =
    @Sendable (Renderer, Value, Arguments) throws(TemplateFault) -> Value

/// The filters of jinja2, without those that are random or make HTML of plain text.
enum Filters {
    static let table: [String: FilterFunction] = TextFilters.table
        .merging(NumberFilters.table) { $1 }
        .merging(SequenceFilters.table) { $1 }
        .merging(SelectionFilters.table) { $1 }
        .merging(ValueFilters.table) { $1 }
}

/// Filters that take any value.
enum ValueFilters {
    static let table: [String: FilterFunction] = [
        "default": standard, "d": standard, "string": string, "tojson": json, "attr": attribute,
        "items": items,
    ]

    private static let standard: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        let values = try arguments.bound(to: "default", ["default_value", "boolean"])
        let replacesFalse = try values[1]?.isTrue() ?? false
        var isReplaced = value.isUndefined
        if replacesFalse { isReplaced = try !value.isTrue() }
        return isReplaced ? values[0] ?? .string("") : value
    }

    private static let string: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        _ = try arguments.bound(to: "string", [])
        if case .markup = value { return value }
        return .string(try value.printed(renderer.budget))
    }

    private static let json: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        let values = try arguments.bound(
            to: "tojson", ["ensure_ascii", "indent", "separators", "sort_keys"])
        var writer = JSONText(renderer.budget)
        writer.isASCII = try values[0]?.isTrue() ?? false
        writer.sortsKeys = try values[3]?.isTrue() ?? false
        if let indent = values[1], !indent.isNone {
            writer.indent = try Self.indent(indent)
            writer.itemSeparator = ","
        }
        if let separators = values[2], !separators.isNone {
            let pair = try separators.elements(renderer.budget, for: "tojson")
            guard pair.count == 2, let item = pair[0].text, let key = pair[1].text else {
                throw .type(
                    found: separators.typeName, expected: "two strings as separators",
                    by: "tojson")
            }
            (writer.itemSeparator, writer.keySeparator) = (item, key)
        }
        return .string(try writer.write(value))
    }

    private static func indent(_ value: Value) throws(TemplateFault) -> String {
        if let text = value.text { return text }
        guard let count = value.integer, count <= 1000 else {
            throw .type(
                found: value.typeName, expected: "an indent of at most 1000", by: "tojson")
        }
        return String(repeating: " ", count: max(0, count))
    }

    private static let attribute: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        let values = try arguments.bound(to: "attr", ["name"], required: 1)
        guard let name = values[0]?.text else {
            throw .type(found: values[0]?.typeName ?? "None", expected: "a name", by: "attr")
        }
        // Only attributes, never items.
        if case .dictionary(let members) = value, !MethodTable.dictionary.contains(name) {
            _ = members
            return .undefined(.member("'\(name)'", of: value.typeName))
        }
        return try renderer.attribute(name, of: value)
    }

    private static let items: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        _ = try arguments.bound(to: "items", [])
        let budget = renderer.budget
        if value.isUndefined { return .generator(try Generator(depth: 0) { nil }) }
        guard case .dictionary(let dictionary) = value else {
            // As a generator would: the error comes when the pairs are read.
            let type = value.typeName
            return .generator(
                try Generator(depth: 0) { () throws(TemplateFault) -> Value? in
                    throw .type(found: type, expected: "a mapping", by: "items")
                })
        }
        let view = try DictionaryView(.items, of: dictionary)
        guard let pairs = try Value.view(view).iterator(budget) else { return .none }
        return .generator(pairs)
    }
}
