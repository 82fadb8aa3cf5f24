import RetortFiles
import RetortKernels
import RetortModels
import Testing

@testable import RetortTraining

@Suite("A run whose student keeps layers")
struct StudentRunTests {
    private let folder: TestFolder
    private let kernels: Kernels

    init() throws {
        folder = try TestFolder()
        kernels = try #require(Kernels(threads: 2))
    }

    /// Four steps over token ids, saved after every second.
    private func recipe(_ model: String, _ initialize: String, adapter: String = "") throws
        -> Recipe
    {
        let data = try folder.writeTokens([9, 30, 3, 17], vocabulary: 95, to: "train.jsonl")
        return try Recipe(
            yaml: Array(
                """
                task: sft
                output_dir: \(folder.path("run"))
                model: {path: "\(model)", initialize: \(initialize)}
                \(adapter)
                data: {train: \(data), format: tokens, max_length: 48}
                training: {max_steps: 4, batch_size: 1, precision: float32}
                checkpoint: {every_steps: 2, keep: 10}
                """.utf8), file: "student.yaml")
    }

    private func files(_ name: String) throws -> [String: [UInt8]] {
        let path = folder.path("run/" + name)
        guard Folder.isFolder(path) else { return [name: try MappedFile(path).contents] }
        return Dictionary(
            uniqueKeysWithValues: try Folder.names(in: path).map {
                ($0, try MappedFile("\(path)/\($0)").contents)
            })
    }

    @Test("becomes a model with as many layers, and goes on to the same bits")
    func full() throws {
        let model = try folder.writeModel(TinyModel(layers: 5, isTied: true))
        let recipe = try recipe(model, "{keep_layers: 3}")
        let result = try TrainingRun(recipe, kernels: kernels).run().resultPath
        let student = try Model(result, kernels: kernels, precision: .float32)
        #expect(student.description.layers.count == 3)
        #expect(student.unexpectedTensors.isEmpty)
        let wanted = try files("model")
        try Folder.remove(result)
        try Folder.remove(folder.path("run/" + Checkpoint.name(4)))
        _ = try TrainingRun(recipe, kernels: kernels).run(.resume)
        #expect(try files("model") == wanted)
    }

    @Test(
        "keeps the base that its adapter belongs to",
        arguments: [nil, fixtures + "/quant/gguf_models/q4_1.gguf"])
    func adapter(path: String?) throws {
        let model = try path ?? folder.writeModel(TinyModel(layers: 3))
        let recipe = try recipe(model, "{layers: [1]}", adapter: "adapter: {rank: 2}")
        let run = try TrainingRun(recipe, kernels: kernels)
        _ = try run.run()
        let result = try #require(try RunResult(folder.path("run")))
        #expect(result.model == folder.path(path == nil ? "run/base" : "run/base.gguf"))
        let config = try JSONValue(
            contentsOf: result.adapter.map { $0 + "/adapter_config.json" } ?? "")
        #expect(config["base_model_name_or_path"]?.string == result.model)
        let opened = try Model(result.model, kernels: kernels, precision: .float32)
        #expect(opened.description.layers.count == 1)
        #expect(opened.publishedName == result.model)
        try opened.attachAdapter(#require(result.adapter))
        let example = examples([20], vocabulary: 95)
        #expect(
            MeanLoss(opened).measure(example, tokensAtOnce: 64)
                == MeanLoss(run.session.model).measure(example, tokensAtOnce: 64))
        // Merging needs no word about what the base once was.
        let merged = folder.path(path == nil ? "merged" : "merged.gguf")
        if path == nil {
            try opened.merge(to: merged)
            #expect(try Model(merged, kernels: kernels).description.layers.count == 1)
        }
    }

    @Test("a run that wrote a model is a model to train; one that wrote an adapter is refused")
    func runFolders() throws {
        let model = try folder.writeModel(TinyModel(layers: 2))
        var recipe = try recipe(model, "{keep_layers: 2}")
        _ = try TrainingRun(recipe, kernels: kernels).run()
        let first = folder.path("run")
        recipe.model.path = first
        recipe.model.initialize = nil
        recipe.adapter = AdapterRecipe()
        recipe.outputDir = folder.path("second")
        _ = try TrainingRun(recipe, kernels: kernels).run()
        let result = try #require(try RunResult(recipe.outputDir))
        #expect(result.model == first + "/model")
        try Model(result.model, kernels: kernels).attachAdapter(#require(result.adapter))
        recipe.model.path = recipe.outputDir
        recipe.outputDir = folder.path("third")
        #expect(throws: RunResult.Problem.holdsAdapter(path: folder.path("second"))) {
            try TrainingRun(recipe, kernels: kernels)
        }
    }

    @Test("chooses layers by importance, and knows its own again")
    func importance() throws {
        let model = try folder.writeModel(TinyModel(layers: 5))
        let data = try folder.writeTokens([20, 7], vocabulary: 95, to: "calibration.jsonl")
        let recipe = try recipe(
            model, "{keep_layers: 2, layers: importance, calibration: \(data)}")
        var measured = 0
        let run = try TrainingRun(recipe, kernels: kernels) {
            if case .measured(let documents, _) = $0 { measured = documents }
        }
        #expect(measured == 2)
        let whole = try Model(model, kernels: kernels, precision: .float32)
        let importance = try Calibration(whole, data: data).importance(of: whole)
        let kept = try #require(run.session.model.plan?.layers)
        #expect(
            kept
                == (try LayerSelection.influential(2, importance.layers)
                    .layers(of: 5, path: model)))
        _ = try run.run()
        _ = try TrainingRun(recipe, kernels: kernels).run(.resume)
        // Other layers are another model to begin with.
        let sums = try [LayerSelection.listed(kept), .listed([2, 3]), .uniform(5)].map {
            try Fingerprint.model(whole.keeping($0))
        }
        #expect(try sums[0] == Fingerprint.model(run.session.model))
        #expect(Set(sums).count == 3 && kept != [2, 3])
    }

    @Test("from scratch has the sizes of the recipe, and goes on to the same bits")
    func scratch() throws {
        let recipe = try recipe(
            fixtures + "/quant/gguf_models/q4_1.gguf",
            "{scratch: {num_hidden_layers: 3, hidden_size: 24, num_attention_heads: 2, "
                + "num_key_value_heads: 1}}")
        let result = try TrainingRun(recipe, kernels: kernels).run().resultPath
        let student = try Model(result, kernels: kernels, precision: .float32)
        #expect(student.description.layers.count == 3)
        #expect(student.description.layers[0].attention.headSize == 12)
        let wanted = try files("model")
        try Folder.remove(result)
        try Folder.remove(folder.path("run/" + Checkpoint.name(4)))
        _ = try TrainingRun(recipe, kernels: kernels).run(.resume)
        #expect(try files("model") == wanted)
    }

    @Test("is not resumed with other layers")
    func otherLayers() throws {
        let model = try folder.writeModel(TinyModel(layers: 5))
        _ = try TrainingRun(recipe(model, "{keep_layers: 2}"), kernels: kernels).run()
        let other = try TrainingRun(
            recipe(model, "{keep_layers: 2, layers: first}"), kernels: kernels)
        #expect(
            throws: TrainingError.otherRecipe(
                path: folder.path("run"), key: "model.initialize.layers")
        ) {
            try other.run(.resume)
        }
    }
}
