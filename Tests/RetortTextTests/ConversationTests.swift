import RetortFiles
import Testing

@testable import RetortText

@Suite("Conversation")
struct ConversationTests {
    @Test("keeps messages, tools and reasoning")
    func good() throws {
        let row = """
            {"id": 7, "messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]},
            {"role": "assistant", "content": null, "reasoning": "r",
             "tool_calls": [{"function": {"name": "f", "arguments": {}}}]}],
            "tools": [{"type": "function"}], "chat_template_kwargs": {"enable_thinking": false}}
            """
        let conversation = try Conversation(row: JSONParser.parse(row))
        #expect(conversation.messages.count == 2)
        #expect(conversation.tools?.count == 1)
        #expect(conversation.messages[1]["reasoning_content"] == .string("r"))
        #expect(conversation.messages[1]["thinking"] == .string("r"))
        #expect(conversation.variables["enable_thinking"] == .bool(false))
    }

    @Test(
        "names what is wrong",
        arguments: [
            ("[1]", ConversationError.notAnObject(found: "a list")),
            (#"{"text": "a"}"#, .noMessages), (#"{"messages": []}"#, .empty),
            (
                #"{"messages": "a"}"#,
                .wrongType(path: "messages", found: "a string", expected: "a list")
            ),
            (
                #"{"messages": [1]}"#,
                .wrongType(path: "messages[0]", found: "a number", expected: "an object")
            ),
            (#"{"messages": [{"content": "a"}]}"#, .missing(path: "messages[0].role")),
            (
                #"{"messages": [{"role": "wizard", "content": "a"}]}"#,
                .unknownRole(path: "messages[0].role", role: "wizard")
            ),
            (#"{"messages": [{"role": "user"}]}"#, .missing(path: "messages[0].content")),
            (#"{"messages": [{"role": "assistant"}]}"#, .missing(path: "messages[0].content")),
            (
                #"{"messages": [{"role": "user", "content": null}]}"#,
                .wrongType(
                    path: "messages[0].content", found: "null",
                    expected: "a string or a list of parts")
            ),
            (
                #"{"messages": [{"role": "user", "content": [{"type": "text"}]}]}"#,
                .missing(path: "messages[0].content[0].text")
            ),
            (
                #"{"messages": [{"role": "assistant", "tool_calls": [{"function": {}}]}]}"#,
                .missing(path: "messages[0].tool_calls[0].function.name")
            ),
            (
                #"{"messages": [{"role": "user", "content": "a"}], "tools": {}}"#,
                .wrongType(path: "tools", found: "an object", expected: "a list")
            ),
        ])
    func faulty(_ row: String, _ expected: ConversationError) {
        #expect(throws: expected) { _ = try Conversation(row: JSONParser.parse(row)) }
    }
}

@Suite("Supervised text")
struct SupervisedTextTests {
    @Test("labels tokens that lie in a trained range, and only those")
    func labels() {
        let text = SupervisedText(text: "abcdefghij", trained: [6..<8, 2..<5, 4..<6, 9..<9])
        #expect(text.trained == [2..<8])
        let offsets = [0..<0, 0..<2, 1..<3, 2..<4, 4..<4, 4..<8, 7..<9, 8..<10]
        let labels = text.labels(ids: [1, 2, 3, 4, 5, 6, 7, 8], offsets: offsets)
        #expect(labels == [-100, -100, -100, 4, -100, 6, -100, -100])
    }

    @Test("labels two ranges apart, and nothing without ranges")
    func apart() {
        let text = SupervisedText(text: "abcdef", trained: [1..<2, 4..<6])
        let offsets = (0..<6).map { $0..<($0 + 1) }
        #expect(text.labels(ids: Array(0..<6), offsets: offsets) == [-100, 1, -100, -100, 4, 5])
        let none = SupervisedText(text: "abc", trained: [])
        #expect(none.labels(ids: [1, 2], offsets: [0..<1, 1..<3]) == [-100, -100])
    }
}
