import RetortKernels
import RetortModels
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
            #expect(result.lastLoss < result.firstLoss)
        }
    }
}
