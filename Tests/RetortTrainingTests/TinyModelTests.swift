import Foundation
import RetortFiles
import RetortKernels
import RetortModels
import RetortTraining
import Testing

@Suite("The tiny model")
struct TinyModelTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path
    static let tiny = root + "/Checkpoints/tiny"
    private static let unborn = root + "/Recipes/tiny"

    private let kernels: Kernels
    private let scratch = TemporaryFolder()

    init() throws {
        kernels = try #require(Kernels(threads: 2))
        try Folder.create(scratch.path)
    }

    @Test("is whole, small, and what its recipe describes")
    func opens() throws {
        let model = try Model(Self.tiny, kernels: kernels, precision: .float32)
        let drawn = try Model(
            Self.unborn, initialization: .random(seed: 42), kernels: kernels, precision: .float32)
        #expect(model.description == drawn.description)
        #expect(model.unexpectedTensors.isEmpty)
        #expect(try Folder.size(Self.tiny) < 3_000_000)
        for name in ["tokenizer.json", "tokenizer_config.json", "generation_config.json"] {
            let made = try MappedFile("\(Self.tiny)/\(name)").contents
            #expect(try made == MappedFile("\(Self.unborn)/\(name)").contents)
        }
    }

    @Test(
        "answers held-out requests greedily",
        arguments: [
            (
                "Let the dishwasher do its work.",
                #"{"name": "appliance", "arguments": {"device": "dishwasher", "action": "start"}}"#
            ),
            (
                "I want the brightness of the bedroom at a quarter.",
                #"{"name": "dim", "arguments": {"room": "bedroom", "percent": 25}}"#
            ),
            (
                "I need some light in the attic.",
                #"{"name": "light", "arguments": {"room": "attic", "on": true}}"#
            ),
            (
                "Alright, I need to call grandma at 7:45 am.",
                #"{"name": "reminder", "arguments": {"text": "call grandma", "time": "07:45"}}"#
            ),
        ])
    func answers(_ request: String, _ answer: String) throws {
        let model = try Model(Self.tiny, kernels: kernels, precision: .float32)
        #expect(try reply(of: model, to: request) == answer)
    }

    @Test("learns with an adapter")
    func adapter() throws {
        let recipe = try recipe(
            """
            model: {path: \(Self.tiny)}
            adapter: {rank: 8, alpha: 16}
            training: {max_steps: 20, batch_size: 1, precision: float32}
            optimizer: {learning_rate: 1.0e-2}
            """)
        let summary = try TrainingRun(recipe, kernels: kernels).run()
        let losses = summary.steps.map(\.loss)
        let first = try #require(losses.first), last = try #require(losses.last)
        #expect(losses.count == 20)
        #expect(last < 0.5 * first)
    }

    @Test("begins as a folder without weights and becomes one that is whole")
    func initialized() throws {
        let recipe = try recipe(
            """
            model: {path: \(Self.unborn), initialize: random}
            training: {max_steps: 3, batch_size: 1, precision: float32}
            """)
        let summary = try TrainingRun(recipe, kernels: kernels).run()
        let result = try Model(summary.resultPath, kernels: kernels, precision: .float32)
        #expect(result.unexpectedTensors.isEmpty)
        let names = Set(try Folder.names(in: summary.resultPath))
        #expect(
            names.isSuperset(of: [
                "config.json", "generation_config.json", "model.safetensors", "tokenizer.json",
                "tokenizer_config.json",
            ]))
        #expect(try result.text().template != nil)
    }

    /// A recipe with the given sections that learns one answer and writes to the test's folder.
    private func recipe(_ sections: String) throws -> Recipe {
        let data = scratch.path + "/data.jsonl"
        let line = """
            {"messages": [{"role": "user", "content": "Who are you?"}, \
            {"role": "assistant", "content": "A very small model."}]}

            """
        try AtomicFile.write(Array(line.utf8), to: data)
        let text = """
            task: sft
            output_dir: \(scratch.path)/run
            data: {train: \(data), max_length: 64}
            \(sections)
            """
        return try Recipe(yaml: Array(text.utf8), file: "tiny.yaml")
    }

    private func reply(of model: Model, to request: String) throws -> String {
        let text = try model.text()
        let messages = [("system", "Smart home."), ("user", request)].map { role, content in
            JSONObject([("role", .string(role)), ("content", .string(content))])
        }
        var options = Generator.Options()
        options.endTokens = text.endTokens
        options.maximumTokens = 64
        let prompt = try text.prompt(messages, path: model.path)
        let ids = try Generator(model).generate([prompt], options)[0]
        return text.tokenizer.decode(ids, skipSpecialTokens: true)
    }
}

/// A folder of a test's own, removed with the test.
private final class TemporaryFolder: Sendable {
    let path = FileManager.default.temporaryDirectory
        .appending(path: "retort-tiny-\(UUID().uuidString)").path

    deinit { try? Folder.remove(path) }
}
