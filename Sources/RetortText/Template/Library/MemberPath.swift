/// The `attribute` argument of filters: `name`, `name.inner`, `name.0`, or an index.
struct MemberPath {
    private let steps: [Value]
    /// Stands for what is undefined on the way.
    private let standard: Value?

    init(_ attribute: Value?, standard: Value? = nil) throws(TemplateFault) {
        self.standard = standard.flatMap { $0.isNone ? nil : $0 }
        guard let attribute, !attribute.isNone else {
            steps = []
            return
        }
        guard let text = attribute.text else {
            steps = [attribute]
            return
        }
        steps = text.split(separator: ".", omittingEmptySubsequences: false).map { part in
            let isIndex = !part.isEmpty && part.unicodeScalars.allSatisfy(\.isPythonDigit)
            return isIndex
                ? Int(part).map { .integer($0) } ?? .string(String(part)) : .string(String(part))
        }
    }

    /// The paths of an argument that names several, with commas between.
    static func list(_ attribute: Value?) throws(TemplateFault) -> [MemberPath] {
        guard let text = attribute?.text else { return [try MemberPath(attribute)] }
        var paths: [MemberPath] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            paths.append(try MemberPath(.string(String(part))))
        }
        return paths
    }

    func value(in item: Value, _ renderer: Renderer) throws(TemplateFault) -> Value {
        var value = item
        for step in steps {
            try renderer.budget.spend()
            value = try renderer.item(step, of: value)
            if value.isUndefined, let standard { value = standard }
        }
        return value
    }
}

/// What elements are sorted and grouped by.
struct SortKey {
    private let path: MemberPath
    private let isCaseSensitive: Bool

    init(_ path: MemberPath, isCaseSensitive: Bool) {
        self.path = path
        self.isCaseSensitive = isCaseSensitive
    }

    func value(of item: Value, _ renderer: Renderer) throws(TemplateFault) -> Value {
        let value = try path.value(in: item, renderer)
        return isCaseSensitive ? value : Self.ignoringCase(value)
    }

    /// Text in lower case, other values as they are.
    static func ignoringCase(_ value: Value) -> Value {
        value.text.map { .string(PythonCase.lower($0)) } ?? value
    }

    /// Sorts stably by a key, also when reversed.
    static func sorted(
        _ items: [Value], isReversed: Bool, _ renderer: Renderer,
        by key: (Value) throws(TemplateFault) -> Value
    ) throws(TemplateFault) -> [Value] {
        let budget = renderer.budget
        var keyed: [(key: Value, item: Value)] = []
        try budget.reserve(elements: items.count)
        for item in items { keyed.append((try key(item), item)) }
        if isReversed { keyed.reverse() }
        keyed = try RetortText.sorted(keyed, budget) { (left, right) throws(TemplateFault) in
            (try left.key.order(against: right.key, "<", budget) ?? 0) < 0
        }
        if isReversed { keyed.reverse() }
        return keyed.map(\.item)
    }
}
