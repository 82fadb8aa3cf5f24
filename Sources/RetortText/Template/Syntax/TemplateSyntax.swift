/// A variable's name and its number in the template's list of names.
struct TemplateSymbol: Sendable {
    let name: String
    let index: Int
}

/// An expression; `line` is that of the operator.
indirect enum Expression: Sendable {
    case literal(Literal)
    case variable(TemplateSymbol)
    /// The text that a filter block or a filtered `set` block has collected.
    case captured
    case list([Expression])
    case tuple([Expression])
    case dictionary([(key: Expression, value: Expression)])
    case attribute(Expression, String, line: Int)
    case item(Expression, Expression, line: Int)
    case slice(Expression, start: Expression?, stop: Expression?, step: Expression?, line: Int)
    case call(Expression, CallArguments, line: Int)
    case filter(Expression, FilterReference, CallArguments, line: Int)
    case test(Expression, TestReference, CallArguments, line: Int)
    case not(Expression)
    case sign(Expression, isNegation: Bool, line: Int)
    case arithmetic(Expression, ArithmeticOperator, Expression, line: Int)
    case concatenation([Expression])
    case comparison(Expression, [(operation: ComparisonOperator, operand: Expression)], line: Int)
    case and(Expression, Expression)
    case or(Expression, Expression)
    case conditional(test: Expression, then: Expression, otherwise: Expression?)
}

/// Operators that compare.
enum ComparisonOperator: String, Sendable {
    case equal = "==", notEqual = "!=", less = "<", lessOrEqual = "<=", greater = ">"
    case greaterOrEqual = ">=", contained = "in", notContained = "not in"
}

/// What stands between the parentheses of a call.
struct CallArguments: Sendable {
    var positional: [Expression] = []
    var keywords: [(name: String, value: Expression)] = []
    /// What stands after `*`.
    var sequence: Expression?
    /// What stands after `**`.
    var mapping: Expression?
}

/// A filter's name and what it does, if there is such a filter.
struct FilterReference: Sendable {
    let name: String
    let function: FilterFunction?
}

/// A test's name and what it does, if there is such a test.
struct TestReference: Sendable {
    let name: String
    let function: TestFunction?
}

/// What a `set`, `for` or `with` assigns to.
indirect enum AssignmentTarget: Sendable {
    case variable(TemplateSymbol)
    case member(TemplateSymbol, String)
    case tuple([AssignmentTarget])
}

/// A statement.
indirect enum Statement: Sendable {
    case text(String)
    case output(Expression, line: Int)
    case condition([(test: Expression, body: [Statement])], otherwise: [Statement])
    case loop(ForLoop)
    case set(AssignmentTarget, Expression, line: Int)
    case setBlock(AssignmentTarget, filters: Expression, body: [Statement], line: Int)
    case with([(target: AssignmentTarget, value: Expression)], body: [Statement])
    case macro(MacroDefinition)
    case call(Expression, CallArguments, MacroDefinition, line: Int)
    case filter(Expression, body: [Statement])
    case generation([Statement])
    case scope([Statement], isBlock: Bool)
    case breakLoop
    case continueLoop
    /// A tag that can only fail.
    case refused(String, line: Int)
}

/// A `for` loop.
struct ForLoop: Sendable {
    let target: AssignmentTarget
    let sequence: Expression
    let test: Expression?
    let isRecursive: Bool
    let body: [Statement]
    let otherwise: [Statement]
    let loop: TemplateSymbol
    let line: Int
}

/// A `macro`, or the body of a `call` block.
struct MacroDefinition: Sendable {
    let name: String
    /// Where the macro is stored; nil for the body of a `call` block.
    let symbol: TemplateSymbol?
    let parameters: [(symbol: TemplateSymbol, standard: Expression?)]
    let body: [Statement]
    /// Where further arguments go, if the body reads them.
    let extras: TemplateSymbol?
    let keywords: TemplateSymbol?
    let caller: TemplateSymbol?
    let line: Int
}
