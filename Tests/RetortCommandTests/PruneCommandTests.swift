import Foundation
import RetortFiles
import RetortModels
import Testing

@testable import RetortCommand

@Suite("retort prune")
struct PruneCommandTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path
    private static let tiny = root + "/Checkpoints/tiny"
    private let output = FileManager.default.temporaryDirectory
        .appending(path: "retort-prune-\(UUID().uuidString)").path

    private func options(_ words: String...) throws(UsageError) -> PruneCommand.Options {
        try PruneCommand.options(
            Arguments(["--model", "m", "--output", "o"] + words, for: PruneCommand.help))
    }

    @Test("reads what to keep")
    func request() throws {
        let plain = try options("--layers", "3").request
        #expect(plain.layerCount == 3 && plain.layers == .uniform && plain.type == .bf16)
        #expect(try options("--keep", "0,2").request.layers == .listed([0, 2]))
        let full = try options(
            "--layers", "2", "--keep", "importance", "--hidden", "8", "--heads", "4",
            "--key-value-heads", "2", "--mlp", "16", "--calibration", "c", "--format", "text",
            "--type", "f16")
        #expect(full.request.layers == .importance && full.request.type == .f16)
        #expect(full.request.sizes.hidden == 8 && full.request.sizes.inner == 16)
        #expect(full.request.sizes.heads == 4 && full.request.sizes.keyValueHeads == 2)
        #expect(full.calibration == "c" && full.format == .text)
    }

    @Test(
        "refuses what makes no sense",
        arguments: [
            [], ["--layers", "0"], ["--keep", "first"], ["--layers", "2", "--keep", "middle"],
            ["--layers", "3", "--keep", "0,2"], ["--keep", "0,,2"], ["--hidden", "8"],
            ["--layers", "2", "--keep", "importance"], ["--layers", "2", "--format", "text"],
            ["--layers", "2", "--type", "q4_0"],
        ])
    func refused(words: [String]) {
        let outcome = Outcome(["prune", "--model", "m", "--output", output] + words)
        #expect(outcome.code == .usage)
        #expect(!Folder.exists(output))
    }

    @Test("writes a smaller model that loads and talks, and reports in words and in JSON")
    func tiny() throws {
        defer { try? Folder.remove(output) }
        let lines = try MappedFile(Self.root + "/Datasets/smart-home/test.jsonl").contents
            .split(separator: UInt8(ascii: "\n")).prefix(4)
        try Folder.create(output)
        let data = output + "/data.jsonl", student = output + "/student"
        try AtomicFile.write(Array(lines.joined(separator: [UInt8(ascii: "\n")])), to: data)
        let sizes = try JSONValue(contentsOf: Self.tiny + "/config.json")
        let layers = try #require(sizes["num_hidden_layers"]?.integer)
        let inner = try #require(sizes["intermediate_size"]?.integer)
        let words = [
            "prune", "--model", Self.tiny, "--layers", "\(layers - 1)", "--keep", "importance",
            "--mlp", "\(inner / 2)", "--calibration", data, "--output", student,
        ]
        let outcome = Outcome(words + ["--json"])
        #expect(outcome.code == .success, "\(outcome.errors)")
        let json = try JSONParser.parse(outcome.output)
        #expect(json["layers"]?["after"]?.integer == layers - 1)
        #expect(json["feed_forward_size"]?["after"]?.integer == inner / 2)
        let before = try #require(json["perplexity"]?["before"]?.double)
        #expect(try #require(json["perplexity"]?["after"]?.double) > before)
        let names = Set(try Folder.names(in: student))
        #expect(
            names.isSuperset(of: [
                "config.json", "generation_config.json", "model.safetensors", "tokenizer.json",
                "tokenizer_config.json",
            ]))
        let inspected = Outcome(["inspect", "--verify", student])
        #expect(inspected.code == .success && inspected.errors.isEmpty)
        // The folder is there: nothing is written over it.
        let again = Outcome(words)
        #expect(again.code == .failure && again.output.isEmpty)
        try Folder.remove(student)
        let text = Outcome(words).output
        #expect(text.contains("perplexity") && text.contains("removed"))
    }
}
