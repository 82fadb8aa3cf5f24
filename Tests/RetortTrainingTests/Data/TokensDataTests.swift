import RetortFiles
import Testing

@testable import RetortTraining

@Suite("Files of token ids")
struct TokensDataTests {
    private func read(
        _ text: String, maxLength: Int = 5, overlength: Overlength = .error
    ) throws -> TrainingData {
        let folder = try TestFolder()
        var recipe = DataRecipe()
        recipe.format = .tokens
        recipe.maxLength = maxLength
        recipe.overlength = overlength
        let path = try folder.write(text, to: "data.jsonl")
        do {
            return try TrainingData(path, recipe) { object, line in
                try TokensReader(vocabularySize: 10).example(object, path: "data", line: line)
            }
        } catch let error as DataError {
            if case .tooLong(_, let line, let length, let limit) = error {
                throw DataError.tooLong(path: "data", line: line, length: length, limit: limit)
            }
            throw error
        }
    }

    @Test("have labels, or every token counts; lines in which nothing counts are left out")
    func reading() throws {
        let data = try read(
            """
            {"input_ids": [1, 2, 3], "labels": [-100, -100, 3]}
            {"input_ids": [4, 5]}

            {"input_ids": [6], "labels": [6]}
            {"input_ids": [1, 2], "labels": [1, -100]}
            {"input_ids": [7, 8], "labels": null}
            """)
        #expect(
            data.examples == [
                TrainingExample(ids: [1, 2, 3], labels: [-100, -100, 3], line: 1),
                TrainingExample(ids: [4, 5], labels: [4, 5], line: 2),
                TrainingExample(ids: [7, 8], labels: [7, 8], line: 6),
            ])
        #expect(data.unsupervisedLines == [4, 5])
        #expect(data.tokenCount == 7 && data.supervisedCount == 3)
    }

    @Test("longer examples are refused, dropped or cut")
    func overlength() throws {
        let text = """
            {"input_ids": [1, 2, 3, 4, 5, 6]}
            {"input_ids": [1, 2]}
            """
        #expect(throws: DataError.tooLong(path: "data", line: 1, length: 6, limit: 5)) {
            try read(text)
        }
        let dropped = try read(text, overlength: .drop)
        #expect(dropped.droppedLines == [1] && dropped.examples.map(\.line) == [2])
        let cut = try read(text, overlength: .truncate)
        #expect(cut.cutLines == [1] && cut.examples[0].ids == [1, 2, 3, 4, 5])
    }

    @Test(
        "ids outside the vocabulary and lists that are none are named by their line",
        arguments: [
            (
                #"{"input_ids": [1, 10]}"#,
                DataError.idOutside(path: "data", line: 2, id: 10, vocabulary: 10)
            ),
            (#"{"input_ids": [1, -1]}"#, .idOutside(path: "data", line: 2, id: -1, vocabulary: 10)),
            (
                #"{"input_ids": [1, 2], "labels": [1, 11]}"#,
                .idOutside(path: "data", line: 2, id: 11, vocabulary: 10)
            ),
            (
                #"{"input_ids": [1, 2], "labels": [1, -1]}"#,
                .idOutside(path: "data", line: 2, id: -1, vocabulary: 10)
            ),
            (
                #"{"input_ids": [1, 9223372036854775807]}"#,
                .idOutside(path: "data", line: 2, id: .max, vocabulary: 10)
            ),
            (
                #"{"input_ids": []}"#,
                .badLine(path: "data", line: 2, reason: "input_ids is missing or empty")
            ),
            (
                #"{"ids": [1]}"#,
                .badLine(path: "data", line: 2, reason: "input_ids is missing or empty")
            ),
            (
                #"{"input_ids": [1.5]}"#,
                .badLine(path: "data", line: 2, reason: "input_ids is not a list of whole numbers")
            ),
            (
                #"{"input_ids": "12"}"#,
                .badLine(path: "data", line: 2, reason: "input_ids is not a list of whole numbers")
            ),
            (
                #"{"input_ids": [1], "labels": [1, 2]}"#,
                .badLine(path: "data", line: 2, reason: "labels has 2 entries and input_ids 1")
            ),
        ])
    func errors(line: String, error: DataError) {
        #expect(throws: error) { try read("{\"input_ids\": [1, 2]}\n" + line) }
    }

    @Test("a file in which nothing counts is refused")
    func nothing() {
        #expect(throws: DataError.self) { try read(#"{"input_ids": [3]}"#) }
        #expect(throws: DataError.self) {
            try read(#"{"input_ids": [1, 2, 3, 4, 5, 6]}"#, overlength: .drop)
        }
    }
}
