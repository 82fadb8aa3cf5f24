import RetortFiles

/// The examples of a data file, ready to learn from, and what became of the others.
public struct TrainingData: Sendable {
    /// Examples in the order of the file.
    public internal(set) var examples: [TrainingExample] = []
    /// Lines that were left out because they are too long.
    public internal(set) var droppedLines: [Int] = []
    /// Lines whose end was cut off.
    public internal(set) var cutLines: [Int] = []
    /// Lines in which no token is trained; they are left out.
    public internal(set) var unsupervisedLines: [Int] = []

    /// Examples that are made, not read.
    package init(_ examples: [TrainingExample]) { self.examples = examples }

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - path: JSON Lines.
    ///   - recipe: Format, length limit, and what to do with longer examples.
    ///   - encoder: Turns a line into tokens with labels.
    /// - Throws: ``DataError`` and the errors of JSON Lines.
    package init(
        _ path: String, _ recipe: DataRecipe,
        _ encoder: (JSONObject, _ line: Int) throws -> TrainingExample
    ) throws {
        let file = try JSONLinesFile(path)
        for index in 0..<file.count {
            let line = file.lineNumber(index)
            var example = try encoder(file.object(index), line)
            if example.ids.count > recipe.maxLength {
                switch recipe.overlength {
                case .error:
                    throw DataError.tooLong(
                        path: path, line: line, length: example.ids.count, limit: recipe.maxLength)
                case .drop:
                    droppedLines.append(line)
                    continue
                case .truncate:
                    cutLines.append(line)
                    example.ids = Array(example.ids.prefix(recipe.maxLength))
                    example.labels = Array(example.labels.prefix(recipe.maxLength))
                    example.spans = Array(example.spans.prefix(recipe.maxLength))
                }
            }
            if example.supervisedCount == 0 {
                unsupervisedLines.append(line)
            } else {
                examples.append(example)
            }
        }
        guard !examples.isEmpty else {
            let reason =
                unsupervisedLines.isEmpty
                ? "all \(droppedLines.count) examples are longer than data.max_length"
                : "no token of any example is trained (\(unsupervisedLines.count) lines)"
            throw DataError.nothingLeft(path: path, reason: reason)
        }
    }

    /// The examples by their lines.
    var byLine: [Int: TrainingExample] {
        Dictionary(examples.map { ($0.line, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Tokens of all examples.
    public var tokenCount: Int { examples.reduce(0) { $0 + $1.ids.count } }
    /// Tokens that count in the loss.
    public var supervisedCount: Int { examples.reduce(0) { $0 + $1.supervisedCount } }
}
