import Foundation
import RetortFiles
import Testing

@testable import RetortText

@Suite("Tokenizer of a GGUF file")
struct TokenizerGGUFTests {
    /// The real model, where it was fetched.
    static let model = TokenizerGolden.fixtures.deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Checkpoints/SmolLM2-135M-Instruct.Q4_1.gguf").path
    static var hasModel: Bool {
        TokenizerGolden.hasShared && FileManager.default.fileExists(atPath: model)
    }

    @Test(
        "gives the peers' ids and texts",
        .enabled(if: TokenizerGolden.hasShared, "needs ../shared/goldens"),
        arguments: TokenizerGolden.cases(in: TokenizerGolden.shared, with: "info.json"))
    func shared(_ golden: TokenizerGolden) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: golden.folder.path)
        guard let name = names.first(where: { $0.hasSuffix(".gguf.zst") }) else { return }
        let copy = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: copy) }
        var content = Data()
        try ZstdFile(golden.path(name)).forEachPiece { piece in
            piece.withUnsafeBytes { content.append(contentsOf: $0) }
        }
        try content.write(to: copy)
        let file = try GGUFFile(copy.path)
        #expect(try golden.compare(Tokenizer(file)) > 400)
    }

    @Test(
        "gives the peers' ids and texts for SmolLM2",
        .enabled(if: hasModel, "needs ../shared/goldens and the model in Checkpoints"))
    func smolLM2() throws {
        let golden = TokenizerGolden(
            folder: TokenizerGolden.shared[0].appending(path: "gguf_smollm2-135m-instruct"))
        #expect(try golden.compare(Tokenizer(GGUFFile(Self.model))) > 700)
    }
}
