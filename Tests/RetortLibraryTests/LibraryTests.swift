import Foundation
import Testing

@Suite("The library")
struct LibraryTests {
    private let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    @Test("does in forty lines what a recipe does")
    func example() throws {
        let output = FileManager.default.temporaryDirectory.appendingPathComponent(
            "library-\(UUID().uuidString).gguf")
        defer { try? FileManager.default.removeItem(at: output) }
        // An answer that the tiny model does not know.
        let data = output.appendingPathExtension("jsonl")
        defer { try? FileManager.default.removeItem(at: data) }
        let line = """
            {"messages": [{"role": "user", "content": "Who are you?"}, \
            {"role": "assistant", "content": "A very small model."}]}

            """
        try String(repeating: line, count: 64).write(to: data, atomically: true, encoding: .utf8)
        let losses = try fineTune(
            root.appendingPathComponent("Checkpoints/tiny").path,
            on: data.path, steps: 12, to: output.path)
        #expect(losses.count == 12 && losses.allSatisfy { $0.isFinite })
        #expect(losses.suffix(4).reduce(0, +) < losses.prefix(4).reduce(0, +))
        #expect(FileManager.default.fileExists(atPath: output.path))
    }

    @Test("is shown in its page as it is compiled")
    func page() throws {
        let page = try String(
            contentsOf: root.appendingPathComponent("Docs/Library.md"), encoding: .utf8)
        let code = try String(
            contentsOf: root.appendingPathComponent("Tests/RetortLibraryTests/FineTune.swift"),
            encoding: .utf8)
        #expect(page.contains("```swift\n" + code + "```"))
    }
}
