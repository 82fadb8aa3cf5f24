import RetortFiles
import Testing

@Suite("YAML writer")
struct YAMLWriterTests {
    @Test(
        "quotes what would not be read back as text",
        arguments: [
            "plain", "a/b.gguf", "", " ", "no", "null", "~", "true", "12", "1e3", ".inf", "0x1F",
            "-", "- a", "a: b", "a #b", "#", "[a]", "{", "*a", "&a", "!a", "%", "@", "`", "|", ">",
            "'", "\"", "\\", "a\nb", "\t", "\r\n", "\u{0}", "\u{7f}", "\u{85}", "\u{2028}",
            "\u{feff}", "é", "e\u{301}", "你好", "😀", "---", "...", "=", "<<", "?", ",", " a ",
        ])
    func text(_ text: String) throws {
        let node = YAMLNode(.mapping([YAMLMember(text, value: YAMLNode(.string(text)))]))
        let back = try YAMLParser.parse(YAMLWriter.write(node))
        let member = try #require(back.members?.first)
        #expect(member.key.utf8.elementsEqual(text.utf8))
        guard case .string(let value) = member.value.value else {
            Issue.record("not read back as text")
            return
        }
        #expect(value.utf8.elementsEqual(text.utf8))
    }

    @Test(
        "writes numbers that read back to the same bits",
        arguments: [
            0, -0.0, 1, 1e-8, 0.1, 1e16, 1e300, .leastNonzeroMagnitude, .pi, .infinity, -.infinity,
            0.9999,
        ])
    func number(_ value: Double) throws {
        let text = YAMLWriter.write(YAMLNode(.number(value)))
        guard case .number(let back) = try YAMLParser.parse(text).value else {
            Issue.record("\(text) is not read back as a number")
            return
        }
        #expect(back.bitPattern == value.bitPattern)
    }

    @Test("writes maps as blocks and lists on one line")
    func layout() throws {
        let text = "a: 1\nb:\n  c: [x, {d: null}, []]\n  e: {}\nf: true\n"
        #expect(YAMLWriter.write(try YAMLParser.parse(text)) == text)
    }

    @Test("writes what the good files hold", arguments: try YAMLGolden.cases())
    func golden(_ golden: YAMLGolden) throws {
        guard golden.expected != nil else { return }
        let node = try YAMLParser.parse(golden.bytes)
        #expect(try YAMLParser.parse(YAMLWriter.write(node)).json == node.json)
    }
}
