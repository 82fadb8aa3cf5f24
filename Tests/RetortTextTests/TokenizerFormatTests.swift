import Foundation
import RetortFiles
import Testing

@testable import RetortText

@Suite("A tokenizer.json file")
struct TokenizerFormatTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let entry: JSONValue
        var name: String { entry["file"]?.string ?? "" }
        var testDescription: String { name }
        var path: String { TokenizerFormatTests.folder.appending(path: name).path }
    }

    static let folder = TokenizerGolden.fixtures.deletingLastPathComponent()
        .appending(path: "formats")

    static func cases(valid: Bool) throws -> [Case] {
        let all = try JSONValue(contentsOf: folder.appending(path: "tokenizer.json").path)
        let cases = (all.array ?? []).filter { $0["valid"]?.bool == valid }.map(Case.init)
        try #require(!cases.isEmpty)
        return cases
    }

    @Test("is read when it is good", arguments: try cases(valid: true))
    func good(_ good: Case) throws {
        let tokenizer = try Tokenizer(contentsOf: good.path)
        for (text, ids) in good.entry["expect"]?.object?.members ?? [] {
            #expect(try tokenizer.encode(text) == ids.integers)
        }
    }

    @Test(
        "is refused in one clear sentence when it is malformed", arguments: try cases(valid: false))
    func malformed(_ malformed: Case) throws {
        let error = try #require(throws: (any Error).self) {
            try Tokenizer(contentsOf: malformed.path)
        }
        let message = "\(error)"
        #expect(message.contains(malformed.path) && !message.contains("\n"))
        for wanted in malformed.entry["must_mention"]?.array ?? [] {
            let choices = (wanted.string ?? "").split(separator: "|")
            #expect(
                choices.contains { message.localizedCaseInsensitiveContains($0) },
                "\(message) should mention \(wanted)")
        }
    }

    @Test("survives being cut anywhere and damaged at any byte")
    func damaged() throws {
        let path = TokenizerGolden.fixtures.appending(path: "bpe_llama3/tokenizer.json").path
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        var random = SystemRandomNumberGenerator()
        for _ in 0..<60 {
            let cut = Array(bytes[..<Int.random(in: 0..<bytes.count, using: &random)])
            #expect(throws: TokenizerError.self) { try Tokenizer(json: cut, path: "cut") }
            var damaged = bytes
            for _ in 0..<3 {
                damaged[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255)
            }
            _ = try? Tokenizer(json: damaged, path: "damaged").encode("Hello 123 wörld")
        }
    }

    @Test(
        "is written so that it reads back the same",
        arguments: TokenizerGolden.cases(in: [TokenizerGolden.fixtures], with: "tokenizer.json"))
    func writing(_ golden: TokenizerGolden) throws {
        let original = try JSONValue(contentsOf: golden.path("tokenizer.json"))
        let tokenizer = try Tokenizer(original, path: "original")
        let written = try JSONParser.parse(tokenizer.serialized(path: "written"))
        #expect(try golden.compare(Tokenizer(written, path: "written")) > 400)
        for key in ["added_tokens", "normalizer", "model", "decoder", "post_processor"] {
            #expect(
                written[key]?.sorted == original[key]?.sorted, "\(key) of \(golden.testDescription)"
            )
        }
    }
}

extension JSONValue {
    /// The value with the keys of all objects in order.
    fileprivate var sorted: JSONValue {
        switch self {
        case .array(let elements): .array(elements.map(\.sorted))
        case .object(let object):
            .object(
                JSONObject(
                    object.members.map { ($0.key, $0.value.sorted) }.sorted { $0.0 < $1.0 }))
        default: self
        }
    }
}
