import Foundation
import RetortTraining
import Testing

@Suite("Reading recipes")
struct RecipeReadingTests {
    static let recipeForms: [(String, @Sendable (Recipe) -> Bool)] = [
        ("training: {max_grad_norm: null}", { $0.training.maxGradNorm == nil }),
        (
            "training: {max_steps: 7}",
            { $0.training.maxSteps == 7 && $0.training.epochs == nil }
        ),
        ("training: {max_steps: 7, epochs: null}", { $0.training.maxSteps == 7 }),
        ("schedule: {warmup_steps: 0}", { $0.schedule.warmupRatio == nil }),
        ("schedule: {warmup_ratio: 0}", { $0.schedule.warmupRatio == 0 }),
        ("adapter: null", { $0.adapter == nil }),
        (
            "adapter: {target_modules: all-linear, use_rslora: true, alpha: 1e-3}",
            {
                $0.adapter?.targetModules == .allLinear && $0.adapter?.useRSLoRA == true
                    && $0.adapter?.alpha == 0.001
            }
        ),
        (
            "adapter: {rank_pattern: {b: 2, a.c: 3}, alpha_pattern: {x: 1.5, y: 2}}",
            {
                $0.adapter?.rankPattern == ["b": 2, "a.c": 3]
                    && $0.adapter?.alphaPattern == ["x": 1.5, "y": 2]
            }
        ),
        (
            "adapter: {layers_to_transform: [0, 5]}",
            { $0.adapter?.layersToTransform == [0, 5] }
        ),
        ("adapter: {init: some/dir}", { $0.adapter?.initialAdapter == "some/dir" }),
        (
            "optimizer: {name: sgd, momentum: 0.9, nesterov: true, no_decay: [norm, bias]}",
            {
                $0.optimizer.name == .sgd && $0.optimizer.momentum == 0.9
                    && $0.optimizer.nesterov && $0.optimizer.noDecay == ["norm", "bias"]
            }
        ),
        (
            "optimizer: {name: adamw_8bit, betas: [0.9, 0.95]}",
            { $0.optimizer.name == .adamw8Bit && $0.optimizer.betas.second == 0.95 }
        ),
        ("optimizer: {name: sgd, nesterov: false}", { $0.optimizer.momentum == 0 }),
    ]

    @Test("reads every key")
    func full() throws {
        let recipe = try RecipeSamples.read(RecipeSamples.full)
        #expect(recipe.task == .sft)
        #expect(recipe.outputDir == "Checkpoints/smart-home")
        #expect(recipe.seed == 42)
        #expect(recipe.model.path == "Checkpoints/SmolLM2-135M-Instruct.Q4_1.gguf")
        let adapter = try #require(recipe.adapter)
        #expect(adapter.rank == 16 && adapter.alpha == 32 && adapter.dropout == 0)
        #expect(
            adapter.targetModules
                == .named([
                    "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
                ]))
        #expect(recipe.data.validation == "Datasets/smart-home/test.jsonl")
        #expect(recipe.data.maxLength == 512 && recipe.data.packing)
        #expect(recipe.data.trainOn == .assistant)
        #expect(recipe.training.epochs == 2 && recipe.training.maxSteps == nil)
        #expect(recipe.training.maxGradNorm == 1)
        #expect(recipe.optimizer.learningRate == 0.001 && recipe.optimizer.epsilon == 1e-8)
        #expect(recipe.optimizer.betas == MomentDecay(0.9, 0.999))
        #expect(recipe.schedule.warmupRatio == 0.03 && recipe.schedule.warmupSteps == nil)
        #expect(recipe.checkpoint.everySteps == 50 && recipe.checkpoint.keep == 2)
    }

    @Test("has the defaults of the full recipe")
    func defaults() throws {
        var expected = try RecipeSamples.read(RecipeSamples.full)
        expected.outputDir = "run"
        expected.model.path = "m.gguf"
        expected.adapter = nil
        expected.data.train = "t.jsonl"
        expected.data.validation = nil
        #expect(try RecipeSamples.read(RecipeSamples.short) == expected)
        var made = Recipe()
        made.outputDir = "run"
        made.model.path = "m.gguf"
        made.data.train = "t.jsonl"
        #expect(try made.resolved() == expected)
        let adapter = try RecipeSamples.read(RecipeSamples.short + "adapter: {type: lora}").adapter
        #expect(adapter == AdapterRecipe())
    }

    @Test(
        "reads every form of a key",
        arguments: recipeForms)
    func forms(_ text: String, _ holds: @Sendable (Recipe) -> Bool) throws {
        #expect(holds(try RecipeSamples.read(RecipeSamples.short + text)))
    }

    @Test(
        "trains on the assistant in conversations, else on all",
        arguments: [("messages", TrainedTokens.assistant), ("text", .all), ("tokens", .all)])
    func trainedTokens(_ format: String, _ expected: TrainedTokens) throws {
        let recipe = try RecipeSamples.read(
            RecipeSamples.short, overrides: ["data.format=\(format)"])
        #expect(recipe.data.trainOn == expected)
    }

    @Test(
        "writes a file that reads back as equal",
        arguments: [
            "", "adapter: {type: lora}", "adapter: {init: some/dir}", "seed: 0",
            "adapter: {rank_pattern: {b: 2, 'a.*': 3}, layers_to_transform: [1]}",
            "optimizer: {name: sgd, momentum: 0.9, nesterov: true}",
            "optimizer: {learning_rate: 0.30000000000000004, epsilon: 1e-300}",
            "training: {max_steps: 9, max_grad_norm: null}", "schedule: {warmup_steps: 3}",
        ])
    func written(_ text: String) throws {
        let recipe = try RecipeSamples.read(RecipeSamples.short + text)
        let back = try RecipeSamples.read(recipe.yaml)
        #expect(back == recipe)
        #expect(back.yaml == recipe.yaml)
        #expect(try recipe.resolved() == recipe)
    }

    @Test("reads JSON")
    func json() throws {
        let text = #"{"task":"sft","output_dir":"o","model":{"path":"m"},"data":{"train":"t"}}"#
        #expect(try RecipeSamples.read(text).model.path == "m")
    }

    @Test("takes paths from the current folder, else from the recipe's")
    func paths() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("retort-recipe-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("r.yaml").path
        try Data("model".utf8).write(to: folder.appendingPathComponent("m.gguf"))
        try Data((RecipeSamples.short + "adapter: {init: /absolute}").utf8)
            .write(to: URL(fileURLWithPath: path))
        let recipe = try Recipe(path: path)
        #expect(recipe.model.path == folder.path + "/m.gguf")
        #expect(recipe.data.train == "t.jsonl")
        #expect(recipe.outputDir == "run")
        #expect(recipe.adapter?.initialAdapter == "/absolute")
        #expect(recipe.inputs.map(\.key) == ["model.path", "adapter.init", "data.train"])
    }
}
