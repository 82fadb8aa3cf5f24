// Expressions by falling precedence, down to single operands.

extension TemplateParser {
    /// One expression, or a tuple if commas follow.
    mutating func expressions(allowsConditional: Bool = true) throws(TemplateFault) -> Expression {
        var items: [Expression] = []
        var isTuple = false
        while !isTupleEnd {
            items.append(allowsConditional ? try expression() : try binary(1))
            guard take(.comma) else { break }
            isTuple = true
        }
        if isTuple { return .tuple(items) }
        guard let single = items.first else { throw unexpected("an expression") }
        return single
    }

    private var isTupleEnd: Bool {
        switch current.kind {
        case .variableEnd, .blockEnd: true
        case .mark(.rightParenthesis): true
        default: current.isName("recursive")
        }
    }

    mutating func expression() throws(TemplateFault) -> Expression {
        try enter()
        defer { leave() }
        var result = try binary(1)
        while take("if") {
            let wasForgiving = isForgiving
            isForgiving = true
            defer { isForgiving = wasForgiving }
            let test = try binary(1)
            let otherwise = take("else") ? try expression() : nil
            result = .conditional(test: test, then: result, otherwise: otherwise)
        }
        return result
    }

    /// Operators from a level up: 1 or, 2 and, 3 not, 4 comparisons, 5 sums, 6 `~`, 7 products,
    /// 8 powers (which group from the left here).
    mutating func binary(_ level: Int) throws(TemplateFault) -> Expression {
        var left: Expression
        if level <= 3, current.isName("not") {
            try enter()
            defer { leave() }
            advance()
            left = .not(try binary(3))
        } else {
            left = try unary(withFilters: true)
        }
        // A long chain nests its left operands one inside the other.
        var nested = 0
        defer { for _ in 0..<nested { leave() } }
        while true {
            let line = current.line
            if let operation = comparisonOperator, level <= 4 {
                left = .comparison(left, try comparisons(operation), line: line)
                continue
            }
            if level <= 6, current.isMark(.concatenate) {
                left = .concatenation(try concatenation(after: left))
                continue
            }
            guard let (operatorLevel, build) = binaryOperator, operatorLevel >= level else {
                return left
            }
            try enter()
            nested += 1
            advance()
            left = build(left, try binary(operatorLevel + 1), line)
        }
    }

    private typealias Builder = (Expression, Expression, Int) -> Expression

    private var binaryOperator: (level: Int, build: Builder)? {
        func arithmetic(_ operation: ArithmeticOperator) -> Builder {
            { .arithmetic($0, operation, $1, line: $2) }
        }
        switch current.kind {
        case .name("or"): return (1, { left, right, _ in .or(left, right) })
        case .name("and"): return (2, { left, right, _ in .and(left, right) })
        case .mark(.add): return (5, arithmetic(.add))
        case .mark(.subtract): return (5, arithmetic(.subtract))
        case .mark(.multiply): return (7, arithmetic(.multiply))
        case .mark(.divide): return (7, arithmetic(.divide))
        case .mark(.floorDivide): return (7, arithmetic(.floorDivide))
        case .mark(.remainder): return (7, arithmetic(.remainder))
        case .mark(.power): return (8, arithmetic(.power))
        default: return nil
        }
    }

    private var comparisonOperator: ComparisonOperator? {
        switch current.kind {
        case .mark(let mark): return ComparisonOperator(rawValue: mark.rawValue)
        case .name("in"): return .contained
        case .name("not"): return next.isName("in") ? .notContained : nil
        default: return nil
        }
    }

    private mutating func comparisons(_ first: ComparisonOperator) throws(TemplateFault)
        -> [(operation: ComparisonOperator, operand: Expression)]
    {
        var result: [(operation: ComparisonOperator, operand: Expression)] = []
        var operation: ComparisonOperator? = first
        while let found = operation {
            advance()
            if found == .notContained { advance() }
            result.append((found, try binary(5)))
            operation = comparisonOperator
        }
        return result
    }

    private mutating func concatenation(after first: Expression) throws(TemplateFault)
        -> [Expression]
    {
        var parts = [first]
        while take(.concatenate) { parts.append(try binary(7)) }
        return parts
    }

    private mutating func unary(withFilters: Bool) throws(TemplateFault) -> Expression {
        try enter()
        defer { leave() }
        let line = current.line
        var result: Expression
        if take(.subtract) {
            result = .sign(try unary(withFilters: false), isNegation: true, line: line)
        } else if take(.add) {
            result = .sign(try unary(withFilters: false), isNegation: false, line: line)
        } else {
            result = try primary()
        }
        result = try postfix(result)
        return withFilters ? try filters(result) : result
    }

    mutating func primary() throws(TemplateFault) -> Expression {
        switch current.kind {
        case .name(let name):
            advance()
            return variable(name)
        case .string(var text):
            advance()
            while case .string(let more) = current.kind {
                text += more
                advance()
            }
            return .literal(.string(text))
        case .integer(let literal):
            advance()
            return .literal(literal)
        case .float(let value):
            advance()
            return .literal(.float(value))
        case .mark(.leftParenthesis): return try parenthesized()
        case .mark(.leftBracket): return try list()
        case .mark(.leftBrace): return try dictionary()
        default: throw unexpected("an expression")
        }
    }

    private mutating func variable(_ name: String) -> Expression {
        switch name {
        case "true", "True": return .literal(.bool(true))
        case "false", "False": return .literal(.bool(false))
        case "none", "None": return .literal(.none)
        default:
            if !namesRead.isEmpty { namesRead[namesRead.count - 1].insert(name) }
            return .variable(symbol(name))
        }
    }

    private mutating func parenthesized() throws(TemplateFault) -> Expression {
        advance()
        if take(.rightParenthesis) { return .tuple([]) }
        let result = try expressions()
        try expect(.rightParenthesis)
        return result
    }

    private mutating func list() throws(TemplateFault) -> Expression {
        advance()
        var items: [Expression] = []
        while !current.isMark(.rightBracket) {
            items.append(try expression())
            guard take(.comma) else { break }
        }
        try expect(.rightBracket)
        return .list(items)
    }

    private mutating func dictionary() throws(TemplateFault) -> Expression {
        advance()
        var members: [(key: Expression, value: Expression)] = []
        while !current.isMark(.rightBrace) {
            let key = try expression()
            try expect(.colon)
            members.append((key, try expression()))
            guard take(.comma) else { break }
        }
        try expect(.rightBrace)
        return .dictionary(members)
    }
}
