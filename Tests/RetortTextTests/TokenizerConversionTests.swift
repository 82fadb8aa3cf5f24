import Foundation
import RetortFiles
import Testing

@testable import RetortText

@Suite("Converting tokenizers")
struct TokenizerConversionTests {
    private func tokenizer(_ name: String) throws -> Tokenizer {
        let folder = TokenizerGolden.fixtures.appending(path: name)
        return try Tokenizer(contentsOf: folder.appending(path: "tokenizer.json").path)
    }

    @Test(
        "tokenizer.json to GGUF and back keeps all ids",
        arguments: [
            ("bpe_smollm", "smollm"), ("bpe_gpt2", "gpt-2"), ("bpe_llama3", "llama-bpe"),
            ("bpe_qwen2", "qwen2"),
        ])
    func roundTrip(name: String, preTokenizer: String) throws {
        let golden = TokenizerGolden(folder: TokenizerGolden.fixtures.appending(path: name))
        var original = try tokenizer(name)
        original.roles.bosID = 0
        let fields = try original.ggufFields(count: original.vocabularySize + 3, path: name)
        #expect(fields.preTokenizer == preTokenizer)
        #expect(fields.tokens.count == original.vocabularySize + 3)
        #expect(fields.types.last == .unused)
        #expect(fields.addsBOS == (name == "bpe_llama3"))

        var metadata = GGUFMetadata()
        for (key, value) in fields.metadata { metadata[key] = value }
        let read = try GGUFTokenizerFields(metadata, path: name)
        #expect(read == fields)
        let again = try Tokenizer(read, path: name)
        for row in try golden.lines("cases.jsonl") {
            guard row["pair"] == nil, let text = row["text"]?.string else { continue }
            #expect(try again.encode(text) == row["ids"]?.integers)
        }
    }

    @Test("a tokenizer that GGUF has no name for is refused")
    func unnamed() throws {
        #expect(throws: TokenizerError.self) {
            try tokenizer("unigram_albert").ggufFields(path: "unigram_albert")
        }
    }

    @Test(
        "the real GGUF vocabulary becomes a tokenizer.json with the same ids",
        .enabled(if: TokenizerGGUFTests.hasModel, "needs ../shared/goldens and the real model"))
    func fromGGUF() throws {
        let original = try Tokenizer(GGUFFile(TokenizerGGUFTests.model))
        let written = try Tokenizer(json: original.serialized(path: "written"), path: "written")
        let golden = TokenizerGolden(
            folder: TokenizerGolden.shared[0].appending(path: "gguf_smollm2-135m-instruct"))
        #expect(try golden.compare(written) > 700)
    }
}
