import RetortFiles

/// One rendering of a template: its state and the execution of statements.
final class Renderer {
    let budget: Budget
    let clock: TemplateClock
    let symbols: [String]
    /// The line of the template that is being executed.
    private(set) var line = 1
    var scope: Scope
    let root: Scope
    /// What a filter block has collected.
    var captured = ""
    /// The output, and above it the texts that are being collected for macros and blocks.
    private var outputs: [[UInt8]] = [[]]
    private(set) var spans: [RenderedText.Span] = []
    private(set) var hasHiddenSpans = false
    /// How far `counted` has counted the output's scalars.
    private var counted = (bytes: 0, scalars: 0)
    /// What may hold each other in circles, to be taken apart at the end.
    private var scopes: [Scope] = []
    private var namespaces: [Namespace] = []

    init(symbols: [String], budget: Budget, clock: TemplateClock) {
        self.symbols = symbols
        self.budget = budget
        self.clock = clock
        root = Scope(inside: nil)
        scope = root
    }

    /// Renders a template.
    func run(_ statements: [Statement], _ variables: JSONObject) throws(TemplateFault) {
        defer { release() }
        for (index, name) in symbols.enumerated() {
            let symbol = TemplateSymbol(name: name, index: index)
            if let function = GlobalFunction(rawValue: name) {
                root.set(symbol, to: .function(function))
            }
            if let value = variables[name] { root.set(symbol, to: try Value(value, budget)) }
        }
        scope = Scope(inside: root)
        scopes.append(scope)
        _ = try execute(statements)
    }

    /// The text and spans of a finished rendering.
    var result: RenderedText {
        RenderedText(
            text: String(decoding: outputs.first ?? [], as: UTF8.self), spans: spans,
            hasHiddenSpans: hasHiddenSpans)
    }

    private func release() {
        for scope in scopes { scope.removeAll() }
        for namespace in namespaces { namespace.members = PythonDictionary() }
        root.removeAll()
    }

    /// Remembers a scope that a macro keeps.
    func keep(_ scope: Scope) { scopes.append(scope) }

    /// Remembers a namespace, whose members may hold it.
    func keep(_ namespace: Namespace) { namespaces.append(namespace) }

    /// Notes where an error would be.
    func at(_ line: Int) { self.line = line }

    // MARK: Output

    func write(_ text: String) throws(TemplateFault) {
        let size = outputs[outputs.count - 1].count + text.utf8.count
        let limit = budget.limits.outputBytes
        if size > limit { throw .limit(.outputBytes(limit)) }
        try budget.spend(text.utf8.count / 64)
        outputs[outputs.count - 1].append(contentsOf: text.utf8)
    }

    /// What a piece of the template writes, as a text.
    func capture(_ body: () throws(TemplateFault) -> Flow) throws(TemplateFault) -> (String, Flow) {
        try budget.enter()
        defer { budget.leave() }
        outputs.append([])
        let height = outputs.count
        defer { outputs.removeLast(outputs.count - height + 1) }
        let flow = try body()
        let bytes = outputs[height - 1]
        try budget.reserve(stringBytes: bytes.count)
        return (String(decoding: bytes, as: UTF8.self), flow)
    }

    /// Runs something in a scope of its own.
    func inScope<Result>(
        _ new: Scope, _ body: () throws(TemplateFault) -> Result
    ) throws(TemplateFault) -> Result {
        let outer = scope
        scope = new
        defer { scope = outer }
        return try body()
    }

    // MARK: Statements

    /// How a statement ended.
    enum Flow { case normal, breaking, continuing }

    func execute(_ statements: [Statement]) throws(TemplateFault) -> Flow {
        for statement in statements {
            let flow = try execute(statement)
            if flow != .normal { return flow }
        }
        return .normal
    }

