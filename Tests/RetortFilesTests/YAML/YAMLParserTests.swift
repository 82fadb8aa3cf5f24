import RetortFiles
import Testing

@Suite("YAML parser")
struct YAMLParserTests {
    @Test("reads the good files as they are meant", arguments: try YAMLGolden.cases())
    func good(_ golden: YAMLGolden) throws {
        guard let expected = golden.expected else { return }
        #expect(try YAMLParser.parse(golden.bytes).json.canonical == expected.canonical)
    }

    @Test("refuses the malformed files and says why", arguments: try YAMLGolden.cases())
    func malformed(_ golden: YAMLGolden) throws {
        guard golden.expected == nil, !golden.isRecipeLevel else { return }
        let error = try #require(throws: YAMLError.self) { try YAMLParser.parse(golden.bytes) }
        let said = error.description.lowercased()
        for wanted in golden.mustMention {
            #expect(wanted.lowercased().split(separator: "|").contains { said.contains($0) })
        }
        #expect(!said.contains("\n"))
    }

    @Test(
        "resolves plain scalars by the core schema",
        arguments: [
            ("no", .string("no")), ("on", .string("on")), ("NULL", .null), ("~", .null),
            ("True", .bool(true)), ("tRUE", .string("tRUE")), ("FALSE", .bool(false)),
            ("0", .integer(0)), ("-0", .integer(0)), ("+12", .integer(12)), ("010", .integer(10)),
            ("0o17", .integer(15)), ("0o18", .string("0o18")), ("0xFf", .integer(255)),
            ("0x", .string("0x")), ("-0x10", .string("-0x10")), ("1_000", .string("1_000")),
            ("1e-3", .number(0.001)), ("1.0e-3", .number(0.001)), ("1.", .number(1)),
            (".5", .number(0.5)), ("-.5E+1", .number(-5)), (".", .string(".")),
            ("1e", .string("1e")), ("e3", .string("e3")), ("1.2.3", .string("1.2.3")),
            ("12:30", .string("12:30")), ("2001-01-01", .string("2001-01-01")),
            ("-.INF", .number(-.infinity)), (".inf", .number(.infinity)), ("inf", .string("inf")),
            ("nan", .string("nan")), ("infinity", .string("infinity")),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .number(9_223_372_036_854_775_808)),
            ("0x8000000000000000", .number(9_223_372_036_854_775_808)),
            ("1e999", .number(.infinity)), ("\"1\"", .string("1")), ("'true'", .string("true")),
            ("٣", .string("٣")), ("１", .string("１")),
        ] as [(String, YAMLValue)])
    func scalars(_ text: String, _ value: YAMLValue) throws {
        #expect(try YAMLParser.parse("k: \(text)")["k"]?.value == value)
    }

    @Test("reads not-a-number", arguments: [".nan", ".NaN", ".NAN"])
    func notANumber(_ text: String) throws {
        guard case .number(let value) = try YAMLParser.parse(text).value else {
            Issue.record("not a number")
            return
        }
        #expect(value.isNaN)
    }

    @Test("keeps the place of every key and value")
    func positions() throws {
        let root = try YAMLParser.parse("a: 1\nb:\n  - x\n  - é: {k: v}\n")
        let members = try #require(root.members)
        #expect(members.map(\.position) == [.init(line: 1, column: 1), .init(line: 2, column: 1)])
        #expect(members[0].value.position == YAMLPosition(line: 1, column: 4))
        let inner = root["b"]?.elements?[1]
        #expect(inner?.members?.first?.position == YAMLPosition(line: 4, column: 5))
        #expect(inner?["é"]?["k"]?.position == YAMLPosition(line: 4, column: 12))
        #expect(root["a"]?.source == "1")
    }

    @Test(
        "reads JSON",
        arguments: [
            #"{"a":[1,2.5e3,null,true,"x\n\u00e9\/"],"b":{"c":{}}}"#,
            "{\n\t\"a\": [\n\t\t1,\n\t\t\"two\"\n\t],\n\t\"b\": {\"c\": []}\n}\n",
            "[]", "\"text\"", " {} ", #"{"https://x": "a: b # c"}"#,
            #"{"a": "\ud83d\ude00 \u0041", "b\\": "\\ud83d"}"#,
        ])
    func json(_ text: String) throws {
        #expect(try YAMLParser.parse(text).json.canonical == JSONParser.parse(text).canonical)
    }

    @Test(
        "places what is wrong",
        arguments: [
            ("a: 1\n\tb: 2", .tab, 2, 1), ("a: @x", .character, 1, 4),
            ("a: 'x\nb: 1\n", .openQuote, 1, 4), ("a: \"\\q\"", .escape, 1, 5),
            ("a: {b: 1\nc: 2", .openMap, 1, 4), ("a: 1\nb\nc: 2", .missingColon, 2, 1),
            ("a: 1\n b: 2", .unexpectedColon, 2, 3), ("a: b: c", .unexpectedColon, 1, 5),
            ("a:\n  - 1\n  b: 2", .indentation, 3, 3),
            ("a: [\n", .openList, 1, 4), ("a: {b: [1, {c:", .openMap, 1, 12),
            ("a: *.jsonl", .character, 1, 4), ("a: &", .character, 1, 4),
            ("", .empty, 1, 1), ("# only a comment\n", .empty, 1, 1),
            ("a: 1\n...\n---\nb: 1", .secondDocument, 3, 1),
            ("a: !!int 1", .tag("tag:yaml.org,2002:int"), 1, 4),
            ("{[a]: 1}", .keyNotText, 1, 2), ("?\n: 1", .keyNotText, 1, 2),
            ("<<: {a: 1}", .mergeKey, 1, 1),
            ("a: 1\nb: 2\na: 3", .duplicateKey("a", line: 1), 3, 1),
            ("a: 1\n\"a\": 3", .duplicateKey("a", line: 1), 2, 1),
            ("a: &x [*x]", .aliasCycle("x"), 1, 8), ("a: *x", .unknownAlias("x"), 1, 4),
            ("a: \u{1}", .controlCharacter(1), 1, 4),
            ("a: b\r\nc: \u{0}", .controlCharacter(0), 2, 4),
        ] as [(String, YAMLFault, Int, Int)])
    func faults(_ text: String, _ fault: YAMLFault, line: Int, column: Int) {
        let error = YAMLError(fault, at: YAMLPosition(line: line, column: column))
        #expect(throws: error) { try YAMLParser.parse(text) }
    }

    @Test("takes keys that differ in bytes for different keys")
    func bytewiseKeys() throws {
        let root = try YAMLParser.parse("\u{e9}: 1\ne\u{301}: 2\n\"<<\": 3\n")
        #expect(root["\u{e9}"]?.value == .integer(1))
        #expect(root["e\u{301}"]?.value == .integer(2))
        #expect(root["<<"]?.value == .integer(3))
    }

    @Test("resolves aliases, each at its own place")
    func aliases() throws {
        let root = try YAMLParser.parse("a: &a {x: [1, 2]}\nb: *a\nc: [*a, *a]\n")
        #expect(root["b"]?["x"] == root["a"]?["x"])
        #expect(root["b"]?.position == YAMLPosition(line: 2, column: 4))
        #expect(root["c"]?.elements?.count == 2)
    }

    @Test("bounds depth and number of values, aliases included")
    func bounds() throws {
        let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        #expect(throws: Never.self) { try YAMLParser.parse(deep) }
        #expect(throws: YAMLError.self) { try YAMLParser.parse("[\(deep)]") }
        let inner = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
        #expect(throws: YAMLError(.tooDeep(limit: 64), at: YAMLPosition(line: 2, column: 34))) {
            try YAMLParser.parse("a: &a \(inner)\nb:  \(String(repeating: "[", count: 29))*a")
        }
        let many = "a: &a [" + String(repeating: "x,", count: 400) + "]\nb: ["
        let few = String(repeating: "*a,", count: 200) + "]"
        #expect(throws: Never.self) { try YAMLParser.parse(many + few) }
        let most = String(repeating: "*a,", count: 300) + "]"
        #expect(throws: YAMLError.self) { try YAMLParser.parse(many + most) }
        #expect(throws: YAMLError(.tooLong(limit: 8), at: YAMLPosition(line: 1, column: 1))) {
            try YAMLParser.parse(Array("123456789".utf8), maximumLength: 8)
        }
    }

    @Test("survives damage to every byte", arguments: try YAMLGolden.cases())
    func damage(_ golden: YAMLGolden) {
        guard golden.bytes.count < 600 else { return }
        let replacements: [UInt8] = [0, 9, 10, 34, 38, 42, 58, 91, 123, 45, 255]
        for index in golden.bytes.indices {
            var bytes = golden.bytes
            bytes[index] = replacements[index % replacements.count]
            _ = try? YAMLParser.parse(bytes)
            _ = try? YAMLParser.parse(Array(golden.bytes[..<index]))
        }
    }
}
