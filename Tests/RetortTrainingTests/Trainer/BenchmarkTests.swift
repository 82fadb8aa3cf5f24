import RetortKernels
import RetortModels
import RetortTensor
import Testing

@testable import RetortTraining

@Suite("Benchmarks")
struct BenchmarkTests {
    private let benchmark = {
        var benchmark = TrainingBenchmark()
        benchmark.batch = 1
        benchmark.length = 16
        benchmark.steps = 2
        return benchmark
    }()

    private func model() throws -> Model {
        let kernels = try #require(Kernels(threads: 2))
        return try Model(TinyModelTests.tiny, kernels: kernels, precision: .float32)
    }

    @Test("training and distillation learn their fixed tokens")
    func learning() throws {
        let adapter = try benchmark.run(try model())
        let distilled = try benchmark.runDistillation(try model())
        for result in [adapter, distilled] {
            #expect(result.stepSeconds.count == 2 && result.tokensPerSecond > 0)
            #expect(result.lastLoss < result.firstLoss && result.profile == nil)
        }
    }

    @Test("the profile of a step has its operations, and its parts add up to the step")
    func profile() throws {
        var benchmark = benchmark
        benchmark.profiles = true
        benchmark.checkpointing = true
        let result = try benchmark.runDistillation(try model())
        let profile = try #require(result.profile)
        #expect(profile.stepCount == benchmark.steps)
        let mean = result.stepSeconds.reduce(0, +) / Double(benchmark.steps)
        #expect(profile.stepSeconds <= mean && profile.stepSeconds > 0.9 * mean)
        let passes = Dictionary(
            uniqueKeysWithValues: profile.rows.map { ($0.name, Set($0.seconds.keys)) })
        for name in ["Linear", "RMSNorm", "RotaryAttention", "GatedSiLU"] {
            #expect(
                passes[name]?.isSuperset(of: [.forward, .recomputation, .backward, .teacher])
                    == true)
        }
        for name in ["optimizer", "gradient norm", "preparation"] {
            #expect(passes[name] == [.other])
        }
        #expect(profile.text.contains("forward     again  backward   teacher       all     share"))
        let line = try #require(result.json.serialized().range(of: #""profile":{"steps":2,"#))
        #expect(!line.isEmpty)
    }

    @Test("a profiled run computes the same bits, and counts its data")
    func profiledRun() throws {
        let folder = try TestFolder()
        let kernels = try #require(Kernels(threads: 2))
        func losses(_ name: String, _ profile: StepProfile?) throws -> [Double] {
            var recipe = Recipe()
            recipe.model.path = TinyModelTests.tiny
            recipe.data.train = try folder.writeTokens(
                [9, 30, 3, 17], vocabulary: 101, to: "train.jsonl")
            recipe.data.format = .tokens
            recipe.training.maxSteps = 2
            recipe.outputDir = folder.path(name)
            return try TrainingRun(recipe, kernels: kernels, profile: profile).run()
                .steps.map(\.loss)
        }
        let profile = StepProfile()
        #expect(try losses("profiled", profile) == losses("plain", nil))
        #expect(profile.stepCount == 2)
        #expect(profile.meanRows.contains { $0.name == "data" && Set($0.seconds.keys) == [.other] })
    }

    @Test("generation is timed by its tokens")
    func generation() throws {
        var benchmark = GenerationBenchmark()
        benchmark.promptTokens = 20
        benchmark.decodedTokens = 5
        benchmark.rounds = 2
        var rounds: [Int] = []
        let result = try benchmark.run(try model()) { rounds.append($0) }
        #expect(rounds == [0, 1, 2] && result.firstTokens.count == 6)
        #expect(result.promptSeconds.count == 2 && result.decodeSeconds.count == 2)
        #expect(result.promptTokensPerSecond > 0 && result.decodedTokensPerSecond > 0)
        #expect(result.json["first_tokens"]?.array?.count == 6)
    }
}
