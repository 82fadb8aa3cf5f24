import Foundation
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
}
