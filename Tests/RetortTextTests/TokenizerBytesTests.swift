import RetortFiles
import Testing

@testable import RetortText

@Suite("The bytes of tokens")
struct TokenizerBytesTests {
    private static func tokenizer(_ name: String) throws -> Tokenizer {
        try Tokenizer(
            contentsOf: TokenizerGolden.fixtures.appending(path: name + "/tokenizer.json").path)
    }

    @Test(
        "join to the text",
        arguments: ["bpe_gpt2", "bpe_llama3", "bpe_qwen2", "bpe_smollm", "bpe_llama2_first"])
    func join(_ name: String) throws {
        let tokenizer = try Self.tokenizer(name)
        for text in ["Hello there,  12 cats!\n", "naïve – 日本 🧪 \u{1}", " lead", "a"] {
            let ids = try tokenizer.encode(text, addSpecialTokens: false)
            let pieces = try ids.map { try #require(tokenizer.bytes(of: $0)) }
            let addsSpace = name == "bpe_llama2_first" && !text.hasPrefix(" ")
            let expected = addsSpace ? " " + text : text
            #expect(Array(pieces.joined()) == Array(expected.utf8), "\(text)")
        }
    }

    @Test("are those of the name for special tokens, and none for unused ids")
    func special() throws {
        let tokenizer = try Self.tokenizer("bpe_smollm")
        #expect(tokenizer.bytes(of: 2) == Array("<|im_end|>".utf8))
        #expect(tokenizer.bytes(of: -1) == nil && tokenizer.bytes(of: 1 << 30) == nil)
    }

    @Test("are single where no other token covers them")
    func byteTokens() throws {
        let tokenizer = try Self.tokenizer("bpe_llama2_first")
        let id = try #require(tokenizer.id(of: "<0xE2>"))
        #expect(tokenizer.byteToken(id) == 0xe2 && tokenizer.bytes(of: id) == [0xe2])
        #expect(try Self.tokenizer("bpe_smollm").byteToken(5) == nil)
    }

    @Test("are not known where tokens depend on their neighbours")
    func wordPiece() throws {
        let tokenizer = try Self.tokenizer("wordpiece_uncased")
        let id = try #require(try tokenizer.encode("the", addSpecialTokens: false).first)
        #expect(tokenizer.bytes(of: id) == nil)
    }
}
