import Foundation
import RetortFiles
import RetortKernels
import RetortModels
import RetortTensor
import RetortText
import Testing

@testable import RetortTraining

@Suite("Vocabularies that are aligned")
struct VocabularyAlignmentTests {
    private let tokenizer = try? Tokenizer(
        contentsOf: DistillationWork.tiny + "/tokenizer.json")

    private func aligned(
        _ count: Int, _ teacherCount: Int, _ teacher: Tokenizer? = nil
    ) throws -> VocabularyAlignment {
        let own = try #require(tokenizer)
        return try VocabularyAlignment(
            student: own, count: count, teacher: teacher ?? own, teacherCount: teacherCount,
            teacherPath: "t.gguf")
    }

    /// The tiny model's tokenizer.json with other ids, or with further tokens.
    private static func changed(
        _ change: (inout [String: Int], inout [[String: Any]]) -> Void
    ) throws -> [UInt8] {
        let bytes = try MappedFile(DistillationWork.tiny + "/tokenizer.json").contents
        var root = try #require(
            try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        var model = try #require(root["model"] as? [String: Any])
        var vocabulary = try #require(model["vocab"] as? [String: Int])
        var added = try #require(root["added_tokens"] as? [[String: Any]])
        change(&vocabulary, &added)
        model["vocab"] = vocabulary
        root["model"] = model
        root["added_tokens"] = added
        return Array(try JSONSerialization.data(withJSONObject: root))
    }

    /// Every other token's id counted from the end.
    private static func permuted() throws -> [UInt8] {
        try changed { vocabulary, _ in
            for (token, id) in vocabulary where id > 2 && id % 2 == 0 {
                vocabulary[token] = 514 - id
            }
        }
    }

    private func tokenizer(_ json: [UInt8]) throws -> Tokenizer {
        let folder = try TestFolder()
        try AtomicFile.write(json, to: folder.path("tokenizer.json"))
        return try Tokenizer(contentsOf: folder.path("tokenizer.json"))
    }

    @Test(
        "compare the rows that both have where only padding differs",
        arguments: [(512, 512, 512), (520, 520, 520), (520, 512, 512), (512, 576, 512)])
    func padding(count: Int, teacherCount: Int, shared: Int) throws {
        let alignment = try aligned(count, teacherCount)
        #expect(alignment.shared == .first(shared))
        #expect(alignment.translated([0, 7, 511]) == [0, 7, 511])
        #expect(alignment.isKnown(shared - 1) && !alignment.isKnown(shared))
    }

    @Test("compare tokens, not numbers")
    func permuted() throws {
        let own = try #require(tokenizer), other = try tokenizer(Self.permuted())
        let alignment = try aligned(512, 512, other)
        guard case .pairs(let student, let teacher) = alignment.shared else {
            Issue.record("numbers are compared")
            return
        }
        #expect(student == (0..<512).map { Int32($0) } && Set(teacher).count == 512)
        #expect(zip(student, teacher).allSatisfy { own.token(Int($0)) == other.token(Int($1)) })
        let text = "Wake me at 6:30 on Monday, café."
        let ids = try own.encode(text).map { Int32($0) }
        #expect(alignment.translated(ids) == (try other.encode(text)).map { Int32($0) })
        #expect(alignment.translated(ids) != ids)
    }

    @Test("with too few common tokens are refused, with a way on")
    func foreign() throws {
        let other = try Tokenizer(contentsOf: fixtures + "/tokenizers/bpe_llama3/tokenizer.json")
        do {
            _ = try aligned(512, 1203, other)
            Issue.record("accepted")
        } catch {
            guard case DistillationError.fewShared("t.gguf", let shared, 512) = error else {
                throw error
            }
            #expect(shared > 250 && shared < 461)
            #expect("\(error)".contains("set distillation.loss to uld"))
        }
    }

    @Test("refuse a token of the data that the teacher lacks, wherever it stands")
    func unknownToken() throws {
        let work = try DistillationWork()
        // The student's last id is a token that the teacher's tokenizer does not have.
        let json = try Self.changed { _, added in
            var token = added[2]
            token["id"] = 512
            token["content"] = "<|tool|>"
            added.append(token)
        }
        var sizes = DistillationWork.small
        sizes.vocabulary = 513
        let student = try work.model("student", sizes)
        try AtomicFile.write(json, to: student + "/tokenizer.json")
        let sections = [
            "model: {path: \(student)}",
            "distillation: {teacher: {path: \(DistillationWork.tiny)}}",
        ]
        #expect(throws: Never.self) { try work.run(try work.recipe(sections)) }
        let data = try work.folder.write(
            """
            {"messages": [{"role": "user", "content": "Hello"}, \
            {"role": "assistant", "content": "<|tool|>"}]}

            """, to: "tool.jsonl")
        #expect(
            throws: DistillationError.noToken(teacher: DistillationWork.tiny, token: "<|tool|>")
        ) { try work.run(try work.recipe(sections, set: ["data.train=\(data)"])) }
    }

    @Test("end an answer of the student before a token that the teacher lacks")
    func unknownAnswer() throws {
        let work = try DistillationWork()
        var sizes = DistillationWork.small
        sizes.vocabulary = 1024
        // Half of what it says at random are padding rows.
        let student = try work.model("student", sizes)
        let recipe = try work.recipe([
            "model: {path: \(student)}",
            "distillation: {teacher: {path: \(DistillationWork.tiny)}, "
                + "on_policy: {fraction: 1, max_tokens: 12, temperature: 100}}",
        ])
        let run = try work.run(recipe)
        #expect(try run.session.step(0, run.batches(0), rate: 0).loss > 0)
    }

    @Test("of a teacher with other numbers give the same training")
    func sameTraining() throws {
        let work = try DistillationWork()
        let student = try work.model("student")
        let teacher = try work.model("teacher", seed: 9)
        // The same teacher with its rows where the other numbers say.
        let other = try work.model("other", seed: 9)
        try AtomicFile.write(try Self.permuted(), to: other + "/tokenizer.json")
        let file = other + "/model.safetensors"
        let tensor = try #require(
            try SafetensorsFile(file).tensors.first { $0.name == "model.embed_tokens.weight" })
        let place = StoredTensor(tensor)
        let width = place.byteCount / 512
        var bytes = try MappedFile(file).contents
        let stored = bytes
        for row in stride(from: 4, to: 512, by: 2) {
            let target = place.offset + (514 - row) * width, source = place.offset + row * width
            bytes.replaceSubrange(target..<target + width, with: stored[source..<source + width])
        }
        try AtomicFile.write(bytes, to: file)
        let results = try [teacher, other].map { path in
            let recipe = try work.recipe([
                "model: {path: \(student)}",
                "distillation: {teacher: {path: \(path)}, temperature: 2}",
            ])
            defer { try? Folder.remove(work.output) }
            return try work.run(recipe).run().steps
        }
        for (own, other) in zip(results[0], results[1]) {
            #expect(abs(own.loss - other.loss) < 1e-6)
            #expect(abs(own.gradientNorm - other.gradientNorm) < 1e-4 * own.gradientNorm)
        }
    }
}
