import Retort
import RetortModels

/// What the benchmarks of training have in common: size of a step, precision, output.
struct BenchOptions: Equatable {
    let batch: Int
    let length: Int
    let precision: Precision
    let optimizer: OptimizerName
    let usesGradientCheckpointing: Bool
    let steps: Int
    let profiles: Bool
    let json: Bool

    /// What `fraction_of_peak` is, for the help pages.
    static let fractionMeaning = """
        The fraction of the peak is the arithmetic that the matrix products of a step need, over \
        what the inner kernel does in the same time on operands that stay in the first-level \
        cache, measured before and after with as many threads.
        """

    static let options: [CommandOption] = [
        .value("--batch", "N", "Rows of a step; 4 by default."),
        .value("--length", "N", "Tokens of a row; 512 by default."),
        .precisionOption,
        .value("--optimizer", "NAME", "adamw, adamw_8bit or sgd; adamw by default."),
        .flag("--gradient-checkpointing", "Compute layers twice to save memory."),
        .value("--steps", "N", "Steps that are timed; 5 by default."),
        .profileOption,
        .flag("--json", "Print one JSON object on one line."),
    ]

    init(_ arguments: Arguments) throws(UsageError) {
        batch = try arguments.integer("--batch", in: 1...65_536) ?? 4
        length = try arguments.integer("--length", in: 2...1_048_576) ?? 512
        precision = try arguments.precision()
        optimizer = try arguments.choice("--optimizer", OptimizerName.self) ?? .adamw
        usesGradientCheckpointing = arguments.has("--gradient-checkpointing")
        steps = try arguments.integer("--steps", in: 1...1_000_000) ?? 5
        profiles = arguments.has("--profile")
        json = arguments.has("--json")
    }

    /// Runs a benchmark with progress and prints what came out.
    func run(
        on terminal: Terminal,
        _ body: (TrainingBenchmark, (Int) -> Void) throws -> TrainingBenchmark.Result
    ) throws {
        var benchmark = TrainingBenchmark()
        benchmark.batch = batch
        benchmark.length = length
        benchmark.steps = steps
        benchmark.optimizer = optimizer
        benchmark.checkpointing = usesGradientCheckpointing
        benchmark.profiles = profiles
        let progress = ProgressLine(on: terminal, "step", of: steps + 1)
        let result = try body(benchmark) { progress.update($0 + 1) }
        progress.finish()
        if json { return try terminal.result(result.json.serialized(.spaced)) }
        try terminal.result(
            """
            \(Humanized.rate(result.tokensPerSecond)) tokens/s (median of \(steps) steps)
            \(Humanized.fixed(100 * result.fractionOfPeak, 1)) % of the matrix kernels' peak
            \(Humanized.bytes(Int(result.peakMemoryMiB * 1_048_576))) peak memory
            first loss \(Humanized.fixed(result.firstLoss, 5)), last \(Humanized.fixed(result.lastLoss, 5))
            """)
        if let profile = result.profile { try terminal.result(profile.text) }
    }
}
