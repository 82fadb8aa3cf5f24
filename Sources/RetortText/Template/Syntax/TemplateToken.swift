/// A piece of a template's source.
struct TemplateToken: Sendable {
    enum Kind: Sendable {
        case data(String)
        case variableBegin, variableEnd
        case blockBegin, blockEnd
        case name(String)
        case string(String)
        case integer(Literal)
        case float(Double)
        case mark(TemplateMark)
        case end
    }

    let kind: Kind
    let line: Int

    /// The name, if this is one.
    var name: String? { if case .name(let name) = kind { name } else { nil } }

    func isName(_ wanted: String) -> Bool { name.map { $0.isSame(as: wanted) } ?? false }

    func isMark(_ wanted: TemplateMark) -> Bool {
        if case .mark(let mark) = kind { mark == wanted } else { false }
    }

    /// For error messages.
    var description: String {
        switch kind {
        case .data: "text"
        case .variableBegin: "'{{'"
        case .variableEnd: "'}}'"
        case .blockBegin: "'{%'"
        case .blockEnd: "'%}'"
        case .name(let name): "'\(name)'"
        case .string: "a string"
        case .integer, .float: "a number"
        case .mark(let mark): "'\(mark.rawValue)'"
        case .end: "the end of the template"
        }
    }
}

/// An operator or punctuation mark.
enum TemplateMark: String, Sendable {
    case add = "+", subtract = "-", multiply = "*", divide = "/", floorDivide = "//"
    case remainder = "%", power = "**", concatenate = "~"
    case equal = "==", notEqual = "!=", less = "<", lessOrEqual = "<=", greater = ">"
    case greaterOrEqual = ">="
    case assign = "=", dot = ".", colon = ":", pipe = "|", comma = ",", semicolon = ";"
    case leftParenthesis = "(", rightParenthesis = ")"
    case leftBracket = "[", rightBracket = "]"
    case leftBrace = "{", rightBrace = "}"
}

/// A constant in a template's source.
enum Literal: Sendable {
    case none
    case bool(Bool)
    case integer(Int)
    case big(BigInteger)
    case float(Double)
    case string(String)
}
