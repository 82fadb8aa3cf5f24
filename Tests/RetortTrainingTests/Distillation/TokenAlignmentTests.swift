import RetortFiles
import RetortKernels
import RetortModels
import RetortTensor
import RetortText
import Testing

@testable import RetortTraining

@Suite("Tokens that are aligned by bytes")
struct TokenAlignmentTests {
    /// Tokens that begin and end at these bytes; those in `trained` have labels.
    private func example(_ spans: [Range<Int32>], trained: Set<Int>) -> TrainingExample {
        let ids = spans.indices.map { Int32($0) }
        return TrainingExample(
            ids: ids, labels: ids.map { trained.contains(Int($0)) ? $0 : -100 }, line: 1,
            spans: spans)
    }

    /// A whole text that is learned, in the tokens of a fixture's tokenizer.
    private func text(_ text: String, _ tokenizer: String) throws -> TrainingExample {
        let tokens = try Tokenizer(contentsOf: tokenizer + "/tokenizer.json")
            .encodeWithOffsets(text, addSpecialTokens: true)
        let ids = tokens.map { Int32($0.id) }
        return TrainingExample(
            ids: ids, labels: ids, line: 1,
            spans: tokens.map { Int32($0.bytes.lowerBound)..<Int32($0.bytes.upperBound) })
    }

