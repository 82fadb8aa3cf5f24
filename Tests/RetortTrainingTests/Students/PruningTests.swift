import Foundation
import RetortFiles
import RetortKernels
import RetortModels
import Testing

@testable import RetortTraining

@Suite("Pruning")
struct PruningTests {
    private let folder: TestFolder
    private let model: Model
    private let data: String
    private let path: String

    init() throws {
        folder = try TestFolder()
        path = try folder.writeModel(
            TinyModel(hidden: 48, heads: 4, groups: 2, layers: 5, isTied: true))
        model = try Model(path, kernels: #require(Kernels(threads: 2)), precision: .float32)
        data = try folder.writeTokens([20, 7, 30], vocabulary: 101, to: "calibration.jsonl")
    }

    private var everything: Pruning.Request {
        var request = Pruning.Request()
        request.layerCount = 3
        request.layers = .importance
        (request.sizes.hidden, request.sizes.heads, request.sizes.inner) = (24, 2, 20)
        request.type = .f32
        return request
    }

    @Test("writes a model that is what was measured, and tells what it lost")
    func whole() throws {
        let calibration = try Calibration(model, data: data)
        var stages: [Pruning.Stage: Int] = [:]
        let pruning = try Pruning(model, everything, calibration: calibration) { stages[$0] = $1 }
        #expect(stages == [.importance: 3, .before: 3, .after: 3])
        let output = folder.path("student")
        _ = try pruning.write(to: output)
        let student = try Model(
            output, kernels: #require(Kernels(threads: 2)), precision: .float32)
        let layer = try #require(student.description.layers.first)
        #expect(student.description.layers.count == 3 && student.description.hiddenSize == 24)
        #expect(layer.attention.headCount == 2 && layer.attention.keyValueHeadCount == 1)
        #expect(layer.attention.headSize == 12 && layer.feedForward.innerSize == 20)
        #expect(student.description.tiesEmbeddings && student.unexpectedTensors.isEmpty)
        let report = PruningReport(pruning, writtenTo: output)
        let json = report.json
        let after = try #require(json["perplexity"]?["after"]?.double)
        #expect(abs(calibration.perplexity(of: student).perplexity - after) < 1e-6 * after)
        #expect(json["perplexity"]?["tokens"]?.integer == 51)
        #expect(json["parameters"]?["after"]?.integer == student.parameterCount)
        #expect(json["parameters"]?["before"]?.integer == model.parameterCount)
        let influences = try #require(json["per_layer"]?.array).compactMap {
            $0["influence"]?.double
        }
        let kept = try #require(json["kept_layers"]?.array).compactMap(\.integer)
        let order = influences.indices.sorted { influences[$0] > influences[$1] }
        #expect(kept == order.prefix(3).sorted())
        for key in ["hidden", "head", "feed_forward"] {
            let share = try #require(json["\(key)_importance_kept"]?.double)
            #expect(share > 0 && share < 1)
        }
        #expect(report.text.contains("layers") && report.text.contains("5 → 3"))
        #expect(report.text.contains("removed") && report.text.contains("is layer 2"))
    }

    @Test(
        "stores cut and uncut weights as the type says", arguments: [ExportType.bf16, .f16, .f32])
    func types(type: ExportType) throws {
        var request = Pruning.Request()
        request.sizes.inner = 32
        request.type = type
        let pruning = try Pruning(model, request, calibration: Calibration(model, data: data))
        _ = try pruning.write(to: folder.path("student"))
        let file = try SafetensorsFile(folder.path("student/model.safetensors"))
        let name = [ExportType.bf16: "BF16", .f16: "F16", .f32: "F32"][type]
        #expect(file.tensors.allSatisfy { $0.type.rawValue == name })
    }

    @Test("by place needs no data, and tells no perplexity")
    func place() throws {
        var request = Pruning.Request()
        request.layers = .listed([0, 4])
        let pruning = try Pruning(model, request)
        let json = PruningReport(pruning, writtenTo: "out").json
        #expect(json["perplexity"] == nil)
        #expect(json["kept_layers"] == .array([.integer(0), .integer(4)]))
        #expect(json["per_layer"]?.array?[1]["kept_as"] == .null)
    }

    @Test("by importance is refused without data, before anything is measured")
    func needs() throws {
        #expect(throws: StudentError.noCalibration(path: path)) {
            try Pruning(model, everything)
        }
        var request = Pruning.Request()
        request.layerCount = 6
        let calibration = try Calibration(model, data: data)
        #expect(throws: StudentError.layerCount(path: path, wanted: 6, count: 5)) {
            try Pruning(model, request, calibration: calibration) { _, _ in
                Issue.record("measured")
            }
        }
    }

    @Test("calibrates on the first documents, cut to length")
    func calibration() throws {
        let long = try folder.writeTokens(
            [300] + Array(repeating: 3, count: 1100), vocabulary: 101, to: "long.jsonl")
        let calibration = try Calibration(model, data: long)
        #expect(calibration.count == 1024)
        #expect(calibration.examples[0].ids.count == 256)
        #expect(throws: (any Error).self) { try Calibration(model, data: folder.path("none")) }
        #expect(throws: (any Error).self) {
            try Calibration(model, data: data, format: .text)
        }
    }
}
