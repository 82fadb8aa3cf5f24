/// What a template sees as `loop`.
final class LoopContext {
    let definition: ForLoop
    /// Where the loop stands, for recursive calls.
    let scope: Scope
    let depth: Int
    /// How deeply the values of the sequence are nested around this loop.
    let nesting: Int
    private var iterator: Generator
    private let budget: Budget
    private var knownLength: Int?
    private var upcoming: Value?
    private(set) var index = 0
    private(set) var previous: Value?
    private(set) var element: Value?
    var lastChanged: Elements?

    init(
        _ definition: ForLoop, _ iterator: Generator, length: Int?, scope: Scope, depth: Int,
        _ budget: Budget
    ) throws(TemplateFault) {
        try checkValueDepth(iterator.depth)
        self.definition = definition
        self.iterator = iterator
        self.scope = scope
        self.depth = depth
        self.budget = budget
        nesting = iterator.depth + 1
        knownLength = length
    }

    /// The next element, which becomes the current one.
    func advance() throws(TemplateFault) -> Value? {
        guard let value = try peek() else { return nil }
        upcoming = nil
        previous = element
        element = value
        index += 1
        return value
    }

    /// The next element, without going there.
    func peek() throws(TemplateFault) -> Value? {
        if upcoming == nil { upcoming = try iterator.next() }
        return upcoming
    }

    /// The number of elements; reads the rest of a sequence that does not know it.
    func length() throws(TemplateFault) -> Int {
        if let knownLength { return knownLength }
        let ahead = upcoming == nil ? 0 : 1
        let rest = try Value.generator(iterator).elements(budget, for: "loop.length")
        let list = try Value.list(rest, budget)
        if let again = try list.iterator(budget) { iterator = again }
        let total = rest.count + index + ahead
        knownLength = total
        return total
    }

    /// An attribute; nil if there is none of this name.
    func attribute(_ name: String) throws(TemplateFault) -> Value? {
        switch name {
        case "index": .integer(index)
        case "index0": .integer(index - 1)
        case "revindex": .integer(try length() - index + 1)
        case "revindex0": .integer(try length() - index)
        case "first": .bool(index == 1)
        case "last": .bool(try peek() == nil)
        case "length": .integer(try length())
        case "depth": .integer(depth)
        case "depth0": .integer(depth - 1)
        case "previtem": previous ?? .undefined(.absent("there is no previous item"))
        case "nextitem": try peek() ?? .undefined(.absent("there is no next item"))
        default: nil
        }
    }
}

extension Renderer {
    /// Executes a `for` statement.
    ///
    /// Its `else` may break the loop around it; its body ends here.
    func run(_ loop: ForLoop) throws(TemplateFault) -> Flow {
        at(loop.line)
        return try run(loop, over: evaluate(loop.sequence), in: scope, depth: 1)
    }

    /// What `loop(sequence)` in a recursive loop writes.
    func recurse(_ loop: LoopContext, over sequence: Value) throws(TemplateFault) -> Value {
        guard loop.definition.isRecursive else {
            throw .type(found: "a loop that is not recursive", expected: "a function", by: "loop()")
        }
        try budget.enter()
        defer { budget.leave() }
        let (text, _) = try capture { () throws(TemplateFault) in
            try inScope(loop.scope) { () throws(TemplateFault) in
                try run(loop.definition, over: sequence, in: loop.scope, depth: loop.depth + 1)
            }
        }
        return .string(text)
    }

    private func run(_ loop: ForLoop, over sequence: Value, in outer: Scope, depth: Int)
        throws(TemplateFault) -> Flow
    {
        guard var iterator = try sequence.iterator(budget) else {
            throw sequence.notIterable(for: "for")
        }
        var length = try sequence.length()
        if let test = loop.test {
            iterator = try filtered(iterator, loop, test, outer)
            length = nil
        }
        let context = try LoopContext(
            loop, iterator, length: length, scope: outer, depth: depth, budget)
        var hasFinishedTurn = false
        while let element = try context.advance() {
            try budget.spend()
            let turn = Scope(inside: outer)
            turn.set(loop.loop, to: .loop(context))
            let flow = try inScope(turn) { () throws(TemplateFault) in
                try assign(element, to: loop.target)
                return try execute(loop.body)
            }
            if flow == .normal { hasFinishedTurn = true }
            if flow == .breaking { break }
        }
        // As in jinja2, a turn that breaks or continues does not count against the else.
        if hasFinishedTurn { return .normal }
        return try inScope(Scope(inside: outer)) { () throws(TemplateFault) in
            try execute(loop.otherwise)
        }
    }

    /// The elements that pass the loop's condition, tested when they are reached.
    private func filtered(
        _ iterator: Generator, _ loop: ForLoop, _ test: Expression, _ outer: Scope
    ) throws(TemplateFault) -> Generator {
        try Generator(depth: iterator.depth) { [unowned self] () throws(TemplateFault) -> Value? in
            try self.budget.enter()
            defer { self.budget.leave() }
            while let element = try iterator.next() {
                try self.budget.spend()
                let passes = try self.inScope(Scope(inside: outer)) {
                    () throws(TemplateFault) -> Bool in
                    try self.assign(element, to: loop.target)
                    return try self.evaluate(test).isTrue()
                }
                if passes { return element }
            }
            return nil
        }
    }
}
