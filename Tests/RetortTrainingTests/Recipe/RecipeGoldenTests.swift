import Foundation
import RetortFiles
import RetortTraining
import Testing

@Suite("Golden recipes")
struct RecipeGoldenTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let file: String
        let isValid: Bool
        let mustMention: [String]
        var testDescription: String { file }
        var path: String { RecipeGoldenTests.folder.appendingPathComponent(file).path }
    }

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Fixtures/yaml").standardized

    static func cases() throws -> [Case] {
        let table = try Data(contentsOf: folder.appendingPathComponent("cases.json"))
        let cases = try JSONParser.parse([UInt8](table)).array ?? []
        guard !cases.isEmpty else { throw CocoaError(.fileReadNoSuchFile) }
        return cases.compactMap { entry in
            guard entry["kind"] == .string("yaml"), let file = entry["file"]?.string else {
                return nil
            }
            return Case(
                file: file, isValid: entry["valid"] == .bool(true),
                mustMention: entry["must_mention"]?.array?.compactMap(\.string) ?? [])
        }
    }

    @Test("are accepted or refused for the right reason", arguments: try cases())
    func golden(_ golden: Case) throws {
        if golden.isValid {
            let recipe = try Recipe(path: golden.path)
            #expect(recipe.adapter?.rank == 8 && recipe.adapter?.alpha == 16)
            #expect(recipe.adapter?.targetModules == .named(["q_proj", "v_proj"]))
            #expect(recipe.training.maxSteps == 100 && recipe.training.epochs == nil)
            #expect(recipe.optimizer.learningRate == 1e-4)
            #expect(recipe.model.path == "./tiny" && recipe.data.train == "a.jsonl")
            return
        }
        let error = try #require(throws: RecipeError.self) { try Recipe(path: golden.path) }
        // Without the folder, whose name could hold the words.
        let said = "\(error)".replacingOccurrences(of: Self.folder.path, with: "").lowercased()
        #expect(said.contains(golden.file))
        let message = said.replacingOccurrences(of: golden.file, with: "")
        for wanted in golden.mustMention {
            #expect(wanted.lowercased().split(separator: "|").contains { message.contains($0) })
        }
    }
}
