import RetortFiles

/// A type that a recipe key can hold.
public protocol RecipeValue: Sendable, Equatable {
    /// What a user must write, for messages and the reference: `a whole number`.
    static var expectation: String { get }

    /// Whether users may write a secret here by mistake, so that no message repeats it.
    static var mayHoldSecret: Bool { get }

    /// Reads the value; nil when the node is of another type.
    init?(recipe node: YAMLNode)

    /// The value as it is written.
    var recipeNode: YAMLNode { get }
}

extension RecipeValue {
    /// Most values are repeated in messages.
    public static var mayHoldSecret: Bool { false }
}

extension Int: RecipeValue {
    /// `a whole number`.
    public static var expectation: String { "a whole number" }

    /// Reads an integer.
    public init?(recipe node: YAMLNode) {
        guard case .integer(let value) = node.value else { return nil }
        self = value
    }

    /// The number.
    public var recipeNode: YAMLNode { YAMLNode(.integer(self)) }
}

extension Double: RecipeValue {
    /// `a number`.
    public static var expectation: String { "a number" }

    /// Reads a number, whole or not.
    public init?(recipe node: YAMLNode) {
        switch node.value {
        case .integer(let value): self = Double(value)
        case .number(let value): self = value
        default: return nil
        }
    }

    /// The number.
    public var recipeNode: YAMLNode { YAMLNode(.number(self)) }
}

extension Bool: RecipeValue {
    /// `true or false`.
    public static var expectation: String { "true or false" }

    /// Reads a truth value.
    public init?(recipe node: YAMLNode) {
        guard case .bool(let value) = node.value else { return nil }
        self = value
    }

    /// The truth value.
    public var recipeNode: YAMLNode { YAMLNode(.bool(self)) }
}

extension String: RecipeValue {
    /// `text`.
    public static var expectation: String { "text" }

    /// Reads text that is not empty and can be part of a path.
    public init?(recipe node: YAMLNode) {
        guard case .string(let value) = node.value, !value.isEmpty, !value.utf8.contains(0) else {
            return nil
        }
        self = value
    }

    /// The text.
    public var recipeNode: YAMLNode { YAMLNode(.string(self)) }
}

extension Array: RecipeValue where Element: RecipeValue {
    /// `a list, each entry …`.
    public static var expectation: String { "a list, each entry \(Element.expectation)" }

    /// Reads a list whose entries are all of the type.
    public init?(recipe node: YAMLNode) {
        guard let elements = node.elements else { return nil }
        let values = elements.compactMap(Element.init(recipe:))
        guard values.count == elements.count else { return nil }
        self = values
    }

    /// The list.
    public var recipeNode: YAMLNode { YAMLNode(.sequence(map(\.recipeNode))) }
}

extension Optional: RecipeValue where Wrapped: RecipeValue {
    /// `…, or null`.
    public static var expectation: String { "\(Wrapped.expectation), or null" }

    /// As the value itself.
    public static var mayHoldSecret: Bool { Wrapped.mayHoldSecret }

    /// Reads null or the value.
    public init?(recipe node: YAMLNode) {
        if case .null = node.value {
            self = .none
        } else if let value = Wrapped(recipe: node) {
            self = .some(value)
        } else {
            return nil
        }
    }

    /// The value, or null.
    public var recipeNode: YAMLNode { map(\.recipeNode) ?? YAMLNode(.null) }
}

/// A value that is one of a few words.
public protocol RecipeChoice: RecipeValue, RawRepresentable, CaseIterable
where RawValue == String {}

extension RecipeChoice {
    /// The words: `one of messages, text, tokens`.
    public static var expectation: String {
        let words = allCases.map(\.rawValue)
        return words.count == 1 ? words[0] : "one of " + words.joined(separator: ", ")
    }

    /// Reads one of the words.
    public init?(recipe node: YAMLNode) {
        guard case .string(let word) = node.value,
            let value = Self.allCases.first(where: { $0.rawValue.utf8.elementsEqual(word.utf8) })
        else { return nil }
        self = value
    }

    /// The word.
    public var recipeNode: YAMLNode { YAMLNode(.string(rawValue)) }
}
