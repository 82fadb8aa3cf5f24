import RetortFiles
import Testing

@testable import RetortTraining

@Suite("An answer of the protocol")
struct ChatResponseTests {
    private func answer(_ body: [UInt8], tokens: Bool = true) throws -> TeacherAnswer {
        try ChatResponse(body).answer(index: 3, wantsTokens: tokens)
    }

    private func answer(_ text: String, tokens: Bool = true) throws -> TeacherAnswer {
        try answer(Array(text.utf8), tokens: tokens)
    }

    private func choice(_ content: String, _ logprobs: String = "null") -> String {
        #"{"choices":[{"message":{"role":"assistant","content":\#(content)},"#
            + #""finish_reason":"stop","logprobs":\#(logprobs)}],"#
            + #""usage":{"prompt_tokens":5,"completion_tokens":2}}"#
    }

    private func logprobs(_ entries: String) -> String { #"{"content":[\#(entries)]}"# }

    @Test("gives message, reason, usage and sorted tokens")
    func whole() throws {
        let entries =
            #"{"token":"a","logprob":-1.5,"bytes":[97],"top_logprobs":["#
            + #"{"token":"a","logprob":-1.5},{"token":"b","logprob":-0.5,"bytes":null}]},"#
            + #"{"token":"\n","logprob":1e-7,"top_logprobs":[]}"#
        let answer = try answer(choice(#""a\n""#, logprobs(entries)))
        #expect(answer.index == 3 && answer.text == "a\n" && answer.finishReason == "stop")
        #expect(answer.usage == TokenUsage(prompt: 5, answer: 2))
        let tokens = try #require(answer.tokens)
        #expect(tokens.count == 2)
        #expect(tokens[0].alternatives.map(\.logProbability) == [-0.5, -1.5])
        #expect(tokens[1].chosen == TokenProbability(bytes: [10], logProbability: 0))
        #expect(answer.flaw == nil)
    }

    @Test("takes bytes where they are given, and knows when they are not known")
    func bytes() throws {
        let entries =
            #"{"token":"\ufffd","logprob":-1,"bytes":[240,159],"top_logprobs":["#
            + #"{"token":"","logprob":-2},{"token":"\ufffd","logprob":-3,"bytes":[239,191,189]},"#
            + #"{"token":"x","logprob":-Infinity}]}"#
        let token = try #require(answer(choice(#""x""#, logprobs(entries))).tokens?.first)
        #expect(token.chosen.bytes == [240, 159])
        #expect(token.alternatives.map(\.bytes) == [nil, nil])
    }

    @Test("reads bodies that are not UTF-8")
    func invalidText() throws {
        let text = choice(
            "\"a!\"",
            logprobs(#"{"token":"!","logprob":-1,"top_logprobs":[{"token":"b","logprob":-1}]}"#))
        let body = Array(text.utf8).map { $0 == UInt8(ascii: "!") ? 0xf0 : $0 }
        let answer = try answer(body)
        #expect(answer.text == "a\u{fffd}")
        #expect(answer.tokens?.first?.chosen.bytes == nil)
    }

    @Test(
        "says when there are no log-probabilities",
        arguments: [
            "null", "{}", #"{"content":null}"#, #"{"content":[]}"#,
            #"{"content":[{"token":"a","logprob":-1,"top_logprobs":[]}]}"#, "7",
        ])
    func noLogProbabilities(_ logprobs: String) throws {
        #expect(throws: AnswerFault.noLogProbabilities) {
            try answer(choice(#""a""#, logprobs))
        }
        #expect(try answer(choice(#""a""#, logprobs), tokens: false).tokens == nil)
    }

    @Test(
        "refuses probabilities that are none",
        arguments: [
            (#"{"token":"a","logprob":0.5}"#, AnswerFault.badProbability(token: 0)),
            (#"{"token":"a","logprob":NaN}"#, .badProbability(token: 0)),
            (#"{"token":"a","logprob":-Infinity}"#, .badProbability(token: 0)),
            (#"{"token":"a","logprob":"-1"}"#, .badProbability(token: 0)),
            (#"{"logprob":-1}"#, .badProbability(token: 0)), ("3", .badProbability(token: 0)),
            (#"{"token":"a","logprob":-1,"bytes":[256]}"#, .badBytes(token: 0)),
            (#"{"token":"a","logprob":-1,"bytes":"a"}"#, .badBytes(token: 0)),
            (
                #"{"token":"a","logprob":-1,"top_logprobs":[{"token":"b","logprob":-0.1},{"token":"c","logprob":-0.1}]}"#,
                .tooProbable(token: 0)
            ),
        ])
    func refused(_ entry: String, _ fault: AnswerFault) {
        #expect(throws: fault) { try answer(choice(#""a""#, logprobs(entry))) }
    }

    @Test(
        "refuses what is no answer",
        arguments: [
            ("", AnswerFault.cut(offset: 0)), (#"{"choices":[{"mess"#, .cut(offset: 18)),
            ("<html>busy</html>", .notJSON(start: "<html>busy</html>")),
            ("[]", .missing("choices")), (#"{"choices":[]}"#, .missing("choices")),
            (#"{"choices":[{"text":"a"}]}"#, .missing("choices[0].message")),
            (#"{"error":{"message":"no such model"}}"#, .errorInside(message: "no such model")),
            (
                #"{"choices":[{"message":{"content":7}}]}"#,
                .missing("choices[0].message.content as text")
            ),
            (
                #"{"choices":[{"message":{"tool_calls":[{"function":{}}]}}]}"#,
                .badMessage(.missing(path: "messages[0].tool_calls[0].function.name"))
            ),
        ])
    func noAnswer(_ body: String, _ fault: AnswerFault) {
        #expect(throws: fault) { try answer(body, tokens: false) }
    }

    @Test("survives any cut and any changed byte")
    func fuzz() throws {
        let entries =
            #"{"token":"a","logprob":-1,"bytes":[97],"top_logprobs":[{"token":"b","logprob":-2}]}"#
        let body = Array(choice(#""a""#, logprobs(entries)).utf8)
        for end in 0..<body.count {
            #expect(throws: AnswerFault.self) { try answer(Array(body[..<end])) }
        }
        for at in body.indices {
            for byte in [UInt8(0), 0x22, 0x39, 0x5d, 0x7b, 0xff] {
                var changed = body
                changed[at] = byte
                _ = try? answer(changed)
            }
        }
    }

    @Test("keeps reasoning and calls of tools, and tells flaws")
    func messages() throws {
        let call = #"[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]"#
        let body =
            #"{"choices":[{"message":{"content":null,"reasoning_content":"hm","tool_calls":\#(call),"refusal":null},"#
            + #""finish_reason":"tool_calls"}]}"#
        let answer = try answer(body, tokens: false)
        #expect(answer.message.keys == ["role", "reasoning_content", "tool_calls", "content"])
        #expect(answer.flaw == nil && answer.text.isEmpty)
        for (reason, content, flaw) in [
            ("length", "a", TeacherAnswer.Flaw.cutOff), ("content_filter", "a", .filtered),
            ("stop", "", .empty),
        ] {
            let body =
                #"{"choices":[{"message":{"content":"\#(content)"},"finish_reason":"\#(reason)"}]}"#
            #expect(try self.answer(body, tokens: false).flaw == flaw)
        }
    }

    @Test(
        "finds the server's own words",
        arguments: [
            (#"{"error":{"message":"m","code":"c"}}"#, "m"), (#"{"error":"m"}"#, "m"),
            (#"{"message":"m"}"#, "m"), (#"{"detail":"m"}"#, "m"),
            (#"{"detail":[{"loc":["body"],"msg":"m"}]}"#, "m"), ("plain", "plain"), ("", ""),
        ])
    func words(_ body: String, _ message: String) {
        #expect(ChatResponse.message(inErrorBody: Array(body.utf8)) == message)
    }
}
