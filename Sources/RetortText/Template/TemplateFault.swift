/// Why a template cannot be parsed or rendered.
public struct TemplateError: Error, Equatable, CustomStringConvertible {
    /// The template's name, as given to ``ChatTemplate/init(_:name:)``.
    public let template: String
    /// The line of the template, from 1.
    public let line: Int
    /// What is wrong there.
    public let fault: TemplateFault

    /// One sentence: where, what.
    public var description: String { "\(template):\(line): \(fault)" }
}

/// A fault and the line it was found on, before the template's name is known.
struct PlacedFault: Error {
    let line: Int
    let fault: TemplateFault
}

/// What is wrong in a template; ``TemplateError`` adds where.
public enum TemplateFault: Error, Equatable, Sendable {
    /// A character that starts no token.
    case unexpectedCharacter(String)
    /// Another token stands where one was expected.
    case unexpectedToken(found: String, expected: String)
    /// A string, comment or raw section that does not end.
    case unclosed(String)
    /// The template ends where one of these tags was expected.
    case missingEndTag(expected: [String])
    /// A tag that is unknown here.
    case unknownTag(String, expected: [String])
    /// A tag that needs other templates, of which there are none.
    case refusedTag(String)
    /// A string or number that cannot be read.
    case badLiteral(String)
    /// A name that cannot be assigned.
    case badTarget(String)
    /// No filter has this name.
    case unknownFilter(String)
    /// No test has this name.
    case unknownTest(String)

    /// The template called `raise_exception` with this message.
    case raised(String)
    /// An undefined value was used.
    case undefined(Undefined)
    /// Operands of these types do not go together.
    case operands(operation: String, left: String, right: String)
    /// A value has the wrong type for what is done with it.
    case type(found: String, expected: String, by: String)
    /// A value is out of range, or text cannot be read as asked.
    case value(String, by: String)
    /// A call lacks an argument.
    case missingArgument(String, of: String)
    /// A call has a keyword that the function does not know, or has it twice.
    case unknownArgument(String, of: String)
    /// A call has more arguments than the function takes.
    case tooManyArguments(of: String, allowed: Int)
    /// A sequence does not have as many elements as there are names for them.
    case unpacking(expected: Int, found: Int)
    /// Division or remainder by zero.
    case divisionByZero
    /// A bound of ``TemplateLimits`` was reached.
    case limit(TemplateLimit)
}

extension TemplateFault: CustomStringConvertible {
    /// The sentence without its place.
    public var description: String {
        switch self {
        case .unexpectedCharacter(let text): "the character \(text) cannot stand here"
        case .unexpectedToken(let found, let expected): "\(found) where \(expected) was expected"
        case .unclosed(let what): "\(what) is not closed"
        case .missingEndTag(let expected):
            "the template ends where \(expected.joined(separator: " or ")) was expected"
        case .unknownTag(let name, let expected):
            expected.isEmpty
                ? "there is no tag named \(name)"
                : "the tag \(name) stands where \(expected.joined(separator: " or ")) was expected"
        case .refusedTag(let name):
            "the tag \(name) needs other templates; a chat template stands alone"
        case .badLiteral(let text): "\(text) is not a valid string or number"
        case .badTarget(let name): "\(name) cannot be assigned to"
        case .unknownFilter(let name): "there is no filter named \(name)"
        case .unknownTest(let name): "there is no test named \(name)"
        case .raised(let message): message
        case .undefined(let undefined): undefined.description
        case .operands(let operation, let left, let right):
            "\(operation) does not work on \(left) and \(right)"
        case .type(let found, let expected, let function):
            "\(function) needs \(expected), not \(found)"
        case .value(let reason, let function): "\(function): \(reason)"
        case .missingArgument(let name, let function): "\(function) lacks the argument \(name)"
        case .unknownArgument(let name, let function):
            "\(function) cannot take the argument \(name)"
        case .tooManyArguments(let function, let allowed):
            "\(function) takes at most \(allowed) arguments"
        case .unpacking(let expected, let found):
            "\(found) values cannot be unpacked into \(expected) names"
        case .divisionByZero: "division by zero"
        case .limit(let limit): limit.description
        }
    }
}

/// Where an undefined value came from.
public enum Undefined: Equatable, Sendable, CustomStringConvertible {
    /// A variable that nobody set.
    case variable(String)
    /// An attribute or key that the value lacks.
    case member(String, of: String)
    /// A name that the sandbox hides: private, or a method that changes its object.
    case hidden(String, of: String)
    /// There is no such element: of an empty sequence, beside the first or last.
    case absent(String)

    /// What is undefined.
    public var description: String {
        switch self {
        case .variable(let name): "'\(name)' is undefined"
        case .member(let name, let type): "\(type) has no member \(name)"
        case .hidden(let name, let type):
            "the sandbox does not let a template use '\(name)' of \(type)"
        case .absent(let what): what
        }
    }
}
