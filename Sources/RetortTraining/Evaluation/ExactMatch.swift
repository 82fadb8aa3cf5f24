import RetortFiles
import RetortModels
import RetortText

/// Greedy answers to the last turn of conversations, compared with the expected ones.
public struct ExactMatch {
    /// One conversation's outcome.
    public struct Answer: Sendable {
        /// The line of the data file.
        public let line: Int
        /// What the model should say.
        public let expected: String
        /// What it said.
        public let answer: String
        /// Ids of the answer.
        public let ids: [Int]
        /// The conversation that was answered, for the report.
        public let prompt: [JSONObject]

        /// Whether both texts have the same bytes.
        public var isCorrect: Bool { expected.utf8.elementsEqual(answer.utf8) }

        /// The answer as a line of JSON.
        public var json: JSONValue {
            .object(
                JSONObject([
                    ("line", .integer(line)), ("messages", .array(prompt.map(JSONValue.object))),
                    ("expected", .string(expected)), ("answer", .string(answer)),
                    ("ids", .array(ids.map(JSONValue.integer))), ("correct", .bool(isCorrect)),
                ]))
        }
    }

    private struct Question {
        let line: Int
        let expected: String
        let messages: [JSONObject]
        let prompt: [Int32]
    }

    private let model: Model
    private let text: ModelText
    private let questions: [Question]
    /// Sequences that are answered side by side, so that each weight is decoded once for all.
    private static let batch = 32

    /// Conversations to answer.
    public var count: Int { questions.count }

    /// Reads a data file of conversations that end with an assistant's turn.
    public init(_ model: Model, data path: String) throws {
        self.model = model
        let text = try model.text()
        self.text = text
        let file = try JSONLinesFile(path)
        questions = try (0..<file.count).map { index in
            let line = file.lineNumber(index)
            do {
                let row = try Conversation(row: .object(file.object(index)))
                guard let last = row.messages.last, last["role"]?.string == "assistant",
                    let expected = last["content"]?.string
                else {
                    throw DataError.badLine(
                        path: path, line: line,
                        reason: "the last message is not a text of the assistant")
                }
                let messages = Array(row.messages.dropLast())
                let prompt = try text.prompt(messages, tools: row.tools, path: model.path)
                try DataError.check(
                    prompt, path: path, line: line,
                    vocabulary: model.description.vocabularySize)
                return Question(
                    line: line, expected: expected, messages: messages, prompt: prompt)
            } catch let error as ConversationError {
                throw DataError.badLine(path: path, line: line, reason: "\(error)")
            }
        }
    }

    /// Answers all conversations greedily.
    ///
    /// An answer that is longer than the expected one by a margin cannot be right and is cut there.
    ///
    /// - Parameter onProgress: Told how many are answered.
    /// - Returns: The answers in the order of the file.
    /// - Throws: ``TokenizerError`` for an expected answer that cannot be encoded.
    public func run(onProgress: (Int) -> Void = { _ in }) throws -> [Answer] {
        let expectedTokens = try questions.map { try text.tokenizer.encode($0.expected).count }
        var options = Generator.Options()
        options.endTokens = text.endTokens
        options.maximumTokens = (expectedTokens.max() ?? 0) + 16
        // Questions of like length side by side; the order of the file is kept in the result.
        let order = questions.indices.sorted {
            (questions[$0].prompt.count, $0) < (questions[$1].prompt.count, $1)
        }
        var answers = [Answer?](repeating: nil, count: questions.count)
        for start in stride(from: 0, to: order.count, by: Self.batch) {
            let chosen = order[start..<min(start + Self.batch, order.count)]
            let results = try Generator(model).generate(
                chosen.map { questions[$0].prompt }, options)
            for (index, ids) in zip(chosen, results) {
                let question = questions[index]
                answers[index] = Answer(
                    line: question.line, expected: question.expected,
                    answer: text.tokenizer.decode(ids, skipSpecialTokens: true), ids: ids,
                    prompt: question.messages)
            }
            onProgress(min(start + Self.batch, order.count))
        }
        return answers.compactMap { $0 }
    }
}
