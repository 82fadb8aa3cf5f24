import RetortFiles
import RetortModels
import RetortText

/// Turns the lines of a data file into tokens with labels, as the recipe's format says.
public struct ExampleReader {
    private let recipe: DataRecipe
    private let vocabularySize: Int
    private let text: ModelText?

    /// Prepares a reader; tokenizer and template are read only where the format needs them.
    public init(_ model: Model, _ recipe: DataRecipe) throws {
        self.recipe = recipe
        vocabularySize = model.description.vocabularySize
        text = recipe.format == .tokens ? nil : try model.text()
    }

    /// Reads a data file.
    public func read(_ path: String) throws -> TrainingData {
        try TrainingData(path, recipe) { object, line in
            try example(object, path: path, line: line)
        }
    }

    private func example(_ object: JSONObject, path: String, line: Int) throws -> TrainingExample {
        guard let text else {
            return try TokensReader(vocabularySize: vocabularySize).example(
                object, path: path, line: line)
        }
        guard let content = object["text"]?.string else {
            throw DataError.badLine(path: path, line: line, reason: "text is missing or no string")
        }
        let ids = try text.tokenizer.encode(content).map { Int32($0) }
        return TrainingExample(ids: ids, labels: ids, line: line)
    }
}
