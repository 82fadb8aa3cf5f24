import RetortFiles

/// Which of a model's matrices get an adapter.
public enum TargetModules: RecipeValue {
    /// Every linear layer but the output head.
    case allLinear
    /// Those whose names are one of these or end with one of these after a dot.
    case named([String])

    /// What a recipe may say.
    public static var expectation: String { "a list of module names, or all-linear" }

    /// Reads `all-linear`, or a list that is not empty.
    public init?(recipe node: YAMLNode) {
        if case .string("all-linear") = node.value {
            self = .allLinear
        } else if let names = [String](recipe: node), !names.isEmpty {
            self = .named(names)
        } else {
            return nil
        }
    }

    /// The word or the list.
    public var recipeNode: YAMLNode {
        switch self {
        case .allLinear: YAMLNode(.string("all-linear"))
        case .named(let names): names.recipeNode
        }
    }
}
