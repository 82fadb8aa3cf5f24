import Foundation
import RetortFiles
import RetortTraining
import Testing

@Suite("The recipes that come with Retort")
struct RecipeFilesTests {
    private static let root = URL(filePath: fixtures).deletingLastPathComponent()
        .deletingLastPathComponent().path

    static func names() throws -> [String] {
        try Folder.names(in: root + "/Recipes").filter { $0.hasSuffix(".yaml") }.sorted()
    }

    @Test("are all there")
    func complete() throws {
        let wanted = [
            "distill-4bit", "distill-endpoint", "distill-half-depth", "distill-stored",
            "prune-then-distill", "smart-home-lora", "smart-home-lora-remember", "tiny",
        ]
        #expect(try Self.names() == wanted.map { $0 + ".yaml" }.sorted())
    }

    @Test(
        "can be read, name data that are there, and have a folder of their own",
        arguments: try names())
    func readable(name: String) throws {
        let path = "\(Self.root)/Recipes/\(name)"
        let recipe = try Recipe(path: path)
        #expect(try recipe.resolved() == recipe)
        let text = String(decoding: try MappedFile(path).contents, as: UTF8.self)
        for (key, input) in recipe.inputs {
            // Found from the repository's folder, or made or fetched as the comment says.
            if ["Datasets", "Recipes"].contains(where: { input.hasPrefix($0 + "/") }) {
                #expect(Folder.exists("\(Self.root)/\(input)"), "\(key)")
            } else {
                #expect(input.hasPrefix("Checkpoints/"), "\(key)")
                let isCommon = input.hasSuffix("/SmolLM2-135M-Instruct.Q4_1.gguf")
                let lines = text.split(separator: "\n").filter { $0.hasPrefix("#") }
                let maker = input == "Checkpoints/smart-home" ? "smart-home-lora.yaml" : input
                #expect(isCommon || lines.contains { $0.contains(maker) }, "\(key)")
            }
        }
        let others = try Self.names().filter { $0 != name }.map {
            try Recipe(path: "\(Self.root)/Recipes/\($0)").outputDir
        }
        #expect(!others.contains(recipe.outputDir))
        #expect(recipe.outputDir.hasPrefix("Checkpoints/"))
        let isTaught = ["distill", "remember"].contains { name.contains($0) }
        #expect(recipe.task == (isTaught ? .distill : .sft))
    }
}
