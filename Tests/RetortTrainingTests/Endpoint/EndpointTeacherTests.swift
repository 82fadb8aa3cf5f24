import Foundation
import LoopbackServer
import RetortFiles
import RetortNetwork
import RetortText
import Synchronization
import Testing

@testable import RetortTraining

/// A teacher with a server of the test's own.
final class EndpointBench {
    let folder: TestFolder
    let server: LoopbackServer
    var recipe = EndpointRecipe()
    private(set) var events: [EndpointTeacher.Event] = []
    static let key = "sk-test-0123456789"

    init(_ reply: @escaping @Sendable (LoopbackServer.Request) -> LoopbackServer.Reply) throws {
        folder = try TestFolder()
        server = try LoopbackServer(reply)
        recipe.url = try #require(EndpointAddress(server.url))
        recipe.model = "teacher"
        recipe.topLogprobs = 0
        recipe.timeoutSeconds = 10
    }

    var journal: String { folder.path("journal.jsonl") }

    /// Prompts whose text is their number.
    static func prompts(_ count: Int) throws -> [TeacherPrompt] {
        try (0..<count).map { number in
            let text = #"{"messages":[{"role":"user","content":"\#(number)"}]}"#
            let row = try #require(JSONParser.parse(text).object)
            return try TeacherPrompt(row: row, place: "data.jsonl:\(number + 1)")
        }
    }

    func ask(
        _ count: Int, shouldStop: @escaping () -> Bool = { false }
    ) throws -> [TeacherAnswer] {
        try ask(Self.prompts(count), shouldStop: shouldStop)
    }

    func ask(
        _ prompts: [TeacherPrompt], shouldStop: @escaping () -> Bool = { false }
    ) throws -> [TeacherAnswer] {
        events = []
        let teacher = try EndpointTeacher(recipe, seed: 7) { _ in Self.key }
        let answers = try teacher.answers(
            to: prompts, journal: journal, shouldStop: shouldStop
        ) { self.events.append($0) }
        return try (0..<answers.count).map(answers.answer)
    }

    /// What is thrown, as text.
    func failure(_ count: Int = 1) -> String {
        do {
            _ = try ask(count)
            return "no error"
        } catch { return "\(error)" }
    }

    /// An answer of the protocol.
    static func answer(_ text: String, logprobs: String = "null") -> String {
        #"{"choices":[{"message":{"role":"assistant","content":"\#(text)"},"#
            + #""finish_reason":"stop","logprobs":\#(logprobs)}],"#
            + #""usage":{"prompt_tokens":2,"completion_tokens":1}}"#
    }
}

extension LoopbackServer.Request {
    /// What the last message says.
    var question: String {
        let messages = (try? JSONParser.parse(body))?["messages"]?.array
        return messages?.last?["content"]?.string ?? "?"
    }
}

@Suite("A teacher behind an endpoint")
struct EndpointTeacherTests {
    private typealias Bench = EndpointBench