    @Test("stand beside each other after the same bytes of the same stretch")
    func stretches() {
        // Prompt, "ab|cd|ef", prompt, "gh|i".
        let student = example(
            [0..<4, 4..<6, 6..<8, 8..<10, 10..<20, 20..<22, 22..<23], trained: [1, 2, 3, 5, 6])
        // Prompt in three, "abcd|e|f", prompt, "g|hi".
        let teacher = example(
            [0..<1, 1..<2, 2..<7, 7..<11, 11..<12, 12..<13, 13..<15, 15..<16, 16..<18],
            trained: [3, 4, 5, 7, 8])
        #expect(
            TokenAlignment.rows(student, teacher) == [
                AlignedRow(student: 0, teacher: 2), AlignedRow(student: 2, teacher: 3),
                AlignedRow(student: 4, teacher: 6),
            ])
        #expect(TokenAlignment.rows(student, student).map(\.student) == [0, 1, 2, 4, 5])
        #expect(TokenAlignment.rows(student, student).allSatisfy { $0.student == $0.teacher })
    }

    @Test("do not exist where the turns differ in number, or bytes are unknown")
    func otherTurns() {
        let student = example([0..<4, 4..<6, 6..<8], trained: [1, 2])
        let teacher = example([0..<4, 4..<6, 6..<8, 8..<9], trained: [1, 3])
        #expect(TokenAlignment.rows(student, teacher).isEmpty)
        var unknown = student
        unknown.spans = []
        #expect(TokenAlignment.rows(student, unknown).isEmpty)
        #expect(TokenAlignment.rows(unknown, student).isEmpty)
    }

    @Test("pass over tokens without bytes, such as a BOS")
    func withoutBytes() {
        // Text from the first byte on; only the teacher has a token before it.
        let student = example([0..<2, 2..<4, 4..<5], trained: [0, 1, 2])
        let teacher = example([0..<0, 0..<1, 1..<2, 2..<5, 5..<5], trained: [0, 1, 2, 3, 4])
        #expect(
            TokenAlignment.rows(student, teacher) == [AlignedRow(student: 0, teacher: 2)])
        #expect(
            TokenAlignment.rows(teacher, student) == [AlignedRow(student: 2, teacher: 0)])
    }

    @Test("do not begin inside a character")
    func characters() {
        // Two tokens for one character of bytes 1 to 3, as byte-level tokenizers cut rare ones: a
        // token's span covers whole characters.
        let student = example([0..<1, 1..<4, 1..<4, 4..<5], trained: [1, 2, 3])
        let teacher = example([0..<1, 1..<4, 4..<5], trained: [1, 2])
        let rows = [AlignedRow(student: 0, teacher: 0), AlignedRow(student: 2, teacher: 1)]
        #expect(TokenAlignment.rows(student, teacher) == rows)
        #expect(
            TokenAlignment.rows(teacher, student)
                == rows.map { AlignedRow(student: $0.teacher, teacher: $0.student) })
        // One token that ends within the character, one with its rest and more.
        let cut = example([0..<1, 1..<4, 1..<5, 5..<6], trained: [1, 2, 3])
        let whole = example([0..<1, 1..<4, 4..<5, 5..<6], trained: [1, 2, 3])
        #expect(
            TokenAlignment.rows(cut, whole) == [
                AlignedRow(student: 0, teacher: 0), AlignedRow(student: 2, teacher: 2),
            ])
    }

    @Test(
        "have read the same text, whatever the tokenizers",
        arguments: [
            "Set the alarm to 6:30.", "Ćevapčići für 3 €, 你好 👩‍🚀!", "  two  spaces\n\nand a line",
        ])
    func realTokenizers(_ string: String) throws {
        let names = ["bpe_gpt2", "bpe_llama3", "bpe_smollm", "bpe_qwen2", "bpe_llama2_first"]
        let examples =
            try names.map { try text(string, fixtures + "/tokenizers/" + $0) }
            + [try text(string, DistillationWork.tiny)]
        for student in examples {
            for teacher in examples {
                let rows = TokenAlignment.rows(student, teacher)
                #expect(Set(rows.map(\.student)).count == rows.count)
                #expect(Set(rows.map(\.teacher)).count == rows.count)
                for row in rows {
                    // What was read before the next token, by the tokens up to it.
                    #expect(
                        read(student, row.student) == read(teacher, row.teacher), "\(row)")
                    #expect(
                        isWhole(student, row.student) && isWhole(teacher, row.teacher), "\(row)")
                }
            }
            let own = TokenAlignment.rows(student, student)
            #expect(own.count > 5 && own.allSatisfy { $0.student == $0.teacher })
        }
    }

    @Test(
        "count from where the assistant's text begins, whatever a template puts before it",
        arguments: ["", " ", "\\n\\n", "<think>\\n\\n</think>\\n\\n"])
    func templates(prefix: String) throws {
        let work = try DistillationWork()
        let student = try work.model("student"), teacher = try work.foreignModel("teacher")
        let configuration = teacher + "/tokenizer_config.json"
        let template = String(decoding: try MappedFile(configuration).contents, as: UTF8.self)
            .replacing(
                "{{ message.content }}",
                with: "{{ ('\(prefix)' if message.role == 'assistant' else '') "
                    + "+ message.content }}")
        try AtomicFile.write(Array(template.utf8), to: configuration)
        let kernels = try #require(Kernels(threads: 1))
        var data = DataRecipe()
        data.train = work.data
        data.settle()
        let examples = try [student, teacher].map { path in
            let model = try Model(path, kernels: kernels, precision: .float32)
            return try ExampleReader(model, data).read(work.data).examples
        }
        let tokenizers = try [student, teacher].map {
            try Tokenizer(contentsOf: $0 + "/tokenizer.json")
        }
        for (own, other) in zip(examples[0], examples[1]) {
            let rows = TokenAlignment.rows(own, other)
            #expect(rows.count > 10)
            for row in rows {
                // What follows is the same text, up to the end of the turn.
                let rests = zip([(own, row.student), (other, row.teacher)], tokenizers).map {
                    $1.decode($0.0.ids[($0.1 + 1)...].map { Int($0) }, skipSpecialTokens: true)
                }
                let rest = rests[0].drop { $0.isWhitespace }
                #expect(rests[1].drop { $0.isWhitespace }.hasPrefix(rest.dropLast(2)))
            }
        }
    }

    /// Bytes of the text that the tokens up to one stand for.
    private func read(_ example: TrainingExample, _ token: Int) -> Int32 {
        example.spans[...token].map(\.upperBound).max() ?? 0
    }

    /// Whether the token after one begins where those before it end.
    private func isWhole(_ example: TrainingExample, _ token: Int) -> Bool {
        example.spans[token + 1].lowerBound >= read(example, token)
    }
}
