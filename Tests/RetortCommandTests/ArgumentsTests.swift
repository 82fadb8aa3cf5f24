import Testing

@testable import RetortCommand

@Suite("Arguments")
struct ArgumentsTests {
    static let help = CommandHelp(
        name: "try", summary: "", discussion: "",
        arguments: [
            .init(name: "FILE", meaning: ""), .init(name: "TEXT", meaning: "", isRequired: false),
        ],
        options: [
            .flag("--json", ""), .value("--count", "N", ""), .repeated("--set", "KEY=VALUE", ""),
            .optionalValue("--resume", "CHECKPOINT", ""), .value("--temperature", "T", ""),
        ], examples: [])

    private func parse(_ words: [String]) throws(UsageError) -> Arguments {
        try Arguments(words, for: Self.help)
    }

    @Test("take options before, between and after arguments, with a space or an equals sign")
    func options() throws {
        let arguments = try parse(["--count", "3", "f", "--json", "t", "--set=a=b", "--set", "c=d"])
        #expect(arguments.value("FILE") == "f")
        #expect(arguments.value("TEXT") == "t")
        #expect(try arguments.integer("--count", in: 1...9) == 3)
        #expect(arguments.has("--json"))
        #expect(arguments.values("--set") == ["a=b", "c=d"])
        #expect(!arguments.has("--resume"))
        #expect(arguments.value("--temperature") == nil)
    }

    @Test("take negative numbers, dashes and empty text as values")
    func dashes() throws {
        #expect(try parse(["f", "--count", "-3"]).integer("--count", in: -9...9) == -3)
        #expect(try parse(["f", "--count=--x"]).value("--count") == "--x")
        #expect(try parse(["f", "--count="]).value("--count") == "")
        #expect(try parse(["-"]).value("FILE") == "-")
        #expect(try parse(["--", "--json", "-x"]).value("TEXT") == "-x")
    }

    @Test(
        "leave an argument to the command where an option's value may be left out",
        arguments: [
            (["f", "--resume"], nil), (["f", "--resume", "c"], "c"), (["--resume", "f"], nil),
            (["--resume=c", "f"], "c"), (["--resume", "c", "f"], "c"),
            (["f", "--resume", "--json"], nil),
        ] as [([String], String?)])
    func optionalValue(_ words: [String], _ value: String?) throws {
        let arguments = try parse(words)
        #expect(arguments.has("--resume"))
        #expect(arguments.value("--resume") == value)
        #expect(arguments.value("FILE") == "f")
    }

    @Test(
        "are refused",
        arguments: [
            ([], .missing("FILE")), (["a", "b", "c"], .leftover("c")),
            (["f", "--jsn"], .unknownOption("--jsn", nearest: "--json")),
            (["f", "--wonder"], .unknownOption("--wonder", nearest: nil)),
            (["f", "-j"], .unknownOption("-j", nearest: nil)),
            (["f", "--count"], .missingValue("--count", placeholder: "N")),
            (["f", "--count", "--json"], .missingValue("--count", placeholder: "N")),
            (["f", "--json=yes"], .unexpectedValue("--json")),
            (["f", "--json", "--json"], .repeated("--json")),
        ] as [([String], UsageError)])
    func refused(_ words: [String], _ error: UsageError) {
        #expect(throws: error) { try parse(words) }
    }

    @Test("refuse values of another type or range")
    func badValues() throws {
        #expect(
            throws: UsageError.badValue(
                "--count", expected: "a whole number from 1 to 9", found: "x")
        ) { try parse(["f", "--count", "x"]).integer("--count", in: 1...9) }
        #expect(
            throws: UsageError.badValue(
                "--count", expected: "a whole number, at least 1", found: "0")
        ) { try parse(["f", "--count", "0"]).integer("--count", in: 1...Int.max) }
        for text in ["nan", "inf", "3", "-1", "", "1 "] {
            #expect(throws: UsageError.self) {
                try parse(["f", "--temperature=\(text)"]).number("--temperature", in: 0...2)
            }
        }
    }
}
