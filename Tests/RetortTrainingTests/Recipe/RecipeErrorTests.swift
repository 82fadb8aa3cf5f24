import Foundation
import RetortTraining
import Testing

@Suite("Recipes that are refused")
struct RecipeErrorTests {
    /// Each text stands in line 7 of a recipe that is good without it.
    @Test(
        "are refused with one sentence that names line and key",
        arguments: [
            (
                "optimizer: {lerning_rate: 1}",
                "unknown key optimizer.lerning_rate; did you mean learning_rate?"
            ),
            ("sede: 1", "unknown key sede; did you mean seed?"),
            (
                "learning_rate: 1e-4",
                "unknown key learning_rate; did you mean optimizer.learning_rate?"
            ),
            (
                "schedule: {max_steps: 4}",
                "unknown key schedule.max_steps; did you mean training.max_steps?"
            ),
            (
                "checkpoint: {zzzzzz: 4}",
                "unknown key checkpoint.zzzzzz; the keys here are every_steps, keep"
            ),
            ("seed: x", "seed must be a whole number, found the text \"x\""),
            ("seed: \"1\"", "seed must be a whole number, found the text \"1\""),
            ("seed: 1.0", "seed must be a whole number, found 1.0"),
            ("seed: -1", "seed must be at least 0, found -1"),
            ("seed: null", "seed must be a whole number, found null"),
            ("seed:", "seed must be a whole number, found nothing"),
            (
                "seed: 99999999999999999999",
                "seed must be a whole number, found 99999999999999999999"
            ),
            ("training: 5", "training must be a map of keys, found 5"),
            ("training:", "training must be a map of keys, found nothing"),
            ("adapter:", "adapter must be a map of keys, found nothing"),
            (
                "training: {shuffle: yes}",
                "training.shuffle must be true or false, found the text \"yes\""
            ),
            ("training: {batch_size: 0}", "training.batch_size must be from 1 to 65536, found 0"),
            (
                "training: {max_grad_norm: 0}",
                "training.max_grad_norm must be above 0 and at most 1000000000.0, found 0"
            ),
            (
                "training: {precision: bf16}",
                "unknown training.precision \"bf16\"; it can be auto, float32, bfloat16"
            ),
            (
                "training: {precision: float23}",
                "unknown training.precision \"float23\"; did you mean float32?"
            ),
            (
                "training: {epochs: 1, max_steps: 2}",
                "training.max_steps and training.epochs are both given; remove one of them"
            ),
            (
                "schedule: {warmup_ratio: 0.1, warmup_steps: 2}",
                "schedule.warmup_steps and schedule.warmup_ratio are both given; remove one of them"
            ),
            ("adapter: {rank: [8]}", "adapter.rank must be a whole number, found a list"),
            (
                "adapter: {dropout: 1}",
                "adapter.dropout must be at least 0.0 and below 1.0, found 1"
            ),
            ("adapter: {type: dora}", "unknown adapter.type \"dora\"; did you mean lora?"),
            (
                "adapter: {target_modules: []}",
                "adapter.target_modules must be a list of module names, or all-linear, found a list"
            ),
            (
                "adapter: {target_modules: q_proj}",
                "adapter.target_modules must be a list of module names, or all-linear, found the text \"q_proj\""
            ),
            (
                "adapter: {rank_pattern: {q: 0}}",
                "adapter.rank_pattern must be a map to ranks from 1 to 65536, found a map"
            ),
            (
                "adapter: {layers_to_transform: [-1]}",
                "adapter.layers_to_transform must be numbers, each from 0 to 65535, found a list"
            ),
            (
                "adapter: {init: dir, rank: 8}",
                "adapter.rank has no meaning unless adapter.init is left out; remove it"
            ),
            (
                "optimizer: {learning_rate: .nan}",
                "optimizer.learning_rate must be from 0.0 to 1.0, found .nan"
            ),
            (
                "optimizer: {learning_rate: -.inf}",
                "optimizer.learning_rate must be from 0.0 to 1.0, found -.inf"
            ),
            (
                "optimizer: {betas: [0.9]}",
                "optimizer.betas must be a list of two numbers, each at least 0 and below 1, found a list"
            ),
            (
                "optimizer: {betas: [0.9, 1]}",
                "optimizer.betas must be a list of two numbers, each at least 0 and below 1, found a list"
            ),
            (
                "optimizer: {momentum: 0.5}",
                "optimizer.momentum has no meaning unless optimizer.name is sgd; remove it"
            ),
            (
                "optimizer: {name: sgd, betas: [0.9, 0.9]}",
                "optimizer.betas has no meaning unless optimizer.name is adamw or adamw_8bit; remove it"
            ),
            (
                "optimizer: {name: sgd, nesterov: true}",
                "optimizer.nesterov must be false unless optimizer.momentum is above 0, found true"
            ),
            ("optimizer: {name: adam}", "unknown optimizer.name \"adam\"; did you mean adamw?"),
        ])
    func refused(_ text: String, _ message: String) throws {
        let error = try #require(throws: RecipeError.self) {
            try RecipeSamples.read(RecipeSamples.short + text)
        }
        #expect("\(error)" == "r.yaml:7: \(message)")
    }

    @Test("are refused where an adapter is to sit beside random weights")
    func adapterBesideRandomWeights() throws {
        let error = try #require(throws: RecipeError.self) {
            try RecipeSamples.read(
                RecipeSamples.short + "adapter: {}", overrides: ["model.initialize=random"])
        }
        let message =
            "adapter must be left out where model.initialize draws the weights, which are all trained"
        #expect("\(error)" == "r.yaml:7: \(message), found a map")
    }

    @Test(
        "name what is missing",
        arguments: [
            ("task: sft\n", "r.yaml:2: the key task is missing"),
            ("output_dir: run\n", "r.yaml:1: the key output_dir is missing"),
            ("  train: t.jsonl\n", "r.yaml:5: data must be a map of keys, found nothing"),
            ("data:\n  train: t.jsonl\n", "r.yaml:1: the key data.train is missing"),
            ("model:\n  path: m.gguf\n", "r.yaml: the key model.path is missing"),
        ])
    func missing(_ line: String, _ message: String) throws {
        let text = RecipeSamples.short.replacingOccurrences(of: line, with: "")
        let error = try #require(throws: RecipeError.self) { try RecipeSamples.read(text) }
        #expect("\(error)" == message.replacingOccurrences(of: "r.yaml:2:", with: "r.yaml:1:"))
    }

    @Test(
        "are refused whatever else is wrong",
        arguments: [
            ("task: reward\n", "r.yaml:1: unknown task \"reward\"; it can be sft, distill"),
            (
                "task: distill\n",
                "r.yaml:1: task must be sft unless there is a distillation section, "
                    + "found the text \"distill\""
            ),
            ("- a\n", "r.yaml:1: the top level must be a map of keys (task, model, data, …)"),
            ("", "r.yaml:1:1: the file is empty"),
            (
                "a: [\n",
                "r.yaml:1:4: the list that begins with [ here is not closed, or lacks a comma"
            ),
        ])
    func whole(_ text: String, _ message: String) throws {
        let error = try #require(throws: RecipeError.self) { try RecipeSamples.read(text) }
        #expect("\(error)" == message)
    }

    @Test("say why a file cannot be read")
    func unreadable() throws {
        #expect(throws: RecipeError.unreadable("/no/such.yaml", .missing)) {
            try Recipe(path: "/no/such.yaml")
        }
        #expect(throws: RecipeError.unreadable("/tmp", .notAFile)) { try Recipe(path: "/tmp") }
        #expect(throws: RecipeError.unreadable("/dev/zero", .notAFile)) {
            try Recipe(path: "/dev/zero")
        }
    }

    @Test("show hostile text with its controls visible and cut")
    func hostile() throws {
        let text = RecipeSamples.short + "\"\\e[31m\(String(repeating: "x", count: 900))\": 1"
        let error = try #require(throws: RecipeError.self) { try RecipeSamples.read(text) }
        // The text is cut; all keys of the top level follow it.
        #expect("\(error)".count < 400)
        #expect(!"\(error)".unicodeScalars.contains("\u{1b}"))
    }

    @Test("give one line for any damage")
    func damage() {
        let replacements = Array("0x:-[{&*#'\" \n\t!|>%@`".utf8)
        let good = Array(RecipeSamples.full.utf8)
        for index in good.indices {
            var bytes = good
            bytes[index] = replacements[index % replacements.count]
            do {
                _ = try Recipe(yaml: bytes, file: "r.yaml")
            } catch {
                #expect("\(error)".hasPrefix("r.yaml"))
                #expect(!"\(error)".contains("\n"))
            }
        }
    }
}
