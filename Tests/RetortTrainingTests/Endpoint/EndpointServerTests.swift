import Foundation
import Glibc
import LoopbackServer
import RetortFiles
import RetortKernels
import RetortModels
import RetortTensor
import Testing

@testable import RetortTraining

/// llama-cpp-python's server with the real model, as a teacher of the same model in Retort.
@Suite("A real server's log-probabilities")
struct EndpointServerTests {
    private static let root = URL(filePath: fixtures).deletingLastPathComponent()
        .deletingLastPathComponent().path
    private static let model =
        ProcessInfo.processInfo.environment["RETORT_MODEL"]
        ?? root + "/Checkpoints/SmolLM2-135M-Instruct.Q4_1.gguf"
    private static let python =
        FileManager.default.homeDirectoryForCurrentUser.path
        + "/.cache/retort-peers/venv/bin/python"
    private static var isThere: Bool { Folder.exists(model) && Folder.exists(python) }

    private static let questions = [
        "What is the capital of France?", "Repeat after me: naïve café – 日本 🧪, 🧪 日本!",
        "Count to ten.",
    ]

    /// A server on a port that was free.
    private static func start(port: Int) throws -> Process {
        let server = Process()
        server.executableURL = URL(filePath: python)
        server.arguments = [
            "-m", "llama_cpp.server", "--model", model, "--host", "127.0.0.1", "--port", "\(port)",
            "--n_ctx", "512", "--logits_all", "true", "--verbose", "false",
        ]
        server.standardOutput = FileHandle.nullDevice
        server.standardError = FileHandle.nullDevice
        try server.run()
        return server
    }

    @Test(
        "are those of the student's own tokens",
        .enabled(if: isThere, "needs the real model and ~/.cache/retort-peers (prepare_peers.sh)"))
    func mapped() throws {
        let port = try LoopbackServer { _ in .ok("") }.port
        let server = try Self.start(port: port)
        // Not terminate(): children of a test have SIGTERM blocked.
        defer {
            kill(server.processIdentifier, SIGKILL)
            server.waitUntilExit()
        }
        let folder = try TestFolder()
        var recipe = EndpointRecipe()
        recipe.url = try #require(EndpointAddress("http://127.0.0.1:\(port)/v1"))
        recipe.model = "smollm2"
        (recipe.topLogprobs, recipe.maxTokens) = (8, 24)
        // The server needs a while to begin.
        recipe.retries = 9
        let prompts = try Self.questions.map { question in
            let message = JSONObject([
                ("role", .string("user")), ("content", .string(question)),
            ])
            let row = JSONObject([("messages", .array([.object(message)]))])
            return try TeacherPrompt(row: row, place: question)
        }
        let answers = try EndpointTeacher(recipe, seed: 1).answers(
            to: prompts, journal: folder.path("journal.jsonl"))

        let student = try Model(
            Self.model, kernels: try #require(Kernels(threads: 2)), precision: .float32)
        let text = try student.text()
        let mapper = try AnswerMapper(text.tokenizer, topCount: 8)
        let rows = try prompts.indices.map { index in
            let row = prompts[index].answered(by: try answers.answer(index))
            return JSONValue.object(row).serialized() + "\n"
        }
        let data = try folder.write(rows.joined(), to: "data.jsonl")
        let examples = try ExampleReader(student, DataRecipe()).read(data).examples
        var distances: [Float] = []
        for (index, (prompt, mapped)) in zip(prompts, try mapper.map(answers)).enumerated() {
            let mapped = try #require(mapped)
            // The server does not tell the bytes of parts of characters.
            #expect(mapped.targets.allSatisfy { !$0.ids.isEmpty && $0.tailMass < 1 })
            let begin = try text.prompt(
                prompt.messages.compactMap(\.object), path: Self.model)
            let range = try #require(mapped.range(in: examples[index]))
            #expect(range.lowerBound == begin.count)
            let logits = logProbabilities(student, begin + mapped.ids)
            for (position, target) in mapped.targets.enumerated() {
                let row = logits[begin.count + position - 1]
                for (id, value) in zip(target.ids, target.logProbabilities) {
                    distances.append(abs(row[Int(id)] - value))
                }
            }
        }
        // llama.cpp rounds activations to 8 bits where weights have 4: 0.10 nats were measured. A
        // neighbouring token's distribution would be several away.
        let mean = distances.reduce(0, +) / Float(distances.count)
        #expect(distances.count > 200 && mean < 0.25, "\(mean) nats over \(distances.count)")
    }

    private func logProbabilities(_ model: Model, _ ids: [Int32]) -> [[Float]] {
        let decoder = model.decoder
        let layout = TokenLayout(
            positions: ids.indices.map { Int32($0) }, documents: [ids.indices])
        let hidden = decoder.hiddenStates(
            ids, ForwardContext(layout: layout), on: Tape(decoder.workspace, isRecording: false))
        let logits = decoder.logits(hidden.value)
        return ids.indices.map { index in
            let row = logits.row(index)
            let top = row.max() ?? 0
            let sum = row.reduce(0) { $0 + exp(Double($1 - top)) }
            return row.map { $0 - top - Float(log(sum)) }
        }
    }
}
