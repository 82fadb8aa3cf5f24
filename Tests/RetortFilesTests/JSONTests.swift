import RetortFiles
import Testing

@Suite("JSON")
struct JSONTests {
    private let value: JSONValue = .object(
        JSONObject([
            ("z", .array([.integer(1), .number(0.5), .null, .bool(true), .array([])])),
            ("a", .object(JSONObject())),
            ("text", .string("\u{1}\u{1f}\u{7f}\"\\/\n\t\r\u{8}\u{c} é 你 😀")),
            ("one", .object(JSONObject([("k", .integer(-2))]))),
        ]))

    @Test("writes as Python's json.dumps does")
    func layouts() {
        let text = "\"\\u0001\\u001f\u{7f}\\\"\\\\/\\n\\t\\r\\b\\f é 你 😀\""
        #expect(
            value.serialized()
                == "{\"z\":[1,0.5,null,true,[]],\"a\":{},\"text\":\(text),\"one\":{\"k\":-2}}")
        #expect(
            value.serialized(.spaced)
                == "{\"z\": [1, 0.5, null, true, []], \"a\": {}, \"text\": \(text), "
                + "\"one\": {\"k\": -2}}")
        #expect(
            value.serialized(.indented(2)) == """
                {
                  "z": [
                    1,
                    0.5,
                    null,
                    true,
                    []
                  ],
                  "a": {},
                  "text": \(text),
                  "one": {
                    "k": -2
                  }
                }
                """)
    }

    @Test(
        "writes numbers as Python does",
        arguments: [
            (1.0, "1.0"), (-0.0, "-0.0"), (0.1, "0.1"), (1e-4, "0.0001"), (1e-5, "1e-05"),
            (1e15, "1000000000000000.0"), (9_232_010_067_291_794, "9232010067291794.0"),
            (-9.11583905282387e15, "-9115839052823870.0"), (1e16, "1e+16"),
            (1.2345678901234568e17, "1.2345678901234568e+17"), (1e100, "1e+100"),
            (.leastNonzeroMagnitude, "5e-324"), (.infinity, "Infinity"), (-.infinity, "-Infinity"),
            (.nan, "NaN"),
        ])
    func numbers(number: Double, text: String) {
        #expect(JSONValue.number(number).serialized() == text)
    }

    @Test("reads back what it wrote", arguments: [JSONLayout.compact, .spaced, .indented(4)])
    func roundTrip(layout: JSONLayout) throws {
        #expect(try JSONParser.parse(value.serializedBytes(layout)) == value)
    }

    @Test("keeps keys apart that Unicode calls equivalent")
    func exactKeys() throws {
        let object = try JSONParser.parse("{\"\u{e9}\": 1, \"e\u{301}\": 2}")
        #expect(object["\u{e9}"] == .integer(1))
        #expect(object["e\u{301}"] == .integer(2))
    }

    @Test(
        "refuses what is not JSON",
        arguments: [
            "", " ", "{", "[1,]", "{\"a\":1,}", "[1 2]", "01", "-", "1.", ".5", "1e", "+1", "1e999",
            "NaN", "Infinity", "nul", "truefalse", "'a'", "\"a", "\"\\x\"", "\"\\u12\"",
            "\"\\u+123\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\u{1}\"", "{1:2}",
            "{\"a\" 1}", "{\"a\":1 \"b\":2}", "[] []", "// x\n1", "{\"a\":1,\"a\":2}", "\u{feff}1",
        ])
    func malformed(text: String) {
        #expect(throws: JSONError.self) { try JSONParser.parse(text) }
    }

    @Test("names the line of a file that goes wrong")
    func file() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(Array("{\n  \"a\": 1,\n  \"b\": ,\n}".utf8), to: "x.json")
        #expect {
            try JSONValue(contentsOf: path)
        } throws: {
            "\($0)".hasPrefix("\(path):3: JSON has ',' at byte 19")
        }
    }

    @Test("refuses deep nesting without running out of stack")
    func deep() {
        let text = String(repeating: "[", count: 100_000)
        #expect(throws: JSONError.tooDeep(limit: 256, offset: 256)) { try JSONParser.parse(text) }
    }
}
