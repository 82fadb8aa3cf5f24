import RetortFiles
import Testing

@Suite("JSONLinesFile")
struct JSONLinesFileTests {
    @Test("reads good files", arguments: try FormatCase.all("jsonl_chat", valid: true))
    func good(_ golden: FormatCase) throws {
        let file = try JSONLinesFile(golden.path)
        #expect(file.count == golden.expected?["examples"]?.integer)
        for index in 0..<file.count {
            let object = try file.object(index)
            #expect(object["messages"]?.array?.count == 2)
            if file.lineNumber(index) == golden.expected?["line"]?.integer {
                let text = object["messages"]?.array?.first?["content"]?.string
                #expect(text == golden.expected?["user_text"]?.string)
            }
        }
    }

    @Test("refuses files whose lines are no objects", arguments: try malformedContainers())
    func malformed(_ golden: FormatCase) {
        golden.expectRefusal {
            let file = try JSONLinesFile(golden.path)
            for index in 0..<file.count { _ = try file.object(index) }
        }
    }

    @Test("counts blank lines")
    func blankLines() throws {
        let file = try JSONLinesFile(fixtures + "/formats/jsonl/good_blank_lines.jsonl")
        #expect((0..<file.count).map(file.lineNumber) == [2, 4, 6, 8, 10, 12, 14, 16, 18])
    }

    /// The others are faults of the conversation, not of the lines.
    private static func malformedContainers() throws -> [FormatCase] {
        try FormatCase.all("jsonl_chat", valid: false).filter { golden in
            !["messages_", "role_", "content_"].contains { golden.file.contains("/" + $0) }
        }
    }
}
