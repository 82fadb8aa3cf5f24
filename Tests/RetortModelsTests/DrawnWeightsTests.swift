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
        let shallow = try withConfiguration(["num_hidden_layers": .integer(1)]) {
            try weights(seed: 1, folder: $0)
        }
        #expect(shallow.count < deep.count)
        for (name, values) in shallow { #expect(values == deep[name], "\(name)") }
    }

    @Test("are normal matrices, norms of one and biases of zero")
    func distribution() throws {
        let weights = try withConfiguration(["attention_bias": .bool(true)]) {
            try weights(seed: 3, folder: $0)
        }
        #expect(weights.keys.contains { $0.hasSuffix(".bias") })
        for (name, values) in weights {
            if name.hasSuffix("norm.weight") {
                #expect(values.allSatisfy { $0 == 1 }, "\(name)")
            } else if name.hasSuffix(".bias") {
                #expect(values.allSatisfy { $0 == 0 }, "\(name)")
            } else {
                let count = Double(values.count)
                let mean = values.reduce(0) { $0 + Double($1) } / count
                let square = values.reduce(0) { $0 + Double($1) * Double($1) } / count
                // Five standard errors of the mean and of the deviation.
                let error = 5 * Self.deviation / count.squareRoot()
                #expect(abs(mean) < error, "\(name)")
                #expect(abs(square.squareRoot() - Self.deviation) < error, "\(name)")
            }
        }
        let all = weights.filter { $0.value.count > 1000 }.values
        #expect(Set(all.map { $0[0] }).count == all.count)
    }

    @Test("are refused for a file that holds weights")
    func file() throws {
        let path = Self.root + "/Tests/Fixtures/quant/gguf_models/f32.gguf"
        #expect(throws: ModelError.cannotDraw(path: path)) { try weights(seed: 1, folder: path) }
    }

    @Test("are refused beyond the machine's memory")
    func memory() throws {
        try withConfiguration(["hidden_size": .integer(1 << 20), "vocab_size": .integer(1 << 24)]) {
            folder in
            let error = try #require(throws: ModelError.self) {
                try weights(seed: 1, folder: folder)
            }
            guard case .tooLarge(folder + "/config.json", _) = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    @Test(
        "are refused with a deviation that is not above 0",
        arguments: [.integer(0), .number(-0.02), .string("small")] as [JSONValue])
    func deviation(_ value: JSONValue) throws {
        try withConfiguration(["initializer_range": value]) { folder in
            #expect(throws: ModelError.self) { try weights(seed: 1, folder: folder) }
        }
    }

    /// Runs with a folder that has only a `config.json`, with other values for some keys.
    private func withConfiguration<Result>(
        _ changes: [String: JSONValue], _ body: (String) throws -> Result
    ) throws -> Result {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "retort-drawn-\(UUID().uuidString)").path
        try Folder.create(folder)
        defer { try? Folder.remove(folder) }
        var config = try #require(try JSONValue(contentsOf: Self.folder + "/config.json").object)
        for (key, value) in changes { config[key] = value }
        let text = JSONValue.object(config).serialized()
        try AtomicFile.write(Array(text.utf8), to: folder + "/config.json")
        return try body(folder)
    }
}
