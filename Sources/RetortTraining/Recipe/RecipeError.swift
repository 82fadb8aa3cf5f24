import RetortFiles

/// Where a recipe's mistake stands.
public enum RecipeLocation: Sendable, Equatable, CustomStringConvertible {
    /// In a file; the line is missing when a whole section is.
    case file(String, line: Int?)
    /// In an override, `key=value`.
    case override(String)
    /// In a value made by a program.
    case value

    /// `recipe.yaml:31`, `--set seed=x`, or `recipe`.
    public var description: String {
        switch self {
        case .file(let file, let line?): "\(file):\(line)"
        case .file(let file, nil): file
        case .override(let text): "--set \(text.printable)"
        case .value: "recipe"
        }
    }

    /// The same place, without the value that an override gives.
    var withoutValue: RecipeLocation {
        guard case .override(let text) = self else { return self }
        return .override(text.prefix { $0 != "=" } + "=…")
    }
}

/// Why a recipe was refused; keys are written with their section, as in `optimizer.name`.
public enum RecipeError: Error, Equatable, CustomStringConvertible {
    /// The file cannot be read.
    case unreadable(String, FileFault)
    /// The file is not YAML.
    case syntax(String, YAMLError)
    /// The value of an override is not YAML.
    case overrideSyntax(String, YAMLFault)
    /// An override is not of the form `key=value`.
    case badOverride(String)
    /// The top level is a list or a scalar.
    case notAMap(RecipeLocation)
    /// There is no such key; `keys` are those of its section, `nearest` the one probably meant.
    case unknownKey(String, RecipeLocation, nearest: String?, keys: [String])
    /// The value has another type.
    case wrongType(String, RecipeLocation, expected: String, found: String)
    /// The word is not one of the choices.
    case unknownWord(String, RecipeLocation, found: String, nearest: String?, choices: [String])
    /// The value is of the right type and not allowed.
    case notAllowed(String, RecipeLocation, allowed: String, found: String)
    /// A key that every recipe needs is not there.
    case missing(String, RecipeLocation)
    /// Two keys of which only one can be given.
    case eitherOr(String, RecipeLocation, other: String)
    /// A key that means nothing beside the others.
    case unused(String, RecipeLocation, unless: String)

    /// What keeps a file from being read.
    public enum FileFault: Sendable, Equatable, CustomStringConvertible {
        /// There is no such file.
        case missing
        /// It is a folder or a device.
        case notAFile
        /// It has more bytes than any recipe.
        case tooLong(limit: Int)
        /// The system refuses, with its error number's text.
        case system(String)

        /// The reason, without the file's name.
        public var description: String {
            switch self {
            case .missing: "no such file"
            case .notAFile: "not a file"
            case .tooLong(let limit): "longer than \(limit) bytes, so not a recipe"
            case .system(let reason): "cannot be read (\(reason))"
            }
        }
    }

    /// One sentence: where, which key, what to do.
    public var description: String {
        switch self {
        case .unreadable(let file, let fault): "\(file): \(fault)"
        case .syntax(let file, let error):
            "\(file):\(error.position.line):\(error.position.column): \(error.fault)"
        case .overrideSyntax(let text, let fault): "--set \(text.printable): \(fault)"
        case .badOverride(let text): "--set \(text.printable): expected key=value, as in seed=7"
        case .notAMap(let location):
            "\(location): the top level must be a map of keys (task, model, data, …)"
        case .unknownKey(let key, let location, let nearest?, _):
            "\(location): unknown key \(key.printable); did you mean \(nearest)?"
        case .unknownKey(let key, let location, nil, let keys):
            "\(location): unknown key \(key.printable); the keys here are \(list(keys))"
        case .wrongType(let key, let location, let expected, let found):
            "\(location): \(key) must be \(expected), found \(found)"
        case .unknownWord(let key, let location, let found, let nearest, let choices):
            "\(location): unknown \(key) \"\(found.printable)\"; "
                + (nearest.map { "did you mean \($0)?" } ?? "it can be \(list(choices))")
        case .notAllowed(let key, let location, let allowed, let found):
            "\(location): \(key) must be \(allowed), found \(found)"
        case .missing(let key, let location): "\(location): the key \(key) is missing"
        case .eitherOr(let key, let location, let other):
            "\(location): \(key) and \(other) are both given; remove one of them"
        case .unused(let key, let location, let condition):
            "\(location): \(key) has no meaning unless \(condition); remove it"
        }
    }

    private func list(_ words: [String]) -> String { words.joined(separator: ", ") }
}
