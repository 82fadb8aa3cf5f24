import Foundation
import LoopbackServer
import Testing

@testable import RetortCommand

@Suite("retort ask")
struct AskCommandTests {
    private let folder = FileManager.default.temporaryDirectory
        .appending(path: "retort-ask-\(UUID().uuidString)")

    private func read(_ words: String...) throws(UsageError) -> AskCommand.Options {
        let all = ["--model", "m", "--data", "d", "--output", "o"] + words
        return try AskCommand.options(Arguments(all, for: AskCommand.help))
    }

    @Test("writes conversations with the teacher's answers, and goes on from its journal")
    func answers() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let data = folder.appending(path: "d.jsonl")
        let output = folder.appending(path: "o.jsonl")
        try Data(
            """
            {"id": 1, "messages": [{"role": "user", "content": "one"}]}
            {"messages": [{"role": "user", "content": "cut"}]}

            """.utf8
        ).write(to: data)
        let server = try LoopbackServer { request in
            let reason = request.text.contains("cut") ? "length" : "stop"
            return .ok(
                #"{"choices":[{"message":{"content":"yes"},"finish_reason":"\#(reason)"}]}"#)
        }
        let words = [
            "ask", "--endpoint", server.url, "--model", "m", "--data", data.path, "--output",
            output.path,
        ]
        for run in 0..<2 {
            let outcome = Outcome(words)
            #expect(outcome.code == .success && outcome.output.isEmpty)
            #expect(outcome.errors.contains("1 answers are left out: cut off at max_tokens"))
            #expect(
                outcome.errors.contains("2 of 2 conversations were answered before") == (run == 1))
            #expect(
                try String(contentsOf: output, encoding: .utf8)
                    == #"{"id": 1, "messages": [{"role": "user", "content": "one"}, "#
                    + #"{"role": "assistant", "content": "yes"}]}"# + "\n")
        }
        #expect(server.requests.count == 2)
    }

    @Test("takes what its table says")
    func options() throws {
        let plain = try read("--endpoint", "http://a/v1")
        #expect(plain.endpoint.topLogprobs == 0 && plain.endpoint.apiKeyVariable == nil)
        let full = try read(
            "--endpoint", "https://a/v1/", "--api-key-variable", "K", "--concurrency", "9",
            "--requests-per-minute", "7", "--temperature", "0.5", "--max-tokens", "3",
            "--top-logprobs", "2"
        ).endpoint
        #expect(full.url.text == "https://a/v1" && full.apiKeyVariable?.text == "K")
        #expect(full.concurrency == 9 && full.requestsPerMinute == 7 && full.temperature == 0.5)
        #expect(full.maxTokens == 3 && full.topLogprobs == 2)
        #expect(throws: UsageError.missing("--endpoint")) { try read() }
        #expect(throws: UsageError.conflict("--data x", "--output x")) {
            try AskCommand.options(
                Arguments(
                    ["--endpoint", "http://a", "--model", "m", "--data", "x", "--output", "x"],
                    for: AskCommand.help))
        }
    }

    @Test(
        "does not repeat a key or password",
        arguments: [
            ["--endpoint", "http://me:sk-secret@a/"],
            ["--endpoint", "http://a/", "--api-key-variable", "sk-secret"],
        ])
    func secrets(_ words: [String]) {
        let outcome = Outcome(["ask", "--model", "m", "--data", "d", "--output", "o"] + words)
        #expect(outcome.code == .usage)
        #expect(outcome.errors.contains(" must be ") && !outcome.errors.contains("secret"))
    }
}
