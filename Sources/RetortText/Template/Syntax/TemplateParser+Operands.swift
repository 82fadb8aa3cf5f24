// What may follow an operand: attributes, subscripts, calls, filters and tests.

extension TemplateParser {
    mutating func postfix(_ operand: Expression) throws(TemplateFault) -> Expression {
        var result = operand
        var nested = 0
        defer { for _ in 0..<nested { leave() } }
        while true {
            let line = current.line
            switch current.kind {
            case .mark(.dot): result = try attribute(of: result)
            case .mark(.leftBracket): result = try subscripted(result)
            case .mark(.leftParenthesis): result = .call(result, try arguments(), line: line)
            default: return result
            }
            try enter()
            nested += 1
        }
    }

    private mutating func attribute(of operand: Expression) throws(TemplateFault) -> Expression {
        let line = current.line
        advance()
        if case .integer(let index) = current.kind {
            advance()
            return .item(operand, .literal(index), line: line)
        }
        return .attribute(operand, try expectName(), line: line)
    }

    private mutating func subscripted(_ operand: Expression) throws(TemplateFault) -> Expression {
        let line = current.line
        advance()
        var items: [Expression] = []
        while !current.isMark(.rightBracket) {
            if !items.isEmpty { try expect(.comma) }
            let start = current.isMark(.colon) ? nil : try expression()
            guard current.isMark(.colon) else {
                if let start { items.append(start) }
                continue
            }
            let (stop, step) = try sliceBounds()
            guard items.isEmpty, take(.rightBracket) else { throw unexpected("']'") }
            return .slice(operand, start: start, stop: stop, step: step, line: line)
        }
        try expect(.rightBracket)
        let single = items.count == 1 ? items.first : nil
        return .item(operand, single ?? .tuple(items), line: line)
    }

    private mutating func sliceBounds() throws(TemplateFault) -> (Expression?, Expression?) {
        func ends() -> Bool {
            current.isMark(.colon) || current.isMark(.rightBracket) || current.isMark(.comma)
        }
        advance()
        let stop = ends() ? nil : try expression()
        guard take(.colon) else { return (stop, nil) }
        return (stop, ends() ? nil : try expression())
    }

    /// Filters, tests and calls of what they give.
    mutating func filters(_ operand: Expression) throws(TemplateFault) -> Expression {
        var result = operand
        var nested = 0
        defer { for _ in 0..<nested { leave() } }
        while true {
            let line = current.line
            if current.isMark(.pipe) {
                advance()
                result = try filter(result)
            } else if current.isName("is") {
                result = try test(result)
            } else if current.isMark(.leftParenthesis) {
                result = .call(result, try arguments(), line: line)
            } else {
                return result
            }
            try enter()
            nested += 1
        }
    }

    /// A filter from its name on.
    mutating func filter(_ operand: Expression) throws(TemplateFault) -> Expression {
        let line = current.line
        var name = try expectName()
        while take(.dot) { name += "." + (try expectName()) }
        let function = Filters.table[name]
        if function == nil, !isForgiving { throw .unknownFilter(name) }
        let arguments = current.isMark(.leftParenthesis) ? try arguments() : CallArguments()
        return .filter(
            operand, FilterReference(name: name, function: function), arguments, line: line)
    }

    private mutating func test(_ operand: Expression) throws(TemplateFault) -> Expression {
        let line = current.line
        advance()
        let isNegated = take("not")
        var name = try expectName()
        while take(.dot) { name += "." + (try expectName()) }
        let function = Tests.table[name]
        if function == nil, !isForgiving { throw .unknownTest(name) }
        var given = CallArguments()
        if current.isMark(.leftParenthesis) {
            given = try arguments()
        } else if startsTestArgument {
            if current.isName("is") { throw unexpected("the end of the test") }
            given.positional = [try postfix(primary())]
        }
        let reference = TestReference(name: name, function: function)
        let result = Expression.test(operand, reference, given, line: line)
        return isNegated ? .not(result) : result
    }

    private var startsTestArgument: Bool {
        switch current.kind {
        case .name(let name): !["else", "or", "and"].contains(name)
        case .string, .integer, .float: true
        case .mark(.leftBracket), .mark(.leftBrace): true
        default: false
        }
    }

    /// Arguments from the opening parenthesis on.
    mutating func arguments() throws(TemplateFault) -> CallArguments {
        try expect(.leftParenthesis)
        var result = CallArguments()
        while !current.isMark(.rightParenthesis) {
            try argument(&result)
            guard take(.comma) else { break }
        }
        try expect(.rightParenthesis)
        return result
    }

    private mutating func argument(_ arguments: inout CallArguments) throws(TemplateFault) {
        let hasMapping = arguments.mapping != nil
        if current.isMark(.multiply) {
            if arguments.sequence != nil || hasMapping { throw unexpected("an argument") }
            advance()
            arguments.sequence = try expression()
        } else if current.isMark(.power) {
            if hasMapping { throw unexpected("')'") }
            advance()
            arguments.mapping = try expression()
        } else if let name = current.name, next.isMark(.assign) {
            if hasMapping { throw unexpected("')'") }
            advance()
            advance()
            arguments.keywords.append((name, try expression()))
        } else {
            if arguments.sequence != nil || hasMapping || !arguments.keywords.isEmpty {
                throw unexpected("a keyword argument")
            }
            arguments.positional.append(try expression())
        }
    }
}
