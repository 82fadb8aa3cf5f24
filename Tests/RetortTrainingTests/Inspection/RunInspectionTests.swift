import Foundation
import RetortFiles
import RetortKernels
import RetortModels
import Testing

@testable import RetortTraining

/// A short run in a folder of its own, which damage can be done to.
final class ShortRun {
    let path: String
    var checkpoint: String { path + "/step-00000003" }

    init() throws {
        path = NSTemporaryDirectory() + "retort-inspection-" + UUID().uuidString
        let data = path + ".jsonl"
        let rows = (0..<4).map { "{\"input_ids\":[1,\(3 + $0),\(4 + $0),2]}\n" }
        try rows.joined().write(toFile: data, atomically: true, encoding: .utf8)
        var recipe = Recipe()
        recipe.outputDir = path
        recipe.model.path = InspectionGolden.formats + "/hf/good"
        recipe.adapter = AdapterRecipe()
        recipe.adapter?.rank = 2
        recipe.data.train = data
        recipe.data.format = .tokens
        recipe.data.packing = false
        recipe.training.maxSteps = 3
        recipe.training.precision = .float32
        recipe.checkpoint.everySteps = 2
        let kernels = try #require(Kernels(threads: 1))
        _ = try TrainingRun(recipe.resolved(), kernels: kernels).run()
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
        try? FileManager.default.removeItem(atPath: path + ".jsonl")
    }

    /// Changes a file's bytes.
    func edit(_ name: String, _ change: (inout [UInt8]) -> Void) throws {
        let url = URL(filePath: path + "/" + name)
        var bytes = [UInt8](try Data(contentsOf: url))
        change(&bytes)
        try Data(bytes).write(to: url)
    }

    func inspect(_ path: String? = nil, verifies: Bool = true, base: String? = nil) throws
        -> InspectionReport
    {
        try Inspection.inspect(.test(path ?? self.path, verifies: verifies, base: base))
    }

    func firstFile(_ prefix: String) throws -> String {
        let names = try Folder.names(in: checkpoint)
        return "step-00000003/" + (try #require(names.first { $0.hasPrefix(prefix) }))
    }
}

@Suite("Inspection of runs and checkpoints")
struct RunInspectionTests {
    @Test("tells how far a run has come, and that it is whole")
    func whole() throws {
        let run = try ShortRun()
        let report = try run.inspect(base: InspectionGolden.formats + "/hf/good")
        #expect(report.json["kind"]?.string == "run")
        #expect(report.json["steps"]?.integer == 3)
        #expect(report.json["checkpoints"]?.array?.count == 2)
        #expect(report.json["result"]?["rank"]?.integer == 2)
        #expect(report.json["verified"]?.bool == true)
        #expect(report.text.contains("step 2, step 3"))
    }

    @Test("takes a run as the base of its adapter")
    func runAsBase() throws {
        let run = try ShortRun()
        let report = try run.inspect(run.path + "/adapter", base: run.path)
        #expect(report.json["verified"]?.bool == true)
    }

    @Test("knows a checkpoint and its shards")
    func checkpoint() throws {
        let run = try ShortRun()
        let report = try run.inspect(run.checkpoint)
        #expect(report.json["step"]?.integer == 3)
        #expect(report.json["files"]?.array?.count == 3)
        let shard = try run.inspect(run.path + "/" + run.firstFile("parameters"))
        #expect(shard.json["kind"]?.string == "shard")
        #expect((shard.json["tensor_count"]?.integer ?? 0) > 0)
    }

    @Test("names the damaged file", arguments: ["parameters", "optimizer", "state"])
    func damaged(_ name: String) throws {
        let run = try ShortRun()
        let file = try run.firstFile(name)
        try run.edit(file) { $0[$0.count / 2] ^= 4 }
        for path in [run.path, run.checkpoint] {
            do {
                _ = try run.inspect(path)
                Issue.record("damage in \(file) is not seen")
            } catch {
                #expect("\(error)".contains(file))
            }
        }
    }

    @Test("refuses a checkpoint without its manifest")
    func noManifest() throws {
        let run = try ShortRun()
        try FileManager.default.removeItem(atPath: run.checkpoint + "/manifest.json")
        let path = run.checkpoint + "/manifest.json"
        #expect(throws: FileError.missing(path: path)) { try run.inspect(run.checkpoint) }
    }

    @Test("accepts metrics whose last line was cut short, with a word")
    func cutMetrics() throws {
        let run = try ShortRun()
        try run.edit("metrics.jsonl") { $0.removeLast(20) }
        let report = try run.inspect()
        #expect(report.json["steps"]?.integer == 2)
        #expect(report.warnings.contains { $0.contains("metrics.jsonl:3") })
    }

    @Test("refuses metrics that go back")
    func disorder() throws {
        let run = try ShortRun()
        try run.edit("metrics.jsonl") { $0 += $0 }
        let path = run.path + "/metrics.jsonl"
        #expect(
            throws: DataError.badLine(path: path, line: 4, reason: "has step 1 after step 3")
        ) { try run.inspect() }
    }

    @Test("finds a value of the result that is no number")
    func notFinite() throws {
        let run = try ShortRun()
        let file = "adapter/adapter_model.safetensors"
        try run.edit(file) { $0.replaceSubrange(($0.count - 4)..., with: [0, 0, 0xc0, 0x7f]) }
        do {
            _ = try run.inspect()
            Issue.record("NaN is not seen")
        } catch AdapterError.notFinite(let path, _) {
            #expect(path == run.path + "/" + file)
        }
    }
}
