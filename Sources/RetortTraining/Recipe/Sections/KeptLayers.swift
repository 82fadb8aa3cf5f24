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
    /// Those with the largest influence on calibration data.
    case importance
    /// These, counted from 0.
    case listed([Int])

    /// What a recipe may say.
    public static var expectation: String {
        "uniform, first, last, importance, or a list of layers"
    }

    private static let words: [(word: String, layers: Self)] = [
        ("uniform", .uniform), ("first", .first), ("last", .last), ("importance", .importance),
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

    /// Reads one of the words, or layers between commas, as a command line gives them.
    public init?(words: String) {
        if let known = Self.words.first(where: { $0.word.utf8.elementsEqual(words.utf8) }) {
            self = known.layers
            return
        }
        let parts = words.split(separator: ",", omittingEmptySubsequences: false)
        let list = parts.compactMap { Int($0) }
        guard list.count == parts.count else { return nil }
        self = .listed(list)
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
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - influences: Measures the layers; called only where they are chosen by importance.
    /// - Returns: The selection for a model.
    func selection(
        of count: Int, influences: () throws -> [Double]
    ) rethrows -> LayerSelection {
        switch self {
        case .uniform: .uniform(count)
        case .first: .first(count)
        case .last: .last(count)
        case .importance: .influential(count, try influences())
        case .listed(let layers): .listed(layers)
        }
    }
}