    @Test("asks in the protocol's words")
    func request() throws {
        let entry = #"{"token":"a","logprob":-1,"top_logprobs":[{"token":"a","logprob":-1}]}"#
        let bench = try Bench { _ in
            .ok(Bench.answer("a", logprobs: #"{"content":[\#(entry)]}"#))
        }
        bench.recipe.topLogprobs = 3
        bench.recipe.apiKeyVariable = VariableName("KEY")
        let row =
            #"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"u"},{"role":"assistant","content":"old"}],"id":9}"#
        let prompt = try TeacherPrompt(
            row: try #require(JSONParser.parse(row).object), place: "d:1")
        let answer = try #require(bench.ask([prompt]).first)
        let request = try #require(bench.server.requests.first)
        #expect(request.line == "POST /v1/chat/completions HTTP/1.1")
        #expect(request.headers.contains("Authorization: Bearer \(Bench.key)"))
        #expect(
            request.text == #"{"model":"teacher","messages":[{"role":"system","content":"s"},"#
                + #"{"role":"user","content":"u"}],"temperature":0.0,"max_tokens":1024,"#
                + #""logprobs":true,"top_logprobs":3}"#)
        let line = JSONValue.object(prompt.answered(by: answer)).serialized()
        #expect(
            line == #"{"messages":[{"role":"system","content":"s"},"#
                + #"{"role":"user","content":"u"},{"role":"assistant","content":"a"}],"id":9}"#)
    }

    @Test("keeps the order of the prompts, whatever the order of arrival, within the limit")
    func order() throws {
        let bench = try Bench { request in
            .late(
                Int(request.question).map { $0 % 3 == 0 ? 0.2 : 0.02 } ?? 0,
                body: Bench.answer("to " + request.question))
        }
        bench.recipe.concurrency = 3
        let answers = try bench.ask(10)
        #expect(answers.map(\.text) == (0..<10).map { "to \($0)" })
        #expect(answers.map(\.index) == Array(0..<10))
        #expect((2...3).contains(bench.server.mostAtOnce))
        #expect(bench.events.first == .started(answered: 0, total: 10))
        #expect(bench.events.last == .answered(10, TokenUsage(prompt: 20, answer: 10)))
    }

    @Test("asks nothing twice")
    func resumed() throws {
        let bench = try Bench { .ok(Bench.answer("to " + $0.question)) }
        _ = try bench.ask(3)
        #expect(try bench.ask(5).map(\.text) == (0..<5).map { "to \($0)" })
        #expect(bench.server.requests.count == 5)
        #expect(bench.events.first == .started(answered: 3, total: 5))
        bench.recipe.maxTokens = 5
        _ = try bench.ask(1)
        #expect(bench.server.requests.count == 6)
    }

    @Test("asks once for what comes twice, unless answers are drawn")
    func repeated() throws {
        let bench = try Bench { .ok(Bench.answer("\($0.number)")) }
        bench.recipe.concurrency = 1
        let prompts = try Bench.prompts(1) + Bench.prompts(2)
        #expect(try bench.ask(prompts).map(\.text).filter { $0 == "0" }.count == 2)
        #expect(bench.server.requests.count == 2)
        bench.recipe.temperature = 1
        _ = try bench.ask(prompts)
        let seeds = bench.server.requests.dropFirst(2).map { request in
            (try? JSONParser.parse(request.body))?["seed"]?.integer
        }
        #expect(Set(seeds) == [7, 8] && seeds.count == 3)
    }

    @Test(
        "tries again where that may help",
        arguments: [
            LoopbackServer.Reply.response(429, body: "{}"), .response(500, body: "oops"),
            .response(503, body: ""), .response(408, body: ""), .response(409, body: ""),
            .raw("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"choices\":["),
            .raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"cho"),
            .raw("HTTP/1.1 200 OK\r\n\r\n{\"choices\":[{"), .raw(""),
            // The content length is smaller than the content.
            .raw("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"choices\":[{\"message\":{}}]}"),
            .stall([], seconds: 9), .stall(Array("HTTP/1.1 200 OK\r\n".utf8), seconds: 9),
        ])
    func retried(_ reply: LoopbackServer.Reply) throws {
        let bench = try Bench { $0.number == 0 ? reply : .ok(Bench.answer("late")) }
        bench.recipe.timeoutSeconds = 3
        #expect(try bench.ask(1).map(\.text) == ["late"])
        #expect(bench.server.requests.count == 2)
        guard case .retrying("data.jsonl:1", _, let seconds) = bench.events[1] else {
            Issue.record("\(bench.events)")
            return
        }
        #expect((0.2...0.5).contains(seconds))
    }

    @Test("waits as long as the server asks, with all requests")
    func retryAfter() throws {
        let bench = try Bench { request in
            request.number == 0
                ? .response(
                    429, body: #"{"error":{"message":"slow"}}"#, headers: ["Retry-After: 1"])
                : .ok(Bench.answer("a"))
        }
        bench.recipe.concurrency = 1
        _ = try bench.ask(3)
        let times = bench.server.requests.map(\.time)
        #expect(times.count == 4 && times[1] - times[0] >= .seconds(1))
        #expect(
            bench.events[1]
                == .retrying(
                    place: "data.jsonl:1", reason: .status(429, message: "slow"), seconds: 1))
        let other = try Bench { _ in .response(503, body: "", headers: ["Retry-After: 7200"]) }
        #expect(other.failure().contains("the server wants a wait of 7200 s"))
    }

    @Test("begins no more requests than the minute allows")
    func pace() throws {
        let bench = try Bench { _ in .ok(Bench.answer("a")) }
        bench.recipe.requestsPerMinute = 300
        let begin = ContinuousClock.now
        _ = try bench.ask(6)
        #expect(ContinuousClock.now - begin >= .seconds(0.99))
    }

    @Test("gives up after so many attempts, and says why")
    func gaveUp() throws {
        let bench = try Bench { _ in .response(500, body: #"{"error":{"message":"broken"}}"#) }
        bench.recipe.retries = 2
        let message = bench.failure()
        #expect(
            message == "\(bench.server.url)/chat/completions: data.jsonl:1 failed 3 times, last "
                + "because the server gave status 500 (broken); what is answered is kept, so run "
                + "the same again later.")
        #expect(bench.server.requests.count == 3)
    }

    @Test(
        "does not try again where that cannot help, and quotes the server",
        arguments: [
            (
                400, #"{"error":{"message":"top_logprobs must be at most 5"}}"#,
                "top_logprobs must be at most 5 (ask for fewer with top_logprobs"
            ),
            (
                401, #"{"error":"bad key \#(EndpointBench.key)!"}"#,
                "bad key (the key)! (is the right key in the variable"
            ),
            (403, "no", "no"), (404, #"{"detail":"Not Found"}"#, "Not Found (do url and model"),
            (422, "x", "x"),
            (
                500, #"{"error":{"message":"logprobs is not supported"}}"#,
                "logprobs is not supported (ask for fewer with top_logprobs, or set it to 0"
            ),
            (429, #"{"error":{"code":"insufficient_quota","message":"pay"}}"#, "pay"),
        ])
    func refused(_ status: Int, _ body: String, _ part: String) throws {
        let bench = try Bench { _ in .response(status, body: body) }
        bench.recipe.apiKeyVariable = VariableName("KEY")
        let message = bench.failure()
        #expect(message.contains("status \(status) for data.jsonl:1: "))
        #expect(message.contains(part))
        #expect(bench.server.requests.count == 1)
    }

    @Test("says what is wrong with an answer, without trying again")
    func badAnswers() throws {
        let large = String(repeating: "x", count: 3 << 20)
        let other = try LoopbackServer { _ in .ok(Bench.answer("stolen")) }
        for (reply, part): (LoopbackServer.Reply, String) in [
            (.ok("<html>"), "for data.jsonl:1 the answer is not JSON but begins \"<html>\""),
            (.ok(#"{"choices":[]}"#), "the answer has no choices"),
            (.ok(Bench.answer(large)), "the answer is longer than"),
            (
                .response(307, body: "", headers: ["Location: \(other.url)"]),
                "status 307 sends elsewhere (\(other.url)), which is not followed"
            ),
        ] {
            let bench = try Bench { _ in reply }
            #expect(bench.failure().contains(part))
            #expect(bench.server.requests.count == 1)
        }
        #expect(other.requests.isEmpty)
    }

    @Test("says in one sentence that an endpoint has no log-probabilities")
    func noLogprobs() throws {
        let bench = try Bench { _ in .ok(Bench.answer("a")) }
        bench.recipe.topLogprobs = 5
        #expect(
            bench.failure()
                == "\(bench.server.url)/chat/completions: for data.jsonl:1 the endpoint gives no "
                + "log-probabilities for this model; set top_logprobs to 0 to learn from its text "
                + "alone, or use a server that gives them.")
    }

    @Test("takes fewer log-probabilities than asked for, and counts them")
    func fewer() throws {
        let entry = #"{"token":"a","logprob":-1,"top_logprobs":[{"token":"a","logprob":-1}]}"#
        let bench = try Bench { _ in
            .ok(Bench.answer("aa", logprobs: #"{"content":[\#(entry),\#(entry)]}"#))
        }
        bench.recipe.topLogprobs = 5
        let prompts = try Bench.prompts(1)
        let teacher = try EndpointTeacher(bench.recipe, seed: 7)
        let answers = try teacher.answers(to: prompts, journal: bench.journal)
        let path = bench.folder.path("out.jsonl")
        let data = try AnsweredData(
            writing: answers, to: prompts, topLogprobs: 5, path: path)
        #expect(data.shortTokens == 2 && data.written == 1)
        let line = try JSONLinesFile(path).object(0)
        #expect(line["logprobs"]?["content"]?.array?.count == 2)
    }

    @Test("has no tokens for the student where most answers are cut otherwise")
    func rarelyAligned() throws {
        let bench = try Bench { request in
            let pieces = request.question == "0" ? ["the"] : ["t", "h", "e"]
            let entries = pieces.map {
                #"{"token":"\#($0)","logprob":-1,"top_logprobs":[{"token":"\#($0)","logprob":-1}]}"#
            }
            let list = entries.joined(separator: ",")
            return .ok(Bench.answer("the", logprobs: #"{"content":[\#(list)]}"#))
        }
        bench.recipe.topLogprobs = 1
        let tokenizer = try Tokenizer(
            contentsOf: fixtures + "/tokenizers/bpe_smollm/tokenizer.json")
        let mapper = try AnswerMapper(tokenizer, topCount: 1)
        func map(_ count: Int) throws -> [MappedAnswer?] {
            let teacher = try EndpointTeacher(bench.recipe, seed: 7)
            return try mapper.map(
                teacher.answers(to: Bench.prompts(count), journal: bench.journal))
        }
        #expect(try map(2).map { $0 == nil } == [false, true])
        let difference = TokenDifference(answer: 1, token: 0, teacher: "t", student: "the")
        #expect(throws: MappingError.rarelyAligned(aligned: 1, count: 3, difference)) {
            _ = try map(3)
        }
    }

    @Test("stops when asked to, and goes on later")
    func stopped() throws {
        let bench = try Bench { .late(0.05, body: Bench.answer("to " + $0.question)) }
        bench.recipe.concurrency = 1
        #expect(
            throws: EndpointError.stopped(answered: 4, count: 9, journal: bench.journal)
        ) {
            try bench.ask(9) { bench.server.requests.count >= 4 }
        }
        #expect(bench.server.requests.count == 4)
        #expect(try bench.ask(9).map(\.text) == (0..<9).map { "to \($0)" })
        #expect(bench.server.requests.count == 9)
    }

    @Test("keeps what others answered when one is refused")
    func partly() throws {
        let bench = try Bench { request in
            request.question == "3"
                ? .response(400, body: "too long")
                : .late(0.1, body: Bench.answer("a"))
        }
        bench.recipe.concurrency = 8
        #expect(bench.failure(8).contains("status 400 for data.jsonl:4: too long"))
        #expect(try EndpointJournal(bench.journal).count == 7)
    }

    @Test("writes the key nowhere, and refuses answers that hold it")
    func secrecy() throws {
        let bench = try Bench { request in
            request.question == "1" && request.number < 3
                ? .response(500, body: "echo \(request.headers)")
                : .ok(Bench.answer("a"))
        }
        bench.recipe.apiKeyVariable = VariableName("KEY")
        _ = try bench.ask(2)
        #expect(bench.events.contains { if case .retrying = $0 { true } else { false } })
        #expect(!"\(bench.events)".contains(Bench.key))
        let teacher = try EndpointTeacher(bench.recipe, seed: 7) { _ in Bench.key }
        var shown = ""
        dump(teacher, to: &shown)
        #expect(!shown.contains(Bench.key) && !"\(teacher)".contains(Bench.key))

        let escaped = Bench.key.replacing("-", with: "\\u002d")
        for text in [Bench.key, escaped] {
            let thief = try Bench { _ in .ok(Bench.answer("it is " + text)) }
            thief.recipe.apiKeyVariable = VariableName("KEY")
            #expect(thief.failure().contains("the server sent the API key back"))
            #expect(!thief.failure().contains(Bench.key))
            #expect(try EndpointJournal(thief.journal).count == 0)
            #expect(try !holds(Bench.key, thief.folder.path))
        }
        #expect(try !holds(Bench.key, bench.folder.path))
    }

    private func holds(_ text: String, _ folder: String) throws -> Bool {
        try Folder.names(in: folder).contains { name in
            try MappedFile(folder + "/" + name).contents.contains(Array(text.utf8))
        }
    }

    @Test("says what is wrong with the key's variable")
    func keys() throws {
        var recipe = EndpointRecipe()
        #expect(throws: EndpointError.noAddress) { try EndpointTeacher(recipe, seed: 1) }
        recipe.url = try #require(EndpointAddress("http://a"))
        recipe.apiKeyVariable = VariableName("KEY")
        for value in [nil, ""] {
            #expect(throws: EndpointError.noKey(variable: "KEY")) {
                try EndpointTeacher(recipe, seed: 1) { _ in value }
            }
        }
        for value in ["a b", "a\r\nX: y", "é", "a\n"] {
            #expect(throws: EndpointError.badKey(variable: "KEY")) {
                try EndpointTeacher(recipe, seed: 1) { _ in value }
            }
        }
        #expect(try EndpointTeacher(recipe, seed: 1) { _ in "k" }.exposesKey)
        recipe.url = try #require(EndpointAddress("http://localhost"))
        #expect(try !EndpointTeacher(recipe, seed: 1) { _ in "k" }.exposesKey)
    }

    @Test("refuses rows without a question")
    func prompts() throws {
        func prompt(_ text: String) throws -> TeacherPrompt {
            try TeacherPrompt(row: try #require(JSONParser.parse(text).object), place: "d:2")
        }
        #expect(throws: EndpointError.badPrompt(place: "d:2", reason: .noMessages)) {
            try prompt(#"{"text":"a"}"#)
        }
        #expect(throws: EndpointError.nothingAsked(place: "d:2")) {
            try prompt(#"{"messages":[{"role":"assistant","content":"a"}]}"#)
        }
    }
}
