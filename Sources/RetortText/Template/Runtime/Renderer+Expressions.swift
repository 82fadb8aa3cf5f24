extension Renderer {
    /// The value of an expression.
    func evaluate(_ expression: Expression) throws(TemplateFault) -> Value {
        try budget.enter()
        defer { budget.leave() }
        switch expression {
        case .literal(let literal): return Value(literal)
        case .variable(let symbol): return scope[symbol] ?? .undefined(.variable(symbol.name))
        case .captured: return .string(captured)
        case .list(let items): return try list(items)
        case .tuple(let items): return try tuple(items)
        case .dictionary(let members): return try dictionary(members)
        case .attribute(let operand, let name, let line): return try attribute(operand, name, line)
        case .item(let operand, let key, let line): return try item(operand, key, line)
        case .slice(let operand, let start, let stop, let step, let line):
            return try slice(operand, (start, stop, step), line)
        case .call(let callee, let arguments, let line): return try call(callee, arguments, line)
        case .filter(let operand, let filter, let arguments, let line):
            return try apply(filter, operand, arguments, line)
        case .test(let operand, let test, let arguments, let line):
            return try apply(test, operand, arguments, line)
        case .not(let operand): return .bool(try !evaluate(operand).isTrue())
        case .sign(let operand, let isNegation, let line):
            return try sign(operand, isNegation, line)
        case .arithmetic(let left, let operation, let right, let line):
            return try arithmetic(left, operation, right, line)
        case .concatenation(let parts): return try concatenation(parts)
        case .comparison(let first, let rest, let line): return try comparison(first, rest, line)
        case .and(let left, let right): return try and(left, right)
        case .or(let left, let right): return try or(left, right)
        case .conditional(let test, let then, let otherwise):
            return try conditional(test, then, otherwise)
        }
    }

    private func evaluateAll(_ expressions: [Expression]) throws(TemplateFault) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(expressions.count)
        for expression in expressions { values.append(try evaluate(expression)) }
        return values
    }

    private func list(_ items: [Expression]) throws(TemplateFault) -> Value {
        try .list(evaluateAll(items), budget)
    }

    private func tuple(_ items: [Expression]) throws(TemplateFault) -> Value {
        try .tuple(evaluateAll(items), budget)
    }

    private func dictionary(_ members: [(key: Expression, value: Expression)])
        throws(TemplateFault) -> Value
    {
        var entries: [(Value, Value)] = []
        for member in members {
            let key = try evaluate(member.key)
            entries.append((key, try evaluate(member.value)))
        }
        return .dictionary(try PythonDictionary(entries, budget))
    }

    private func attribute(_ operand: Expression, _ name: String, _ line: Int)
        throws(TemplateFault) -> Value
    {
        let value = try evaluate(operand)
        at(line)
        return try attribute(name, of: value)
    }

    private func item(_ operand: Expression, _ key: Expression, _ line: Int)
        throws(TemplateFault) -> Value
    {
        let value = try evaluate(operand)
        let index = try evaluate(key)
        at(line)
        return try item(index, of: value)
    }

    private func slice(
        _ operand: Expression, _ bounds: (Expression?, Expression?, Expression?), _ line: Int
    ) throws(TemplateFault) -> Value {
        func value(_ bound: Expression?) throws(TemplateFault) -> Value {
            if let bound { try evaluate(bound) } else { .none }
        }
        let sequence = try evaluate(operand)
        let (start, stop, step) = (try value(bounds.0), try value(bounds.1), try value(bounds.2))
        at(line)
        return try sequence.slice(start, stop, step, budget)
    }

    private func sign(_ operand: Expression, _ isNegation: Bool, _ line: Int)
        throws(TemplateFault) -> Value
    {
        let value = try evaluate(operand)
        at(line)
        return try value.negated(isNegation, budget)
    }

    private func arithmetic(
        _ left: Expression, _ operation: ArithmeticOperator, _ right: Expression, _ line: Int
    ) throws(TemplateFault) -> Value {
        let first = try evaluate(left)
        let second = try evaluate(right)
        at(line)
        return try first.applying(operation, second, budget)
    }

    private func concatenation(_ parts: [Expression]) throws(TemplateFault) -> Value {
        var texts: [String] = []
        for part in parts { texts.append(try evaluate(part).printed(budget)) }
        try budget.reserve(stringBytes: texts.reduce(0) { $0 + $1.utf8.count })
        return .string(texts.joined())
    }

    private func comparison(
        _ first: Expression, _ rest: [(operation: ComparisonOperator, operand: Expression)],
        _ line: Int
    ) throws(TemplateFault) -> Value {
        var left = try evaluate(first)
        for (operation, operand) in rest {
            let right = try evaluate(operand)
            at(line)
            guard try compare(left, operation, right) else { return .bool(false) }
            left = right
        }
        return .bool(true)
    }

    /// Whether a comparison holds.
    func compare(_ left: Value, _ operation: ComparisonOperator, _ right: Value)
        throws(TemplateFault) -> Bool
    {
        switch operation {
        case .equal: return try left.isEqual(to: right, budget)
        case .notEqual: return try !left.isEqual(to: right, budget)
        case .contained: return try right.contains(left, budget)
        case .notContained: return try !right.contains(left, budget)
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            guard let order = try left.order(against: right, operation.rawValue, budget) else {
                return false
            }
            switch operation {
            case .less: return order < 0
            case .lessOrEqual: return order <= 0
            case .greater: return order > 0
            default: return order >= 0
            }
        }
    }

    private func and(_ left: Expression, _ right: Expression) throws(TemplateFault) -> Value {
        let first = try evaluate(left)
        return try first.isTrue() ? try evaluate(right) : first
    }

    private func or(_ left: Expression, _ right: Expression) throws(TemplateFault) -> Value {
        let first = try evaluate(left)
        return try first.isTrue() ? first : try evaluate(right)
    }

    private func conditional(_ test: Expression, _ then: Expression, _ otherwise: Expression?)
        throws(TemplateFault) -> Value
    {
        if try evaluate(test).isTrue() { return try evaluate(then) }
        guard let otherwise else {
            return .undefined(.absent("the condition has no else, and did not hold"))
        }
        return try evaluate(otherwise)
    }

    // MARK: Calls

    private func call(_ callee: Expression, _ arguments: CallArguments, _ line: Int)
        throws(TemplateFault) -> Value
    {
        let function = try evaluate(callee)
        let given = try evaluate(arguments, of: "call")
        at(line)
        return try call(function, given)
    }

    private func apply(
        _ filter: FilterReference, _ operand: Expression, _ arguments: CallArguments, _ line: Int
    ) throws(TemplateFault) -> Value {
        let value = try evaluate(operand)
        let given = try evaluate(arguments, of: filter.name)
        at(line)
        guard let function = filter.function else { throw .unknownFilter(filter.name) }
        return try function(self, value, given)
    }

    private func apply(
        _ test: TestReference, _ operand: Expression, _ arguments: CallArguments, _ line: Int
    ) throws(TemplateFault) -> Value {
        let value = try evaluate(operand)
        let given = try evaluate(arguments, of: test.name)
        at(line)
        guard let function = test.function else { throw .unknownTest(test.name) }
        return .bool(try function(self, value, given))
    }

    /// The values of a call's arguments, `*` and `**` spread out.
    func evaluate(_ arguments: CallArguments, of function: String) throws(TemplateFault)
        -> Arguments
    {
        var result = Arguments()
        result.positional = try evaluateAll(arguments.positional)
        if let sequence = arguments.sequence {
            result.positional += try evaluate(sequence).elements(budget, for: "*")
        }
        for (name, value) in arguments.keywords {
            result.keywords.append((name, try evaluate(value)))
        }
        if let mapping = arguments.mapping {
            let value = try evaluate(mapping)
            guard case .dictionary(let members) = value else {
                throw .type(found: value.typeName, expected: "a mapping", by: "**")
            }
            for (key, value) in members.entries {
                guard let name = key.text, result.keyword(name) == nil else {
                    throw .unknownArgument(try key.printed(budget), of: function)
                }
                result.keywords.append((name, value))
            }
        }
        return result
    }

    /// Calls a value.
    func call(_ callee: Value, _ arguments: Arguments) throws(TemplateFault) -> Value {
        switch callee {
        case .function(let function): return try call(function, arguments)
        case .method(let method): return try method.call(arguments, self)
        case .macro(let macro): return try call(macro, arguments)
        case .loop(let loop):
            let values = try arguments.bound(to: "loop", ["sequence"], required: 1)
            return try recurse(loop, over: values[0] ?? .none)
        case .joiner(let joiner):
            _ = try arguments.bound(to: "joiner", [])
            defer { joiner.isUsed = true }
            return joiner.isUsed ? joiner.separator : .string("")
        case .undefined(let undefined): throw .undefined(undefined)
        default: throw .type(found: callee.typeName, expected: "a function", by: "a call")
        }
    }
}
