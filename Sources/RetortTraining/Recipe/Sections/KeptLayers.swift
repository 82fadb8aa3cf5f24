import RetortFiles
import RetortModels

/// Which layers of its model a student keeps.
public enum KeptLayers: RecipeValue {
    /// Spread evenly, the first and the last among them.
    case uniform
    /// The first ones.
    case first
    /// The last ones.
    case last
    /// These, counted from 0.
    case listed([Int])

    /// What a recipe may say.
    public static var expectation: String { "uniform, first, last, or a list of layers" }

    private static let words: [(word: String, layers: Self)] = [
        ("uniform", .uniform), ("first", .first), ("last", .last),
    ]

    /// Reads one of the words, or a list that is not empty.
    public init?(recipe node: YAMLNode) {
        if case .string(let word) = node.value,
            let known = Self.words.first(where: { $0.word.utf8.elementsEqual(word.utf8) })
        {
            self = known.layers
        } else if let list = [Int](recipe: node), !list.isEmpty {
            self = .listed(list)
        } else {
            return nil
        }
    }

    /// The word or the list.
    public var recipeNode: YAMLNode {
        if let list { return list.recipeNode }
        return YAMLNode(.string(Self.words.first { $0.layers == self }?.word ?? ""))
    }

    /// The layers, where they are listed.
    public var list: [Int]? {
        if case .listed(let layers) = self { layers } else { nil }
    }

    /// The layers to keep, so many where they are not listed.
    func selection(of count: Int) -> LayerSelection {
        switch self {
        case .uniform: .uniform(count)
        case .first: .first(count)
        case .last: .last(count)
        case .listed(let layers): .listed(layers)
        }
    }
}
