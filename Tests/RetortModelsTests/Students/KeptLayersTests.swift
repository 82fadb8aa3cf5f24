import Foundation
import RetortFiles
import RetortTensor
import Testing

@testable import RetortModels

@Suite("A student that keeps layers")
struct KeptLayersTests {
    private let test: ExportCase

    init() throws { test = try ExportCase() }

    @Test(
        "computes what a model built from those layers does",
        arguments: ["llama", "llama_gqa_tied", "llama_bias"], [[0, 1], [1]])
    func forward(name: String, layers: [Int]) throws {
        let model = try test.model("\(ExportCase.fixtures)/models/\(name)")
        let layers = layers.filter { $0 < model.description.layers.count }
        let student = try model.keeping(.listed(layers))
        #expect(student.description.layers.count == layers.count)
        #expect(student.unexpectedTensors.isEmpty)
        let plain = try PlainStudent(layers: layers).model(of: model, in: test)
        #expect(student.logits() == plain.logits())
        #expect(
            student.decoder.layers.first?.linearLayers.first?.name.contains("layers.0.") == true)
    }

    @Test("leaves the weights of a quantized file where they lie")
    func mapped() throws {
        let model = try test.model(ExportCase.gguf("q4_1.gguf"))
        let student = try model.keeping(.last(1))
        let last = try #require(model.decoder.layers.last).linearLayers
        for (own, base) in zip(student.decoder.linearLayers, last) {
            #expect(own.weight.format == base.weight.format)
            #expect(unsafe own.weight.matrix.base == base.weight.matrix.base)
        }
    }

    @Test("of a student counts its layers anew")
    func nested() throws {
        let model = try test.model("\(ExportCase.fixtures)/models/llama")
        let count = model.description.layers.count
        let once = try model.keeping(.last(count - 1)).keeping(.last(1))
        #expect(once.logits() == (try model.keeping(.last(1)).logits()))
    }

    @Test(
        "is whole in every format",
        arguments: ["q4_1.gguf", "llama3_q8_0.gguf", "qwen2_q8_0.gguf"],
        [ExportFormat.gguf, .huggingFace])
    func exported(name: String, format: ExportFormat) throws {
        let student = try test.model(ExportCase.gguf(name)).keeping(.last(1))
        let path = test.folder + "/student" + (format == .gguf ? ".gguf" : "")
        try student.export(to: path, format: format, type: format == .gguf ? .base : .f32)
        let again = try test.model(path)
        #expect(again.description.layers.count == 1)
        #expect(again.unexpectedTensors.isEmpty)
        expectClose(again.logits(), student.logits(), within: 1e-5)
        // From there into the other world.
        let other: ExportFormat = format == .gguf ? .huggingFace : .gguf
        let second = test.folder + "/second" + (other == .gguf ? ".gguf" : "")
        try again.export(to: second, format: other, type: .f32)
        expectClose(try test.model(second).logits(), student.logits(), within: 1e-5)
    }

    @Test("of a folder has a configuration and a name of its own")
    func configuration() throws {
        let model = try test.model("\(ExportCase.fixtures)/models/llama_gqa_tied")
        let student = try model.keeping(.first(1))
        let path = test.folder + "/student"
        try student.export(to: path, format: .huggingFace, type: .base)
        let config = try JSONValue(contentsOf: path + "/config.json")
        #expect(config["num_hidden_layers"] == .integer(1))
        #expect(config["head_dim"] == .integer(model.description.layers[0].attention.headSize))
        #expect(config["_name_or_path"] == nil)
        #expect(try test.model(path).logits() == student.logits())
    }

    @Test("tells which of its own layers have a window", arguments: [([0, 2], 1), ([1, 2], 0)])
    func windows(layers: [Int], free: Int) throws {
        // Three layers, of which the second and third see a window.
        let base = try test.model(ExportCase.gguf("qwen2_q8_0.gguf"))
        let whole = test.folder + "/whole"
        try base.export(to: whole, format: .huggingFace, type: .f32)
        var config = try #require(JSONValue(contentsOf: whole + "/config.json").object)
        config["use_sliding_window"] = .bool(true)
        config["sliding_window"] = .integer(8)
        config["max_window_layers"] = .integer(1)
        config["num_hidden_layers"] = .integer(3)
        config["layer_types"] = .array(["a", "b", "c"].map(JSONValue.string))
        try AtomicFile.write(
            Array(JSONValue.object(config).serialized().utf8), to: whole + "/config.json")
        try repeatLayers(of: whole, from: base.description.layers.count, to: 3)
        let model = try test.model(whole)
        #expect(model.description.layers.map(\.attention.window) == [nil, 8, 8])
        let student = try model.keeping(.listed(layers))
        let path = test.folder + "/student"
        try student.export(to: path, format: .huggingFace, type: .f32)
        let written = try JSONValue(contentsOf: path + "/config.json")
        #expect(written["max_window_layers"] == .integer(free))
        #expect(
            written["layer_types"]
                == .array(layers.map { .string(["a", "b", "c"][$0]) }))
        #expect(try test.model(path).logits() == student.logits())
    }

    /// Adds copies of the first layer to a folder's tensors.
    private func repeatLayers(of folder: String, from count: Int, to wanted: Int) throws {
        let workspace = try test.model(ExportCase.gguf("q4_1.gguf")).decoder.workspace
        var tensors: [NamedTensor] = []
        for tensor in try SafetensorsFile(folder + "/model.safetensors").tensors {
            let stored = StoredTensor(tensor)
            let rows = stored.shape.count == 2 ? stored.shape[0] : 1
            let columns = stored.shape[stored.shape.count - 1]
            let values = workspace.widened(try stored.weight(rows: rows, columns: columns))
            tensors.append(NamedTensor(stored.name, values, shape: stored.shape))
            guard stored.name.contains("layers.0.") else { continue }
            for layer in count..<max(count, wanted) {
                let name = stored.name.replacing("layers.0.", with: "layers.\(layer).")
                tensors.append(NamedTensor(name, values, shape: stored.shape))
            }
        }
        try writeTensors(tensors, to: folder + "/model.safetensors")
    }

    @Test("of all layers is the model itself")
    func all() throws {
        let model = try test.model(ExportCase.gguf("q4_1.gguf"))
        let student = try model.keeping(.uniform(model.description.layers.count))
        #expect(student.plan == nil && student.logits() == model.logits())
    }
}
