import Foundation
import RetortFiles
import Testing

@testable import RetortText

@Suite("Tokenizer")
struct TokenizerTests {
    @Test(
        "gives the peers' ids, offsets and texts",
        arguments: TokenizerGolden.cases(in: [TokenizerGolden.fixtures], with: "tokenizer.json"))
    func fixtures(_ golden: TokenizerGolden) throws {
        #expect(try golden.compare(Tokenizer(contentsOf: golden.path("tokenizer.json"))) > 400)
    }

    @Test(
        "gives the peers' ids, offsets and texts for every kind of tokenizer.json",
        .enabled(if: TokenizerGolden.hasShared, "needs ../shared/goldens"),
        arguments: TokenizerGolden.cases(in: TokenizerGolden.shared, with: "tokenizer.json"))
    func shared(_ golden: TokenizerGolden) throws {
        #expect(try golden.compare(Tokenizer(contentsOf: golden.path("tokenizer.json"))) > 400)
    }

    @Test(
        "gives SentencePiece's ids and texts for its models",
        .enabled(if: TokenizerGolden.hasShared, "needs ../shared/goldens"),
        arguments: TokenizerGolden.cases(in: TokenizerGolden.shared, with: "tokenizer.model"))
    func sentencePiece(_ golden: TokenizerGolden) throws {
        #expect(try golden.compare(Tokenizer(contentsOf: golden.path("tokenizer.model"))) > 400)
    }

    @Test(
        "gives mistral-common's ids and texts for tekken files",
        .enabled(if: TokenizerGolden.hasShared, "needs ../shared/goldens"),
        arguments: TokenizerGolden.cases(in: TokenizerGolden.shared, with: "tekken.json.zst"))
    func tekken(_ golden: TokenizerGolden) throws {
        var content: [UInt8] = []
        try ZstdFile(golden.path("tekken.json.zst")).forEachPiece { piece in
            piece.withUnsafeBytes { content.append(contentsOf: $0) }
        }
        let tokenizer = try Tokenizer(json: content, path: "tekken.json")
        #expect(try golden.compare(tokenizer, decodesWithoutSpecial: true) > 400)
    }
}