    private func execute(_ statement: Statement) throws(TemplateFault) -> Flow {
        try budget.enter()
        defer { budget.leave() }
        switch statement {
        case .text(let text): try write(text)
        case .output(let expression, let line): try output(expression, line)
        case .condition(let branches, let otherwise):
            return try condition(branches, otherwise)
        case .loop(let loop): return try run(loop)
        case .set(let target, let expression, let line): try set(target, expression, line)
        case .setBlock(let target, let filters, let body, let line):
            try setBlock(target, filters, body, line)
        case .with(let assignments, let body): return try with(assignments, body)
        case .macro(let definition): define(definition)
        case .call(let callee, let arguments, let block, let line):
            try callBlock(callee, arguments, block, line)
        case .filter(let filters, let body): return try filterBlock(filters, body)
        case .generation(let body): try generation(body)
        case .scope(let body, let isBlock):
            let parent = isBlock ? scopes.first ?? scope : scope
            return try inScope(Scope(inside: parent)) { () throws(TemplateFault) in
                try execute(body)
            }
        case .breakLoop: return .breaking
        case .continueLoop: return .continuing
        case .refused(let tag, let line):
            at(line)
            throw .refusedTag(tag)
        }
        return .normal
    }

    private func output(_ expression: Expression, _ line: Int) throws(TemplateFault) {
        at(line)
        try write(evaluate(expression).printed(budget))
    }

    private func condition(
        _ branches: [(test: Expression, body: [Statement])], _ otherwise: [Statement]
    ) throws(TemplateFault) -> Flow {
        for branch in branches where try evaluate(branch.test).isTrue() {
            return try execute(branch.body)
        }
        return try execute(otherwise)
    }

    private func set(_ target: AssignmentTarget, _ expression: Expression, _ line: Int)
        throws(TemplateFault)
    {
        at(line)
        try assign(evaluate(expression), to: target)
    }

    private func setBlock(
        _ target: AssignmentTarget, _ filters: Expression, _ body: [Statement], _ line: Int
    ) throws(TemplateFault) {
        at(line)
        let (text, _) = try captureScoped(body)
        captured = text
        try assign(evaluate(filters), to: target)
    }

    private func filterBlock(_ filters: Expression, _ body: [Statement]) throws(TemplateFault)
        -> Flow
    {
        let (text, flow) = try captureScoped(body)
        guard flow == .normal else { return flow }
        captured = text
        try write(evaluate(filters).printed(budget))
        return .normal
    }

    private func captureScoped(_ body: [Statement]) throws(TemplateFault) -> (String, Flow) {
        let inner = Scope(inside: scope)
        return try capture { () throws(TemplateFault) in
            try inScope(inner) { () throws(TemplateFault) in try execute(body) }
        }
    }

    private func with(
        _ assignments: [(target: AssignmentTarget, value: Expression)], _ body: [Statement]
    ) throws(TemplateFault) -> Flow {
        let inner = Scope(inside: scope)
        for assignment in assignments {
            let value = try evaluate(assignment.value)
            try inScope(inner) { () throws(TemplateFault) in
                try assign(value, to: assignment.target)
            }
        }
        return try inScope(inner) { () throws(TemplateFault) in try execute(body) }
    }

    func assign(_ value: Value, to target: AssignmentTarget) throws(TemplateFault) {
        switch target {
        case .variable(let symbol): scope.set(symbol, to: value)
        case .member(let symbol, let name):
            guard case .namespace(let namespace)? = scope[symbol] else {
                throw .type(
                    found: scope[symbol]?.typeName ?? "Undefined", expected: "a namespace",
                    by: "'\(symbol.name).\(name) ='")
            }
            try namespace.members.set(.string(name), to: value, budget)
        case .tuple(let targets):
            let items = try value.elements(budget, for: "unpacking")
            if items.count != targets.count {
                throw .unpacking(expected: targets.count, found: items.count)
            }
            for (target, item) in zip(targets, items) { try assign(item, to: target) }
        }
    }

    /// What a model writes: its place in the output is noted.
    private func generation(_ body: [Statement]) throws(TemplateFault) {
        let (text, _) = try captureScoped(body)
        // As in transformers: places are counted in what has left the macros and blocks.
        if outputs.count > 1 { hasHiddenSpans = true }
        let start = outputLength()
        spans.append(
            RenderedText.Span(
                scalars: start.scalars..<(start.scalars + text.scalarCount),
                bytes: start.bytes..<(start.bytes + text.utf8.count)))
        try write(text)
    }

    private func outputLength() -> (bytes: Int, scalars: Int) {
        let output = outputs[0]
        counted.scalars += output[counted.bytes...].count { $0 & 0xc0 != 0x80 }
        counted.bytes = output.count
        return counted
    }
}
