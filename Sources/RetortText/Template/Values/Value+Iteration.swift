extension Value {
    /// The elements one by one; nil if the value has none to give.
    func iterator(_ budget: Budget) throws(TemplateFault) -> Generator? {
        var position = 0
        switch self {
        case .generator(let generator): return generator
        case .undefined: return try Generator(depth: 0) { nil }
        case .list(let elements), .tuple(let elements):
            let items = elements.items
            return try Generator(depth: elements.depth) {
                defer { position += 1 }
                return position < items.count ? items[position] : nil
            }
        case .dictionary(let dictionary):
            return try Generator(depth: dictionary.depth) {
                defer { position += 1 }
                return position < dictionary.count ? dictionary.entries[position].key : nil
            }
        case .view(let view):
            return try Generator(depth: depth) { () throws(TemplateFault) -> Value? in
                defer { position += 1 }
                return position < view.dictionary.count
                    ? try view.item(at: position, budget) : nil
            }
        case .range(let range):
            return try Generator(depth: 0) {
                defer { position += 1 }
                return position < range.count ? range[position] : nil
            }
        case .string(let text), .markup(let text):
            var scalars = text.unicodeScalars.makeIterator()
            return try Generator(depth: 0) { scalars.next().map { .string(String($0)) } }
        default: return nil
        }
    }

    /// All elements; an error if there are none to give.
    ///
    /// `user` is named in the error.
    func elements(_ budget: Budget, for user: String) throws(TemplateFault) -> [Value] {
        switch self {
        case .list(let elements), .tuple(let elements): return elements.items
        default: break
        }
        guard let iterator = try iterator(budget) else { throw notIterable(for: user) }
        var items: [Value] = []
        while let item = try iterator.next() {
            try budget.reserve(elements: 1)
            items.append(item)
        }
        return items
    }

    func notIterable(for user: String) -> TemplateFault {
        .type(found: typeName, expected: "something to go through", by: user)
    }

    /// Python's `len`; nil if the value has none.
    func length() throws(TemplateFault) -> Int? {
        switch self {
        case .undefined: 0
        case .string(let text), .markup(let text): text.scalarCount
        case .list(let elements), .tuple(let elements): elements.items.count
        case .dictionary(let dictionary): dictionary.count
        case .view(let view): view.dictionary.count
        case .range(let range): range.count
        case .loop(let loop): try loop.length()
        default: nil
        }
    }

    /// Python's `value[start:stop:step]`.
    func slice(_ start: Value, _ stop: Value, _ step: Value, _ budget: Budget)
        throws(TemplateFault) -> Value
    {
        switch self {
        case .undefined(let undefined): throw .undefined(undefined)
        case .list(let elements):
            return try .list(Self.pick(elements.items, start, stop, step), budget)
        case .tuple(let elements):
            return try .tuple(Self.pick(elements.items, start, stop, step), budget)
        case .string(let text), .markup(let text):
            try budget.reserve(stringBytes: text.utf8.count)
            let scalars = try Self.pick(Array(text.unicodeScalars), start, stop, step)
            let part = String(scalars)
            if case .markup = self { return .markup(part) }
            return .string(part)
        case .range(let range):
            var items: [Value] = []
            for position in 0..<range.count { items.append(range[position]) }
            return try .list(Self.pick(items, start, stop, step), budget)
        default: throw .type(found: typeName, expected: "a sequence", by: "a slice")
        }
    }

    private static func pick<Element>(
        _ items: [Element], _ start: Value, _ stop: Value, _ step: Value
    ) throws(TemplateFault) -> [Element] {
        let step = try bound(step) ?? 1
        guard step != 0 else { throw .value("the step is 0", by: "a slice") }
        let count = items.count
        func clamped(_ value: Int?, _ absent: Int) -> Int {
            guard let value else { return absent }
            let position = value < 0 ? value + count : value
            return step > 0 ? min(max(position, 0), count) : min(max(position, -1), count - 1)
        }
        var position = clamped(try bound(start), step > 0 ? 0 : count - 1)
        let end = clamped(try bound(stop), step > 0 ? count : -1)
        if step == 1 { return position < end ? Array(items[position..<end]) : [] }
        var picked: [Element] = []
        while step > 0 ? position < end : position > end {
            picked.append(items[position])
            let (next, overflow) = position.addingReportingOverflow(step)
            if overflow { break }
            position = next
        }
        return picked
    }

    private static func bound(_ value: Value) throws(TemplateFault) -> Int? {
        switch value {
        case .none: return nil
        case .big(let value): return value.isNegative ? Int.min : Int.max
        case .undefined(let undefined): throw .undefined(undefined)
        default:
            guard let position = value.integer else {
                throw .type(found: value.typeName, expected: "integers", by: "a slice")
            }
            return position
        }
    }
}
