extension TemplateParser {
    /// Statements up to one of these tags, whose name becomes the current token.
    mutating func statements(until endTags: [String]) throws(TemplateFault) -> [Statement] {
        try enter()
        defer { leave() }
        self.endTags.append(endTags)
        defer { self.endTags.removeLast() }
        var body: [Statement] = []
        while true {
            let line = current.line
            switch current.kind {
            case .data(let text):
                advance()
                body.append(.text(text))
            case .variableBegin:
                advance()
                body.append(.output(try expressions(), line: line))
                guard case .variableEnd = current.kind else { throw unexpected("'}}'") }
                advance()
            case .blockBegin:
                advance()
                guard let name = current.name else { throw unexpected("a tag's name") }
                if endTags.contains(where: { $0.isSame(as: name) }) { return body }
                body.append(try statement(name))
                guard case .blockEnd = current.kind else { throw unexpected("'%}'") }
                advance()
            default:
                guard endTags.isEmpty else { throw .missingEndTag(expected: endTags) }
                return body
            }
        }
    }

    /// The body of a tag: from before its end mark to one of these tags.
    private mutating func body(until endTags: String...) throws(TemplateFault) -> [Statement] {
        _ = take(.colon)
        guard case .blockEnd = current.kind else { throw unexpected("'%}'") }
        advance()
        return try statements(until: endTags)
    }

    /// A body in which conditions around it count no more, up to a tag that is skipped.
    private mutating func ownBody(until endTag: String) throws(TemplateFault) -> [Statement] {
        let wasForgiving = isForgiving
        isForgiving = false
        defer { isForgiving = wasForgiving }
        let result = try body(until: endTag)
        advance()
        return result
    }

    private mutating func statement(_ name: String) throws(TemplateFault) -> Statement {
        let line = current.line
        switch name {
        case "if": return try condition()
        case "for": return try loop()
        case "set": return try set()
        case "with": return try with()
        case "macro": return try macro()
        case "call": return try callBlock()
        case "print":
            advance()
            return .output(try expressions(), line: line)
        case "filter":
            advance()
            let filters = try filterChain()
            return .filter(filters, body: try ownBody(until: "endfilter"))
        case "generation":
            advance()
            let (body, _) = try functionBody(until: "endgeneration")
            return .generation(body)
        case "break", "continue":
            if loopDepth == 0 { throw .unknownTag(name, expected: ["a loop around it"]) }
            advance()
            return name == "break" ? .breakLoop : .continueLoop
        case "block": return try block()
        case "autoescape": return try autoescape()
        case "include", "import", "from", "extends":
            while !isBlockEnd { advance() }
            return .refused(name, line: line)
        default: throw .unknownTag(name, expected: endTags.last ?? [])
        }
    }

    private var isBlockEnd: Bool {
        switch current.kind {
        case .blockEnd, .end: true
        default: false
        }
    }

    private mutating func condition() throws(TemplateFault) -> Statement {
        let wasForgiving = isForgiving
        isForgiving = true
        defer { isForgiving = wasForgiving }
        var branches: [(test: Expression, body: [Statement])] = []
        repeat {
            advance()
            let test = try expressions(allowsConditional: false)
            branches.append((test, try body(until: "elif", "else", "endif")))
        } while current.isName("elif")
        guard take("else") else {
            advance()
            return .condition(branches, otherwise: [])
        }
        let otherwise = try body(until: "endif")
        advance()
        return .condition(branches, otherwise: otherwise)
    }

    private mutating func loop() throws(TemplateFault) -> Statement {
        let line = current.line
        advance()
        let target = try target(until: "in", allowsMembers: false)
        try expect("in")
        let sequence = try expressions(allowsConditional: false)
        let wasForgiving = isForgiving
        isForgiving = false
        defer { isForgiving = wasForgiving }
        let test = take("if") ? try expression() : nil
        let isRecursive = take("recursive")
        loopDepth += 1
        let body = try body(until: "endfor", "else")
        loopDepth -= 1
        var otherwise: [Statement] = []
        if take("else") { otherwise = try self.body(until: "endfor") }
        advance()
        return .loop(
            ForLoop(
                target: target, sequence: sequence, test: test, isRecursive: isRecursive,
                body: body, otherwise: otherwise, loop: symbol("loop"), line: line))
    }

    private mutating func set() throws(TemplateFault) -> Statement {
        let line = current.line
        advance()
        let target = try target(until: nil, allowsMembers: true)
        if take(.assign) { return .set(target, try expressions(), line: line) }
        var filters = Expression.captured
        while take(.pipe) { filters = try filter(filters) }
        let body = try ownBody(until: "endset")
        return .setBlock(target, filters: filters, body: body, line: line)
    }

    /// The filters of a `filter` tag: the first has no bar before it.
    private mutating func filterChain() throws(TemplateFault) -> Expression {
        var result = try filter(.captured)
        while take(.pipe) { result = try filter(result) }
        return result
    }

    private mutating func with() throws(TemplateFault) -> Statement {
        advance()
        var assignments: [(target: AssignmentTarget, value: Expression)] = []
        while !isBlockEnd {
            if !assignments.isEmpty { try expect(.comma) }
            let target = try target(until: nil, allowsMembers: false)
            try expect(.assign)
            assignments.append((target, try expression()))
        }
        return .with(assignments, body: try ownBody(until: "endwith"))
    }

