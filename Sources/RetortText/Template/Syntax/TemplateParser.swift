/// Turns a template's tokens into statements.
///
/// This file holds the tokens and expressions, the other one the statements.
struct TemplateParser {
    private let tokens: [TemplateToken]
    private var position = 0
    private var depth = 0
    private let maximumDepth: Int
    /// The variables' names, by number.
    private(set) var symbols: [String] = []
    private var indices: [String: Int] = [:]
    /// Names that the macros around this place read, innermost last.
    var namesRead: [Set<String>] = []
    /// Loops around this place, in the innermost macro.
    var loopDepth = 0
    /// jinja2 forgives an unknown filter inside a condition until it is reached.
    var isForgiving = false
    /// The end tags looked for, innermost last.
    var endTags: [[String]] = []

    /// Parses a template.
    ///
    /// - Parameters:
    ///   - source: The template.
    ///   - maximumDepth: Levels that tags and expressions may nest.
    /// - Returns: Its statements and the names of its variables.
    /// - Throws: ``PlacedFault``.
    static func parse(_ source: String, maximumDepth: Int) throws(PlacedFault)
        -> ([Statement], [String])
    {
        let tokens = try TemplateLexer.tokens(of: source)
        var parser = TemplateParser(tokens, maximumDepth: maximumDepth)
        do throws(TemplateFault) {
            return (try parser.statements(until: []), parser.symbols)
        } catch {
            throw PlacedFault(line: parser.current.line, fault: error)
        }
    }

    private init(_ tokens: [TemplateToken], maximumDepth: Int) {
        self.tokens = tokens
        self.maximumDepth = maximumDepth
    }

    // MARK: Tokens

    /// The token at this place; the last one, the end, is never passed.
    var current: TemplateToken { tokens[position] }
    var next: TemplateToken { tokens[min(position + 1, tokens.count - 1)] }

    mutating func advance() { position = min(position + 1, tokens.count - 1) }

    mutating func take(_ mark: TemplateMark) -> Bool {
        guard current.isMark(mark) else { return false }
        advance()
        return true
    }

    mutating func take(_ name: String) -> Bool {
        guard current.isName(name) else { return false }
        advance()
        return true
    }

    mutating func expect(_ mark: TemplateMark) throws(TemplateFault) {
        if !take(mark) { throw unexpected("'\(mark.rawValue)'") }
    }

    mutating func expect(_ name: String) throws(TemplateFault) {
        if !take(name) { throw unexpected("'\(name)'") }
    }

    mutating func expectName() throws(TemplateFault) -> String {
        guard let name = current.name else { throw unexpected("a name") }
        advance()
        return name
    }

    func unexpected(_ expected: String) -> TemplateFault {
        .unexpectedToken(found: current.description, expected: expected)
    }

    mutating func symbol(_ name: String) -> TemplateSymbol {
        // Names are ASCII or normalized alike in practice; compare their bytes all the same.
        if let index = indices[name], symbols[index].isSame(as: name) {
            return TemplateSymbol(name: name, index: index)
        }
        indices[name] = symbols.count
        symbols.append(name)
        return TemplateSymbol(name: name, index: symbols.count - 1)
    }

    mutating func enter() throws(TemplateFault) {
        if depth >= maximumDepth { throw .limit(.depth(maximumDepth)) }
        depth += 1
    }

    mutating func leave() { depth -= 1 }

    // MARK: Expressions

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

    private mutating func primary() throws(TemplateFault) -> Expression {
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

    // MARK: After an operand

    private mutating func postfix(_ operand: Expression) throws(TemplateFault) -> Expression {
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
    private mutating func filters(_ operand: Expression) throws(TemplateFault) -> Expression {
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
