import RetortTraining
import Testing

@Suite("Overrides")
struct RecipeOverrideTests {
    static let settings: [([String], @Sendable (Recipe) -> Bool)] = [
        (["optimizer.learning_rate=2e-4"], { $0.optimizer.learningRate == 2e-4 }),
        (["seed=1", "seed=2"], { $0.seed == 2 }),
        (["adapter=null"], { $0.adapter == nil }),
        (
            ["adapter.target_modules=[q_proj]"],
            { $0.adapter?.targetModules == .named(["q_proj"]) }
        ),
        (["adapter={rank: 4}"], { $0.adapter?.rank == 4 && $0.adapter?.alpha == 32 }),
        (["adapter=null", "adapter.rank=4"], { $0.adapter?.rank == 4 }),
        (["training.max_grad_norm=null"], { $0.training.maxGradNorm == nil }),
        (["data.train=a=b.jsonl"], { $0.data.train == "a=b.jsonl" }),
    ]

    @Test(
        "set keys, sections and all",
        arguments: settings)
    func set(_ overrides: [String], _ holds: @Sendable (Recipe) -> Bool) throws {
        #expect(holds(try RecipeSamples.read(RecipeSamples.full, overrides: overrides)))
    }

    @Test("take the place of the key that excludes theirs")
    func alternatives() throws {
        let steps = try RecipeSamples.read(
            RecipeSamples.full, overrides: ["training.max_steps=5", "schedule.warmup_steps=0"])
        #expect(steps.training.maxSteps == 5 && steps.training.epochs == nil)
        #expect(steps.schedule.warmupSteps == 0 && steps.schedule.warmupRatio == nil)
        let back = try RecipeSamples.read(steps.yaml, overrides: ["training.epochs=3"])
        #expect(back.training.maxSteps == nil && back.training.epochs == 3)
    }

    @Test(
        "are named in what is wrong with them",
        arguments: [
            (
                "optimizer.lerning_rate=1",
                "unknown key optimizer.lerning_rate; did you mean learning_rate?"
            ),
            ("sed=1", "unknown key sed; did you mean seed?"),
            ("seed=x", "seed must be a whole number, found the text \"x\""),
            ("seed=", "seed must be a whole number, found nothing"),
            ("adapter.rank=0", "adapter.rank must be from 1 to 65536, found 0"),
            ("adapter={rank: 0}", "adapter.rank must be from 1 to 65536, found 0"),
            ("seed.deep=1", "unknown key seed.deep; did you mean seed?"),
            ("model=null", "model must be a map of keys, found null"),
            (
                "optimizer.momentum=0.5",
                "optimizer.momentum has no meaning unless optimizer.name is sgd; remove it"
            ),
            ("seed", "expected key=value, as in seed=7"),
            ("=1", "expected key=value, as in seed=7"),
            ("a..b=1", "expected key=value, as in seed=7"),
            ("seed=[1", "the list that begins with [ here is not closed, or lacks a comma"),
        ])
    func wrong(_ override: String, _ message: String) throws {
        let error = try #require(throws: RecipeError.self) {
            try RecipeSamples.read(RecipeSamples.full, overrides: [override])
        }
        #expect("\(error)" == "--set \(override): \(message)")
    }

    @Test("leave other mistakes at their lines")
    func elsewhere() throws {
        let text = RecipeSamples.full + "optimiser: {}\n"
        let error = try #require(throws: RecipeError.self) {
            try RecipeSamples.read(text, overrides: ["seed=1"])
        }
        #expect("\(error)" == "r.yaml:42: unknown key optimiser; did you mean optimizer?")
    }
}