    private mutating func block() throws(TemplateFault) -> Statement {
        advance()
        let name = try expectName()
        _ = take("scoped")
        _ = take("required")
        let body = try ownBody(until: "endblock")
        _ = take(name)
        return .scope(body, isBlock: true)
    }

    private mutating func autoescape() throws(TemplateFault) -> Statement {
        let line = current.line
        advance()
        let option = try expression()
        let body = try ownBody(until: "endautoescape")
        guard case .literal(.bool(false)) = option else {
            return .refused("autoescape", line: line)
        }
        return .scope(body, isBlock: false)
    }

    // MARK: Macros

    private mutating func macro() throws(TemplateFault) -> Statement {
        let line = current.line
        advance()
        let name = try expectName()
        let symbol = try assignable(name)
        namesRead.append([])
        let parameters = try parameters()
        return .macro(
            try definition(name, symbol, parameters, until: "endmacro", line: line))
    }

    private mutating func callBlock() throws(TemplateFault) -> Statement {
        let line = current.line
        advance()
        namesRead.append([])
        let parameters = current.isMark(.leftParenthesis) ? try parameters() : []
        // What the call itself reads is not read by the block.
        let inner = namesRead.removeLast()
        guard case .call(let callee, let arguments, _) = try expression() else {
            throw unexpected("a call")
        }
        namesRead.append(inner)
        let block = try definition("caller", nil, parameters, until: "endcall", line: line)
        return .call(callee, arguments, block, line: line)
    }

    private mutating func definition(
        _ name: String, _ symbol: TemplateSymbol?,
        _ parameters: [(symbol: TemplateSymbol, standard: Expression?)], until endTag: String,
        line: Int
    ) throws(TemplateFault) -> MacroDefinition {
        let (body, inner) = try functionBody(until: endTag)
        let standards = namesRead.removeLast()
        if !namesRead.isEmpty { namesRead[namesRead.count - 1].formUnion(standards) }
        func special(_ name: String) -> TemplateSymbol? {
            let isParameter = parameters.contains { $0.symbol.name.isSame(as: name) }
            return inner.contains(name) && !isParameter ? self.symbol(name) : nil
        }
        return MacroDefinition(
            name: name, symbol: symbol, parameters: parameters, body: body,
            extras: special("varargs"), keywords: special("kwargs"), caller: special("caller"),
            line: line)
    }

    /// A body that becomes a function in jinja2, and the names read in it.
    private mutating func functionBody(until endTag: String) throws(TemplateFault)
        -> ([Statement], Set<String>)
    {
        let outerLoops = loopDepth
        loopDepth = 0
        defer { loopDepth = outerLoops }
        namesRead.append([])
        let body = try ownBody(until: endTag)
        let read = namesRead.removeLast()
        if !namesRead.isEmpty { namesRead[namesRead.count - 1].formUnion(read) }
        return (body, read)
    }

    private mutating func parameters() throws(TemplateFault)
        -> [(symbol: TemplateSymbol, standard: Expression?)]
    {
        try expect(.leftParenthesis)
        var result: [(symbol: TemplateSymbol, standard: Expression?)] = []
        while !current.isMark(.rightParenthesis) {
            if !result.isEmpty { try expect(.comma) }
            let symbol = try assignable(expectName())
            let standard = take(.assign) ? try expression() : nil
            if standard == nil, let last = result.last, last.standard != nil {
                throw unexpected("'='")
            }
            result.append((symbol, standard))
        }
        advance()
        return result
    }

    // MARK: Targets

    /// What is assigned to; a tuple of names ends before `end`, or before `=`.
    private mutating func target(until end: String?, allowsMembers: Bool) throws(TemplateFault)
        -> AssignmentTarget
    {
        var items: [AssignmentTarget] = []
        var isTuple = false
        while !endsTarget(end) {
            items.append(try singleTarget(allowsMembers: allowsMembers))
            guard take(.comma) else { break }
            isTuple = true
        }
        if !isTuple, let single = items.first { return single }
        if items.isEmpty { throw unexpected("a name") }
        return .tuple(items)
    }

    private func endsTarget(_ end: String?) -> Bool {
        if let end, current.isName(end) { return true }
        return isBlockEnd || current.isMark(.rightParenthesis) || current.isMark(.assign)
    }

    private mutating func singleTarget(allowsMembers: Bool) throws(TemplateFault)
        -> AssignmentTarget
    {
        if current.isMark(.leftParenthesis) || current.isMark(.leftBracket) {
            let isList = current.isMark(.leftBracket)
            try enter()
            defer { leave() }
            advance()
            let inner = try target(until: nil, allowsMembers: false)
            try expect(isList ? .rightBracket : .rightParenthesis)
            return inner
        }
        let name = try expectName()
        if allowsMembers, take(.dot) { return .member(symbol(name), try expectName()) }
        return .variable(try assignable(name))
    }

    private mutating func assignable(_ name: String) throws(TemplateFault) -> TemplateSymbol {
        if ["true", "false", "none", "True", "False", "None"].contains(name) {
            throw .badTarget(name)
        }
        return symbol(name)
    }
}
