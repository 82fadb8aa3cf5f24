import Retort
import RetortFiles

/// Why a command line makes no sense; the program ends with 64.
enum UsageError: Error, Equatable, CustomStringConvertible {
    /// There is no such command; `commands` are those there are.
    case unknownCommand(String, nearest: String?, commands: [String])
    /// Nothing says what to do.
    case missingCommand([String])
    /// The command has no such option.
    case unknownOption(String, nearest: String?)
    /// An option needs a value.
    case missingValue(String, placeholder: String)
    /// A flag has a value.
    case unexpectedValue(String)
    /// An option that counts once is there twice.
    case repeated(String)
    /// A word too many.
    case leftover(String)
    /// An argument or option that must be there is not.
    case missing(String)
    /// None of some options is there.
    case missingOneOf([String])
    /// Two that exclude each other are there.
    case conflict(String, String)
    /// One that another needs is not there.
    case needs(String, other: String)
    /// The value is not what the option takes.
    case badValue(String, expected: String, found: String)
    /// The value is not what the option takes, and may be a secret.
    case badSecret(String, expected: String)

    var description: String {
        switch self {
        case .unknownCommand(let word, let nearest?, _):
            "unknown command \(word.printable); did you mean \(nearest)?"
        case .unknownCommand(let word, nil, let commands):
            "unknown command \(word.printable); it can be \(list(commands))"
        case .missingCommand(let commands): "a command is missing; it can be \(list(commands))"
        case .unknownOption(let name, let nearest?):
            "unknown option \(name.printable); did you mean \(nearest)?"
        case .unknownOption(let name, nil): "unknown option \(name.printable)"
        case .missingValue(let name, let placeholder):
            "\(name) needs a value: \(name) \(placeholder)"
        case .unexpectedValue(let name): "\(name) takes no value"
        case .repeated(let name): "\(name) is given twice"
        case .leftover(let word): "\"\(word.printable)\" is one argument too many"
        case .missing(let name): "\(name) is missing"
        case .missingOneOf(let names): "one of \(list(names)) is missing"
        case .conflict(let one, let other): "\(one) and \(other) exclude each other"
        case .needs(let name, let other): "\(name) needs \(other)"
        case .badValue(let name, let expected, let found):
            "\(name) must be \(expected), found \"\(found.printable)\""
        case .badSecret(let name, let expected): "\(name) must be \(expected)"
        }
    }

    private func list(_ words: [String]) -> String { words.joined(separator: ", ") }
}
