extension Value {
    /// Python's `==`.
    func isEqual(to other: Value, _ budget: Budget) throws(TemplateFault) -> Bool {
        switch (self, other) {
        case (.undefined, .undefined), (.none, .none): return true
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
            if left === right { return true }
            return try Self.areEqual(left.items, right.items, budget)
        case (.dictionary(let left), .dictionary(let right)):
            return try Self.areEqual(left, right, budget)
        case (.view(let left), .view(let right)):
            if left.kind == .values || left.kind != right.kind { return left === right }
            return try Self.areEqual(left, right, budget)
        case (.range(let left), .range(let right)):
            return left.count == right.count
                && (left.count == 0
                    || left.start == right.start && (left.count == 1 || left.step == right.step))
        case (.namespace(let left), .namespace(let right)): return left === right
        case (.generator(let left), .generator(let right)): return left === right
        case (.macro(let left), .macro(let right)): return left === right
        case (.loop(let left), .loop(let right)): return left === right
        case (.cycler(let left), .cycler(let right)): return left === right
        case (.joiner(let left), .joiner(let right)): return left === right
        case (.function(let left), .function(let right)): return left == right
        default: break
        }
        if let left = text, let right = other.text {
            try budget.spend(min(left.utf8.count, right.utf8.count) / 64)
            return left.isSame(as: right)
        }
        guard let left = Number(self), let right = Number(other) else { return false }
        return left.compare(to: right) == 0
    }

    private static func areEqual(_ left: [Value], _ right: [Value], _ budget: Budget)
        throws(TemplateFault) -> Bool
    {
        guard left.count == right.count else { return false }
        try budget.enter()
        defer { budget.leave() }
        for (a, b) in zip(left, right) where try !a.isEqual(to: b, budget) { return false }
        return true
    }

    private static func areEqual(
        _ left: PythonDictionary, _ right: PythonDictionary, _ budget: Budget
    ) throws(TemplateFault) -> Bool {
        guard left.count == right.count else { return false }
        try budget.enter()
        defer { budget.leave() }
        for (key, value) in left.entries {
            guard let other = try right.value(of: key), try value.isEqual(to: other, budget) else {
                return false
            }
        }
        return true
    }

    /// Keys or items compare as sets.
    private static func areEqual(_ left: DictionaryView, _ right: DictionaryView, _ budget: Budget)
        throws(TemplateFault) -> Bool
    {
        if left.kind == .items { return try areEqual(left.dictionary, right.dictionary, budget) }
        guard left.dictionary.count == right.dictionary.count else { return false }
        for entry in left.dictionary.entries
        where try right.dictionary.value(of: entry.key) == nil {
            return false
        }
        return true
    }

    /// Negative, zero or positive, as Python orders values; nil for NaN.
    ///
    /// `operation` is named in the error about types that have no order.
    func order(against other: Value, _ operation: String, _ budget: Budget)
        throws(TemplateFault) -> Int?
    {
        if let left = text, let right = other.text {
            try budget.spend(min(left.utf8.count, right.utf8.count) / 64)
            return left.isSame(as: right) ? 0 : left.precedes(right) ? -1 : 1
        }
        if let left = Number(self), let right = Number(other) { return left.compare(to: right) }
        switch (self, other) {
        case (.undefined(let undefined), _), (_, .undefined(let undefined)):
            throw .undefined(undefined)
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
            try budget.enter()
            defer { budget.leave() }
            for (a, b) in zip(left.items, right.items) where try !a.isEqual(to: b, budget) {
                return try a.order(against: b, operation, budget)
            }
            let (a, b) = (left.items.count, right.items.count)
            return a == b ? 0 : a < b ? -1 : 1
        default:
            throw .operands(operation: operation, left: typeName, right: other.typeName)
        }
    }

    /// Python's `in`, with this value as the container.
    func contains(_ item: Value, _ budget: Budget) throws(TemplateFault) -> Bool {
        switch self {
        case .string(let text), .markup(let text):
            guard let part = item.text else {
                throw .operands(operation: "in", left: item.typeName, right: typeName)
            }
            try budget.spend(text.utf8.count / 64)
            return Bytes.contains(part, in: text)
        case .dictionary(let dictionary): return try dictionary.value(of: item) != nil
        case .view(let view) where view.kind == .keys:
            return try view.dictionary.value(of: item) != nil
        default:
            guard let iterator = try iterator(budget) else {
                throw .operands(operation: "in", left: item.typeName, right: typeName)
            }
            while let element = try iterator.next() {
                try budget.spend()
                if try element.isEqual(to: item, budget) { return true }
            }
            return false
        }
    }

    /// Whether both are the same object, as far as values without identity can tell.
    func isIdentical(to other: Value, _ budget: Budget) throws(TemplateFault) -> Bool {
        switch (self, other) {
        case (.bool(let left), .bool(let right)): left == right
        case (.bool, _), (_, .bool): false
        case (.float, .integer), (.integer, .float), (.list, .tuple), (.tuple, .list): false
        default: try isEqual(to: other, budget)
        }
    }
}

/// A number of any of Python's three types, for comparing and calculating.
enum Number {
    case integer(Int)
    case big(BigInteger)
    case float(Double)

    init?(_ value: Value) {
        switch value {
        case .bool(let value): self = .integer(value ? 1 : 0)
        case .integer(let value): self = .integer(value)
        case .big(let value): self = .big(value)
        case .float(let value): self = .float(value)
        default: return nil
        }
    }

    var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .big(let value): value.double
        case .float(let value): value
        }
    }

    /// The integer; nil for a floating-point number.
    var big: BigInteger? {
        switch self {
        case .integer(let value): BigInteger(value)
        case .big(let value): value
        case .float: nil
        }
    }

    /// Exact, also between integers and floating-point numbers; nil if one is NaN.
    func compare(to other: Number) -> Int? {
        switch (self, other) {
        case (.integer(let left), .integer(let right)):
            return left == right ? 0 : left < right ? -1 : 1
        case (.float(let left), .float(let right)):
            return left.isNaN || right.isNaN ? nil : left == right ? 0 : left < right ? -1 : 1
        case (.float(let left), _):
            return other.compare(to: .float(left)).map { -$0 }
        case (_, .float(let right)):
            if right.isNaN { return nil }
            guard let left = big, let whole = BigInteger(right) else { return right > 0 ? -1 : 1 }
            if left != whole { return left < whole ? -1 : 1 }
            let fraction = right - right.rounded(.towardZero)
            return fraction == 0 ? 0 : fraction > 0 ? -1 : 1
        default:
            guard let left = big, let right = other.big else { return nil }
            return left == right ? 0 : left < right ? -1 : 1
        }
    }
}
