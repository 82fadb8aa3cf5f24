import RetortFiles
import RetortModels

/// Data on which a model's parts are measured, to choose those that a student keeps.
public struct Calibration {
    /// The documents: the first ones of a file, as many as the Minitron paper takes.
    package let examples: [TrainingExample]

    private static let documentLimit = 1024
    private static let lengthLimit = 2048

    /// Reads a data file: its first 1,024 documents, each cut to 2,048 tokens.
    ///
    /// - Parameters:
    ///   - model: Its tokenizer and template turn the lines into tokens.
    ///   - path: JSON Lines.
    ///   - format: What a line holds; nil to tell by the first.
    /// - Throws: ``DataError`` and the errors of JSON Lines and of the template.
    public init(_ model: Model, data path: String, format: DataFormat? = nil) throws {
        var recipe = DataRecipe()
        recipe.format = try format ?? DataFormat(ofFirstLineIn: path)
        recipe.maxLength = min(model.description.maximumPosition, Self.lengthLimit)
        recipe.overlength = .truncate
        recipe.settle()
        let all = try ExampleReader(model, recipe).read(path).examples
        examples = Array(all.prefix(Self.documentLimit))
    }

    /// Documents to measure.
    public var count: Int { examples.count }

    /// Measures what every part of a model does.
    package func importance(
        of model: Model, onProgress: (Int) -> Void = { _ in }
    ) throws -> Importance {
        try Importance(of: model, on: examples.map(\.ids), onProgress: onProgress)
    }

    /// Measures a model's loss on the tokens that the data supervise.
    package func perplexity(
        of model: Model, onProgress: (Int) -> Void = { _ in }
    ) -> Perplexity.Result {
        Perplexity.Result(of: examples, model, onProgress: onProgress)
    }
}

extension DataFormat {
    /// The format that the keys of a file's first line tell.
    init(ofFirstLineIn path: String) throws {
        let first = try JSONLinesFile(path).object(0)
        self = first["messages"] != nil ? .messages : first["input_ids"] != nil ? .tokens : .text
    }
}
