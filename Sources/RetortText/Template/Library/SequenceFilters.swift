/// Filters on sequences as wholes.
enum SequenceFilters {
    static let table: [String: FilterFunction] = [
        "length": length, "count": length, "list": list, "first": first, "last": last,
        "reverse": reverse, "join": join, "sum": sum, "min": extreme("min"), "max": extreme("max"),
        "sort": sort, "unique": unique, "dictsort": dictsort, "groupby": groupby, "batch": batch,
        "slice": slice,
    ]

    private static let length: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        _ = try arguments.bound(to: "length", [])
        guard let length = try value.length() else {
            throw .type(found: value.typeName, expected: "a value with a length", by: "length")
        }
        return .integer(length)
    }

    private static let list: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        _ = try arguments.bound(to: "list", [])
        return try .list(value.elements(renderer.budget, for: "list"), renderer.budget)
    }

    private static let first: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        _ = try arguments.bound(to: "first", [])
        guard let iterator = try value.iterator(renderer.budget) else {
            throw value.notIterable(for: "first")
        }
        return try iterator.next() ?? .undefined(.absent("the sequence is empty: it has no first"))
    }

    private static let last: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        _ = try arguments.bound(to: "last", [])
        if case .generator = value { throw value.notIterable(for: "last") }
        let items = try value.elements(renderer.budget, for: "last")
        return items.last ?? .undefined(.absent("the sequence is empty: it has no last"))
    }

    private static let reverse: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        _ = try arguments.bound(to: "reverse", [])
        let budget = renderer.budget
        if let text = value.text {
            try budget.reserve(stringBytes: text.utf8.count)
            let reversed = String(Array(text.unicodeScalars.reversed()))
            return value.isMarkup ? .markup(reversed) : .string(reversed)
        }
        let items: [Value] = try value.elements(budget, for: "reverse").reversed()
        if case .generator = value { return try .list(items, budget) }
        guard let iterator = try Value.list(items, budget).iterator(budget) else { return .none }
        return .generator(iterator)
    }

    private static let join: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        let values = try arguments.bound(to: "join", ["d", "attribute"])
        let budget = renderer.budget
        let separator = try (values[0] ?? .string("")).printed(budget)
        let path = try MemberPath(values[1])
        var parts: [String] = []
        var size = 0
        for item in try value.elements(budget, for: "join") {
            let part = try path.value(in: item, renderer).printed(budget)
            size += part.utf8.count + separator.utf8.count
            if size > budget.limits.stringBytes { try budget.reserve(stringBytes: size) }
            parts.append(part)
        }
        try budget.reserve(stringBytes: size)
        return .string(parts.joined(separator: separator))
    }

    private static let sum: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        let values = try arguments.bound(to: "sum", ["attribute", "start"])
        let path = try MemberPath(values[0])
        var total = values[1] ?? .integer(0)
        if total.text != nil { throw .type(found: "str", expected: "a number", by: "sum") }
        for item in try value.elements(renderer.budget, for: "sum") {
            try renderer.budget.spend()
            total = try total.applying(.add, path.value(in: item, renderer), renderer.budget)
        }
        return total
    }

    private static func extreme(_ name: String) -> FilterFunction {
        { (renderer, value, arguments) throws(TemplateFault) in
            let values = try arguments.bound(to: name, ["case_sensitive", "attribute"])
            let key = SortKey(
                try MemberPath(values[1]), isCaseSensitive: try values[0]?.isTrue() ?? false)
            var best: (item: Value, key: Value)?
            for item in try value.elements(renderer.budget, for: name) {
                let itemKey = try key.value(of: item, renderer)
                guard let current = best else {
                    best = (item, itemKey)
                    continue
                }
                let mark = name == "min" ? "<" : ">"
                let order = try itemKey.order(against: current.key, mark, renderer.budget) ?? 0
                if name == "min" ? order < 0 : order > 0 { best = (item, itemKey) }
            }
            return best?.item ?? .undefined(.absent("the sequence is empty: it has no \(name)"))
        }
    }

    private static let sort: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        let values = try arguments.bound(to: "sort", ["reverse", "case_sensitive", "attribute"])
        let isCaseSensitive = try values[1]?.isTrue() ?? false
        let paths = try MemberPath.list(values[2])
        let items = try value.elements(renderer.budget, for: "sort")
        let isReversed = try values[0]?.isTrue() ?? false
        let ordered = try SortKey.sorted(items, isReversed: isReversed, renderer) {
            (item) throws(TemplateFault) -> Value in
            var keys: [Value] = []
            for path in paths {
                let key = SortKey(path, isCaseSensitive: isCaseSensitive)
                keys.append(try key.value(of: item, renderer))
            }
            return try .list(keys, renderer.budget)
        }
        return try .list(ordered, renderer.budget)
    }

    private static let unique: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        let values = try arguments.bound(to: "unique", ["case_sensitive", "attribute"])
        let key = SortKey(
            try MemberPath(values[1]), isCaseSensitive: try values[0]?.isTrue() ?? false)
        guard let iterator = try value.iterator(renderer.budget) else {
            throw value.notIterable(for: "unique")
        }
        var seen: Set<HashKey> = []
        return .generator(
            try Generator(depth: iterator.depth) {
                [unowned renderer] () throws(TemplateFault) -> Value? in
                try renderer.budget.enter()
                defer { renderer.budget.leave() }
                while let item = try iterator.next() {
                    try renderer.budget.reserve(elements: 2)
                    let hashed = try HashKey(key.value(of: item, renderer))
                    if seen.insert(hashed).inserted { return item }
                }
                return nil
            })
    }

    private static let dictsort: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        let values = try arguments.bound(to: "dictsort", ["case_sensitive", "by", "reverse"])
        if case .undefined(let undefined) = value { throw .undefined(undefined) }
        guard case .dictionary(let dictionary) = value else {
            throw .type(found: value.typeName, expected: "a mapping", by: "dictsort")
        }
        let isCaseSensitive = try values[0]?.isTrue() ?? false
        let by = try (values[1] ?? .string("key")).printed(renderer.budget)
        guard by == "key" || by == "value" else {
            throw .value("sorts only by key or value", by: "dictsort")
        }
        let items = try Value.view(DictionaryView(.items, of: dictionary)).elements(
            renderer.budget, for: "dictsort")
        let isReversed = try values[2]?.isTrue() ?? false
        let ordered = try SortKey.sorted(items, isReversed: isReversed, renderer) {
            (pair) throws(TemplateFault) -> Value in
            let parts = try pair.elements(renderer.budget, for: "dictsort")
            let part = by == "key" ? parts[0] : parts[1]
            return isCaseSensitive ? part : SortKey.ignoringCase(part)
        }
        return try .list(ordered, renderer.budget)
    }

    private static let groupby: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        let values = try arguments.bound(
            to: "groupby", ["attribute", "default", "case_sensitive"], required: 1)
        let budget = renderer.budget
        let path = try MemberPath(values[0], standard: values[1])
        let isCaseSensitive = try values[2]?.isTrue() ?? false
        let key = SortKey(path, isCaseSensitive: isCaseSensitive)
        let items = try value.elements(budget, for: "groupby")
        let ordered = try SortKey.sorted(items, isReversed: false, renderer) {
            (item) throws(TemplateFault) -> Value in try key.value(of: item, renderer)
        }
        var groups: [(key: Value, items: [Value])] = []
        for item in ordered {
            let itemKey = try key.value(of: item, renderer)
            if let last = groups.last, try last.key.isEqual(to: itemKey, budget) {
                groups[groups.count - 1].items.append(item)
            } else {
                groups.append((itemKey, [item]))
            }
        }
        var result: [Value] = []
        for group in groups {
            let shown =
                isCaseSensitive ? group.key : try path.value(in: group.items[0], renderer)
            let pair = [shown, try Value.list(group.items, budget)]
            result.append(.tuple(try Elements(pair, budget, isGroup: true)))
        }
        return try .list(result, budget)
    }

    private static let batch: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        let values = try arguments.bound(to: "batch", ["linecount", "fill_with"], required: 1)
        let budget = renderer.budget
        guard let size = values[0]?.integer else {
            throw .type(found: values[0]?.typeName ?? "None", expected: "an integer", by: "batch")
        }
        let items = try value.elements(budget, for: "batch")
        var rows: [[Value]] = []
        for (position, item) in items.enumerated() {
            if position == 0 || rows[rows.count - 1].count == size { rows.append([]) }
            rows[rows.count - 1].append(item)
        }
        if let fill = values[1], !fill.isNone, let last = rows.last, last.count < size {
            try budget.reserve(elements: size - last.count)
            rows[rows.count - 1] += Array(repeating: fill, count: size - last.count)
        }
        return try generator(of: rows, budget)
    }

    private static let slice: FilterFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        let values = try arguments.bound(to: "slice", ["slices", "fill_with"], required: 1)
        let budget = renderer.budget
        guard let count = values[0]?.integer else {
            throw .type(found: values[0]?.typeName ?? "None", expected: "an integer", by: "slice")
        }
        if count == 0 { throw .divisionByZero }
        let items = try value.elements(budget, for: "slice")
        try budget.reserve(elements: max(0, count))
        var rows: [[Value]] = []
        var start = 0
        for row in 0..<max(0, count) {
            let hasExtra = row < items.count % count
            let end = start + items.count / count + (hasExtra ? 1 : 0)
            rows.append(Array(items[start..<end]))
            if !hasExtra, let fill = values[1], !fill.isNone { rows[row].append(fill) }
            start = end
        }
        return try generator(of: rows, budget)
    }

    private static func generator(of rows: [[Value]], _ budget: Budget) throws(TemplateFault)
        -> Value
    {
        var lists: [Value] = []
        for row in rows { lists.append(try .list(row, budget)) }
        guard let iterator = try Value.list(lists, budget).iterator(budget) else { return .none }
        return .generator(iterator)
    }
}
