import LoopbackServer
import RetortFiles
import RetortText
import Testing

@testable import RetortTraining

@Suite("A run whose teacher is behind an endpoint")
struct EndpointRunTests {
    private let work: DistillationWork
    private let server: LoopbackServer

    init() throws {
        work = try DistillationWork()
        let tokenizer = try Tokenizer(contentsOf: DistillationWork.tiny + "/tokenizer.json")
        server = try LoopbackServer { request in
            .ok((try? Self.answer(to: request, tokenizer)) ?? "")
        }
    }

    /// An answer in the student's tokens, each with two candidates.
    private static func answer(
        to request: LoopbackServer.Request, _ tokenizer: Tokenizer
    ) throws -> String {
        let text = "The lamp is on. \(request.question.count)"
        let entries = try tokenizer.encode(text).map { id in
            let token = tokenizer.decode([id], skipSpecialTokens: false)
            func candidate(_ token: String, _ logprob: Double) -> JSONObject {
                JSONObject([("token", .string(token)), ("logprob", .number(logprob))])
            }
            var entry = candidate(token, -0.25)
            entry["top_logprobs"] = .array(
                [candidate(token, -0.25), candidate("a", -2)].map(JSONValue.object))
            return JSONValue.object(entry)
        }
        return EndpointBench.answer(
            text,
            logprobs: JSONValue.object(JSONObject([("content", .array(entries))])).serialized())
    }

    private func recipe(_ keys: String) throws -> Recipe {
        try work.recipe([
            "model: {path: \(try work.model("student"))}",
            "distillation: {endpoint: {url: '\(server.url)', model: m, \(keys)}, alpha: 0.4}",
        ])
    }

    @Test("learns its answers and their probabilities, and goes on without asking again")
    func whole() throws {
        let recipe = try recipe("top_logprobs: 2")
        let run = try work.run(recipe, threads: 1)
        #expect(server.requests.count == 4)
        let batch = run.batches(0)[0]
        let text = try run.session.model.text().tokenizer.decode(
            batch.ids.map { Int($0) }, skipSpecialTokens: true)
        #expect(text.contains("The lamp is on."))
        _ = try run.run()
        try work.expectParts(recipe)
        let wanted = try work.result(recipe), metrics = try work.metrics(recipe)
        try work.cut(recipe)
        _ = try work.run(recipe, threads: 2).run(.resume)
        #expect(try work.result(recipe) == wanted)
        #expect(try work.metrics(recipe) == metrics)
        // Killed before its first checkpoint, it has kept what was answered.
        for name in try Folder.names(in: work.output) where name != "endpoint" {
            try Folder.remove("\(work.output)/\(name)")
        }
        _ = try work.run(recipe).run(.resume)
        #expect(try work.result(recipe) == wanted)
        #expect(server.requests.count == 4)
    }

    @Test("learns the answers alone where no probabilities are asked for")
    func textOnly() throws {
        let recipe = try recipe("top_logprobs: 0")
        let steps = try work.run(recipe).run().steps
        #expect(steps.count == 4 && steps.allSatisfy { $0.loss > 0 })
        #expect(try work.metrics(recipe).allSatisfy { $0["soft_loss"] == nil })
    }

    @Test("does not go on with answers that were changed")
    func changed() throws {
        let recipe = try recipe("top_logprobs: 0")
        _ = try work.run(recipe).run()
        try work.cut(recipe)
        let folder = work.output + "/endpoint"
        let text = String(
            decoding: try MappedFile(folder + "/journal.jsonl").contents, as: UTF8.self)
        try AtomicFile.write(
            Array(text.replacing("The lamp is on.", with: "It is dark.").utf8),
            to: folder + "/journal.jsonl")
        let error = TrainingError.otherInput(
            path: "\(work.output)/\(Checkpoint.name(2))",
            what: "file of the teacher's answers, \(folder)/answers.jsonl,")
        #expect(throws: error) { try work.run(recipe).run(.resume) }
        #expect("\(error)".contains("answers.jsonl, is not the one that"))
    }
}
