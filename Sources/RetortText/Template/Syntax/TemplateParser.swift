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
}
