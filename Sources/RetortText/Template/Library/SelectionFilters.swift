/// Filters that go through a sequence element by element, when it is read.
enum SelectionFilters {
    static let table: [String: FilterFunction] = [
        "map": map, "select": select("select", keeps: true, byMember: false),
        "reject": select("reject", keeps: false, byMember: false),
        "selectattr": select("selectattr", keeps: true, byMember: true),
        "rejectattr": select("rejectattr", keeps: false, byMember: true),
    ]

    private static let map: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        // Python's generators fail when they are read, not when they are made.
        let made = Result { () throws(TemplateFault) in try change(arguments) }
        return try generator(over: value, "map", renderer) {
            (item, renderer) throws(TemplateFault) -> Value? in
            try made.get()(renderer, item)
        }
    }

    private typealias Change = (Renderer, Value) throws(TemplateFault) -> Value

    /// What `map` does with an element: takes a member, or calls a filter.
    private static func change(_ arguments: Arguments) throws(TemplateFault) -> Change {
        if arguments.positional.isEmpty, arguments.keyword("attribute") != nil {
            let values = try arguments.bound(to: "map", ["attribute", "default"])
            let path = try MemberPath(values[0], standard: values[1])
            return { (renderer, item) throws(TemplateFault) in
                try path.value(in: item, renderer)
            }
        }
        guard let name = arguments.positional.first?.text else {
            throw .missingArgument("filter", of: "map")
        }
        guard let filter = Filters.table[name] else { throw .unknownFilter(name) }
        let rest = Arguments(
            positional: Array(arguments.positional.dropFirst()), keywords: arguments.keywords)
        return { (renderer, item) throws(TemplateFault) in try filter(renderer, item, rest) }
    }

    private static func select(_ name: String, keeps: Bool, byMember: Bool) -> FilterFunction {
        { (renderer, value, arguments) throws(TemplateFault) in
            let made = Result { () throws(TemplateFault) in
                try condition(name, arguments, byMember: byMember)
            }
            return try generator(over: value, name, renderer) {
                (item, renderer) throws(TemplateFault) -> Value? in
                try made.get()(renderer, item) == keeps ? item : nil
            }
        }
    }

    private typealias Condition = (Renderer, Value) throws(TemplateFault) -> Bool

    /// What is asked of an element: a test by its name, else whether it is true.
    private static func condition(_ name: String, _ arguments: Arguments, byMember: Bool)
        throws(TemplateFault) -> Condition
    {
        var rest = arguments
        var path = try MemberPath(nil)
        if byMember {
            if rest.positional.isEmpty { throw .missingArgument("attribute", of: name) }
            path = try MemberPath(rest.positional.removeFirst())
        }
        guard !rest.positional.isEmpty else {
            return { (renderer, item) throws(TemplateFault) in
                try path.value(in: item, renderer).isTrue()
            }
        }
        let testName = rest.positional.removeFirst()
        guard let test = testName.text.flatMap({ Tests.table[$0] }) else {
            throw .unknownTest(testName.text ?? testName.typeName)
        }
        return { (renderer, item) throws(TemplateFault) in
            try test(renderer, path.value(in: item, renderer), rest)
        }
    }

    /// The elements that a change lets through; nothing is done before they are read.
    private static func generator(
        over value: Value, _ name: String, _ renderer: Renderer,
        _ change: @escaping (Value, Renderer) throws(TemplateFault) -> Value?
    ) throws(TemplateFault) -> Value {
        var source: Generator?
        var isStarted = false
        return .generator(
            try Generator(depth: value.depth) {
                [unowned renderer] () throws(TemplateFault) -> Value? in
                try renderer.budget.enter()
                defer { renderer.budget.leave() }
                if !isStarted {
                    isStarted = true
                    guard try value.isTrue() else { return nil }
                    source = try value.iterator(renderer.budget)
                    if source == nil { throw value.notIterable(for: name) }
                }
                while let item = try source?.next() {
                    try renderer.budget.spend()
                    if let result = try change(item, renderer) { return result }
                }
                return nil
            })
    }
}
