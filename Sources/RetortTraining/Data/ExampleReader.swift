import RetortFiles
import RetortModels
import RetortText

/// Turns the lines of a data file into tokens with labels, as the recipe's format says.
public struct ExampleReader {
    private let recipe: DataRecipe
    private let vocabularySize: Int
    private let text: ModelText?
    private let mask: AssistantMask?

    /// Prepares a reader; tokenizer and template are read only where the format needs them.
    public init(_ model: Model, _ recipe: DataRecipe) throws {
        self.recipe = recipe
        vocabularySize = model.description.vocabularySize
        text = recipe.format == .tokens ? nil : try model.text()
        mask = try text.flatMap { text in
            guard recipe.format == .messages else { return nil }
            return AssistantMask(
                try text.chatTemplate(model.path), variables: text.templateVariables)
        }
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
        do {
            let example =
                mask == nil
                ? try document(object, text, path: path, line: line)
                : try conversation(object, text, line: line)
            try DataError.check(
                example.ids, path: path, line: line, vocabulary: vocabularySize)
            return example
        } catch let error as DataError {
            throw error
        } catch {
            var reason = "\(error)"
            if reason.hasSuffix(".") { reason.removeLast() }
            throw DataError.badLine(path: path, line: line, reason: reason)
        }
    }

    /// Running text: all of it counts, and an end token where the tokenizer adds one.
    private func document(
        _ object: JSONObject, _ text: ModelText, path: String, line: Int
    ) throws -> TrainingExample {
        guard let content = object["text"]?.string else {
            throw DataError.badLine(
                path: path, line: line, reason: "text is missing or not a string")
        }
        let tokens = try text.tokenizer.encodeWithOffsets(content, addSpecialTokens: true)
        let ids = tokens.map { Int32($0.id) }
        return TrainingExample(ids: ids, labels: ids, line: line, spans: spans(of: tokens))
    }

    private func conversation(_ object: JSONObject, _ text: ModelText, line: Int) throws
        -> TrainingExample
    {
        guard let mask else { preconditionFailure("made for conversations") }
        let conversation = try Conversation(row: .object(object))
        let supervised =
            recipe.trainOn == .all
            ? try mask.renderAll(conversation) : try mask.render(conversation)
        let tokens = try text.encodeRendered(supervised.text)
        let labels = supervised.labels(ids: tokens.map(\.id), offsets: tokens.map(\.bytes))
        return TrainingExample(
            ids: tokens.map { Int32($0.id) }, labels: labels.map { Int32($0) }, line: line,
            spans: spans(of: inContents(tokens, supervised, conversation)))
    }

    /// Tokens whose bytes are counted from where the assistant's own text begins, so that stretches
    /// of different templates can be compared; what a template puts before it has none.
    private func inContents(
        _ tokens: [(id: Int, bytes: Range<Int>)], _ supervised: SupervisedText,
        _ conversation: Conversation
    ) -> [(id: Int, bytes: Range<Int>)] {
        if recipe.trainOn == .all { return tokens }
        let starts = supervised.contentStarts(of: conversation)
        var stretch = 0
        return tokens.map { id, bytes in
            while stretch < starts.count, supervised.trained[stretch].upperBound <= bytes.lowerBound
            {
                stretch += 1
            }
            guard stretch < starts.count, bytes.lowerBound >= supervised.trained[stretch].lowerBound
            else { return (id, bytes) }
            let start = min(max(bytes.lowerBound, starts[stretch]), bytes.upperBound)
            return (id, start..<bytes.upperBound)
        }
    }

    private func spans(of tokens: [(id: Int, bytes: Range<Int>)]) -> [Range<Int32>] {
        tokens.map { Int32(clamping: $0.bytes.lowerBound)..<Int32(clamping: $0.bytes.upperBound) }
    }
}
