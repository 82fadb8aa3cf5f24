import RetortFiles
import RetortTraining
import Testing

@Suite("The way a recipe's model begins")
struct InitializeRecipeTests {
    private static func text(_ initialize: String) -> String {
        """
        task: sft
        output_dir: run
        data: {train: t.jsonl}
        model:
          path: m.gguf
          initialize: \(initialize)

        """
    }

    private func read(_ initialize: String, overrides: [String] = []) throws -> Recipe {
        try RecipeSamples.read(Self.text(initialize), overrides: overrides)
    }

    @Test("is read in every form")
    func forms() throws {
        #expect(try read("null").model.initialize == nil)
        let random = try #require(try read("random").model.initialize)
        #expect(random.scratch != nil && random.keepLayers == nil)
        #expect(try read("{scratch: {}}").model.initialize == random)
        let kept = try #require(try read("{keep_layers: 4}").model.initialize)
        #expect(kept.keepLayers == 4 && kept.layers == .uniform && kept.scratch == nil)
        let last = try #require(try read("{keep_layers: 4, layers: last}").model.initialize)
        #expect(last.layers == .last)
        let listed = try #require(try read("{layers: [0, 3]}").model.initialize)
        #expect(listed.layers == .listed([0, 3]) && listed.keepLayers == 2)
        let chosen = try #require(
            try read("{keep_layers: 4, layers: importance, calibration: c.jsonl}").model.initialize)
        #expect(chosen.layers == .importance && chosen.calibration == "c.jsonl")
        let small = try #require(
            try read("{scratch: {hidden_size: 64, num_attention_heads: 4}}").model.initialize)
        #expect(small.scratch?.sizes.hiddenSize == 64 && small.scratch?.sizes.headCount == 4)
    }

    @Test(
        "is written as it reads back",
        arguments: [
            "random", "{keep_layers: 4, layers: first}", "{layers: [0, 3]}", "null",
            "{keep_layers: 4, layers: importance, calibration: c.jsonl}",
            "{scratch: {head_dim: 8}}",
        ])
    func written(initialize: String) throws {
        let recipe = try read(initialize)
        #expect(try RecipeSamples.read(recipe.yaml) == recipe)
        #expect(recipe.yaml.contains("initialize: random") == (initialize == "random"))
    }

    @Test("is overridden key by key, whatever word stands there")
    func overrides() throws {
        let key = "model.initialize.keep_layers=2"
        for initialize in ["random", "{keep_layers: 4}", "null"] {
            let recipe = try read(initialize, overrides: [key])
            #expect(recipe.model.initialize?.keepLayers == 2)
            #expect(recipe.model.initialize?.scratch == nil)
        }
        let recipe = try read("{keep_layers: 4}", overrides: ["model.initialize=random"])
        #expect(recipe.model.initialize?.scratch != nil)
    }

    @Test(
        "is refused with its line where it cannot be",
        arguments: [
            ("randm", "unknown model.initialize \"randm\"; did you mean random?"),
            (
                "nothing",
                "model.initialize must be a map of keys, or random, found the text \"nothing\""
            ),
            ("3", "model.initialize must be a map of keys, found 3"),
            (
                "{}",
                "model.initialize must be random, or a map with keep_layers, layers or scratch, "
                    + "found a map"
            ),
            (
                "{keep_layer: 3}",
                "unknown key model.initialize.keep_layer; did you mean keep_layers?"
            ),
            (
                "{keep_layers: 0}", "model.initialize.keep_layers must be from 1 to 4096, found 0"
            ),
            (
                "{layers: first}",
                "model.initialize.layers has no meaning unless model.initialize.keep_layers is "
                    + "given, or it is a list; remove it"
            ),
            (
                "{keep_layers: 3, layers: [0, 1]}",
                "model.initialize.keep_layers must be as many as model.initialize.layers lists, "
                    + "found 3"
            ),
            (
                "{keep_layers: 3, layers: middle}",
                "model.initialize.layers must be uniform, first, last, importance, or a list of "
                    + "layers, found the text \"middle\""
            ),
            (
                "{keep_layers: 3, layers: importance}",
                "model.initialize.layers must be given with model.initialize.calibration if it is "
                    + "importance, found the text \"importance\""
            ),
            (
                "{keep_layers: 3, calibration: c.jsonl}",
                "model.initialize.calibration has no meaning unless model.initialize.layers is "
                    + "importance; remove it"
            ),
            (
                "{scratch: {hidden: 3}}",
                "unknown key model.initialize.scratch.hidden; did you mean hidden_size?"
            ),
            (
                "{scratch: {hidden_size: 0}}",
                "model.initialize.scratch.hidden_size must be from 1 to 1048576, found 0"
            ),
            (
                "{keep_layers: 3, scratch: {}}",
                "model.initialize.scratch and model.initialize.keep_layers are both given; remove "
                    + "one of them"
            ),
        ])
    func refused(initialize: String, message: String) throws {
        let error = try #require(throws: RecipeError.self) { try read(initialize) }
        #expect("\(error)" == "r.yaml:6: \(message)")
    }
}
