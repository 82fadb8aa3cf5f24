import Foundation
import RetortFiles
import RetortKernels
import RetortModels
import Testing

@Suite("Weights that are drawn")
struct DrawnWeightsTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path
    private static let folder = root + "/Recipes/tiny"
    /// `initializer_range` of the folder's `config.json`.
    private static let deviation = 0.05

    private let scratch = ScratchFolder()

    private func weights(
        seed: UInt64, threads: Int = 2, folder: String = folder
    ) throws -> [String: [Float]] {
        let kernels = try #require(Kernels(threads: threads))
        let model = try Model(
            folder, initialization: .random(seed: seed), kernels: kernels, precision: .float32)
        return Dictionary(
            uniqueKeysWithValues: model.decoder.trainAllWeights().map {
                ($0.name, $0.value.values)
            })
    }

    @Test("follow from the seed alone")
    func seeds() throws {
        let weights = try weights(seed: 1)
        #expect(try weights == self.weights(seed: 1, threads: 1))
        let others = try self.weights(seed: 2)
        #expect(weights.keys == others.keys)
        for (name, values) in weights {
            #expect((values == others[name]) == name.hasSuffix("norm.weight"), "\(name)")
        }
    }

    @Test("do not depend on the other parameters")
    func independence() throws {
        let deep = try weights(seed: 1)
        let shallow = try weights(
            seed: 1, folder: scratch.configured(["num_hidden_layers": .integer(1)]))
        #expect(shallow.count < deep.count)
        for (name, values) in shallow { #expect(values == deep[name], "\(name)") }
    }

    @Test("are normal matrices, norms of one and biases of zero")
    func distribution() throws {
        let weights = try weights(
            seed: 3, folder: scratch.configured(["attention_bias": .bool(true)]))
        #expect(weights.keys.contains { $0.hasSuffix(".bias") })
        for (name, values) in weights {
            if name.hasSuffix("norm.weight") {
                #expect(values.allSatisfy { $0 == 1 }, "\(name)")
            } else if name.hasSuffix(".bias") {
                #expect(values.allSatisfy { $0 == 0 }, "\(name)")
            } else {
                let wide = values.map(Double.init), count = Double(values.count)
                let mean = wide.reduce(0, +) / count
                let square = wide.map { $0 * $0 }.reduce(0, +) / count
                // Five standard errors of the mean, seven of the deviation.
                let error = 5 * Self.deviation / count.squareRoot()
                #expect(abs(mean) < error, "\(name)")
                #expect(abs(square.squareRoot() - Self.deviation) < error, "\(name)")
            }
        }
        let all = weights.filter { $0.value.count > 1000 }.values
        #expect(Set(all.map { $0[0] }).count == all.count)
    }

    @Test("take the place of those that a file holds")
    func file() throws {
        let path = Self.root + "/Tests/Fixtures/quant/gguf_models/q4_1.gguf"
        let kernels = try #require(Kernels(threads: 1))
        let stored = try Model(path, kernels: kernels, precision: .float32)
        let model = try Model(
            path, initialization: .random(seed: 1), kernels: kernels, precision: .float32)
        #expect(model.description == stored.description)
        #expect(model.decoder.linearLayers.allSatisfy { $0.weight.format == .f32 })
        let output = scratch.path + "/drawn.gguf"
        try Folder.create(scratch.path)
        try model.export(to: output, format: .gguf, type: .f32)
        let again = try Model(output, kernels: kernels, precision: .float32)
        #expect(
            again.decoder.trainAllWeights().map { $0.value.values }
                == model.decoder.trainAllWeights().map { $0.value.values })
    }

    @Test(
        "have the sizes that are asked for, of a folder and of a file",
        arguments: [folder, root + "/Tests/Fixtures/quant/gguf_models/q4_1.gguf"], [1, 5])
    func sizes(path: String, layers: Int) throws {
        var sizes = ModelSizes()
        (sizes.layerCount, sizes.hiddenSize, sizes.innerSize) = (layers, 24, 40)
        (sizes.headCount, sizes.keyValueHeadCount) = (4, 2)
        let kernels = try #require(Kernels(threads: 1))
        let model = try Model(
            path, initialization: .random(seed: 1, sizes: sizes), kernels: kernels,
            precision: .float32)
        let description = model.description
        #expect(description.layers.count == layers && description.hiddenSize == 24)
        #expect(description.layers[0].attention.headSize == 6)
        #expect(description.layers[0].attention.rotary?.rotatedSize == 6)
        #expect(model.unexpectedTensors.isEmpty)
        for format in [ExportFormat.huggingFace, .gguf] {
            let output = scratch.path + "/drawn" + (format == .gguf ? ".gguf" : "")
            try Folder.create(scratch.path)
            try model.export(to: output, format: format, type: .f32)
            let again = try Model(output, kernels: kernels, precision: .float32)
            #expect(again.unexpectedTensors.isEmpty)
            #expect(again.parameterCount == model.parameterCount)
        }
    }

    @Test("are refused for heads that the file's rotary factors are not made for")
    func factors() throws {
        var sizes = ModelSizes()
        sizes.headSize = 6
        let path = Self.root + "/Tests/Fixtures/quant/gguf_models/llama3_q8_0.gguf"
        let kernels = try #require(Kernels(threads: 1))
        let error = try #require(throws: ModelError.self) {
            try Model(path, initialization: .random(seed: 1, sizes: sizes), kernels: kernels)
        }
        #expect("\(error)".contains("rope_freqs.weight has 8 factors"))
    }

    @Test("are refused in sizes that do not fit, which are named")
    func misfit() throws {
        var sizes = ModelSizes()
        (sizes.hiddenSize, sizes.headCount, sizes.keyValueHeadCount) = (25, 4, 2)
        let kernels = try #require(Kernels(threads: 1))
        let error = try #require(throws: ModelError.self) {
            try Model(Self.folder, initialization: .random(seed: 1, sizes: sizes), kernels: kernels)
        }
        #expect("\(error)".contains("the given num_attention_heads is 4, which does not divide"))
    }

    @Test("are refused beyond the machine's memory")
    func memory() throws {
        let folder = try scratch.configured([
            "hidden_size": .integer(1 << 20), "vocab_size": .integer(1 << 24),
        ])
        let error = try #require(throws: ModelError.self) { try weights(seed: 1, folder: folder) }
        guard case .tooLarge(folder + "/config.json", _) = error else {
            Issue.record("\(error)")
            return
        }
    }

    @Test(
        "are refused with a deviation that is not above 0",
        arguments: [.integer(0), .number(-0.02), .string("small")] as [JSONValue])
    func deviation(_ value: JSONValue) throws {
        let folder = try scratch.configured(["initializer_range": value])
        #expect(throws: ModelError.self) { try weights(seed: 1, folder: folder) }
    }

    /// A folder that holds only a `config.json`; removed with the test.
    private final class ScratchFolder: Sendable {
        let path = FileManager.default.temporaryDirectory
            .appending(path: "retort-drawn-\(UUID().uuidString)").path

        deinit { try? Folder.remove(path) }

        /// The folder, with the tiny model's configuration but for some keys.
        func configured(_ changes: [String: JSONValue]) throws -> String {
            let source = DrawnWeightsTests.folder + "/config.json"
            var config = try #require(try JSONValue(contentsOf: source).object)
            for (key, value) in changes { config[key] = value }
            try Folder.create(path)
            let text = JSONValue.object(config).serialized()
            try AtomicFile.write(Array(text.utf8), to: path + "/config.json")
            return path
        }
    }
}
