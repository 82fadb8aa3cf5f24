import RetortFiles

/// Values for the modules whose names match a pattern, in the order in which they are tried.
///
/// A pattern `p` is a regular expression, and matches a module's name as `(.*\.)?(p)$`. The first
/// that matches counts. Source: PEFT, `rank_pattern` and `alpha_pattern`.
public struct ModulePatterns<Value: RecipeValue>: RecipeValue, ExpressibleByDictionaryLiteral {
    /// One pattern with its value.
    public struct Entry: Sendable, Equatable {
        /// The regular expression.
        public let pattern: String
        /// The value for modules that match.
        public let value: Value
    }

    /// The patterns in order.
    public let entries: [Entry]

    /// Creates patterns in the order of the literal.
    public init(dictionaryLiteral elements: (String, Value)...) {
        entries = elements.map { Entry(pattern: $0.0, value: $0.1) }
    }

    /// What a recipe may say.
    public static var expectation: String {
        "a map from module names to values, each \(Value.expectation)"
    }

    /// Reads a map.
    public init?(recipe node: YAMLNode) {
        guard let members = node.members else { return nil }
        entries = members.compactMap { member in
            Value(recipe: member.value).map { Entry(pattern: member.key, value: $0) }
        }
        guard entries.count == members.count else { return nil }
    }

    /// The map.
    public var recipeNode: YAMLNode {
        YAMLNode(.mapping(entries.map { YAMLMember($0.pattern, value: $0.value.recipeNode) }))
    }
}
