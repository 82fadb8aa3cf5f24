import Retort
import RetortModels

/// `retort bench train`: how fast this machine trains.
enum BenchTrainCommand: Subcommand {
    struct Options: Equatable {
        let model: String
        let batch: Int
        let length: Int
        let rank: Int
        let precision: Precision
        let trainsAllWeights: Bool
        let usesGradientCheckpointing: Bool
        let steps: Int
        let json: Bool
    }

    static let help = CommandHelp(
        name: "bench train", summary: "measures how fast this machine trains",
        discussion: """
            Trains a few steps on fixed token ids, every token supervised, with AdamW and a LoRA \
            adapter on all linear layers, and prints the tokens per second of the median step, \
            the peak memory, and the first loss, which says whether two programs do the same work.
            """,
        options: [
            .modelOption,
            .value("--batch", "N", "Rows of a step; 4 by default."),
            .value("--length", "N", "Tokens of a row; 512 by default."),
            .value("--rank", "N", "The adapter's rank; 16 by default."),
            .precisionOption,
            .flag("--full", "Train all weights instead of an adapter."),
            .flag("--gradient-checkpointing", "Compute layers twice to save memory."),
            .value("--steps", "N", "Steps that are timed; 5 by default."),
            .flag("--json", "Print one JSON object on one line."),
        ],
        examples: [
            .init(
                line: "retort bench train --model model.gguf",
                meaning: "The speed with a usual adapter."),
            .init(
                line: "retort bench train --model model.gguf --batch 1 --length 2048 --json",
                meaning: "One long row a step, for a program."),
        ])

    static func options(_ arguments: Arguments) throws(UsageError) -> Options {
        if arguments.has("--full"), arguments.has("--rank") { throw .conflict("--full", "--rank") }
        return Options(
            model: try arguments.required("--model"),
            batch: try arguments.integer("--batch", in: 1...65_536) ?? 4,
            length: try arguments.integer("--length", in: 2...1_048_576) ?? 512,
            rank: try arguments.integer("--rank", in: 1...65_536) ?? 16,
            precision: try arguments.precision(), trainsAllWeights: arguments.has("--full"),
            usesGradientCheckpointing: arguments.has("--gradient-checkpointing"),
            steps: try arguments.integer("--steps", in: 1...1_000_000) ?? 5,
            json: arguments.has("--json"))
    }

    static func run(_ options: Options, on terminal: Terminal) throws {
        let model = try Model(
            options.model, kernels: try chosenKernels(), precision: options.precision)
        var benchmark = TrainingBenchmark()
        benchmark.batch = options.batch
        benchmark.length = options.length
        benchmark.rank = options.rank
        benchmark.steps = options.steps
        benchmark.isFull = options.trainsAllWeights
        benchmark.checkpointing = options.usesGradientCheckpointing
        let progress = ProgressLine(on: terminal, "step", of: options.steps + 1)
        let result = try benchmark.run(model) { progress.update($0 + 1) }
        progress.finish()
        if options.json { return try terminal.result(result.json.serialized(.spaced)) }
        try terminal.result(
            """
            \(Humanized.rate(result.tokensPerSecond)) tokens/s (median of \(options.steps) steps)
            \(Humanized.bytes(Int(result.peakMemoryMiB * 1_048_576))) peak memory
            first loss \(Humanized.fixed(result.firstLoss, 5)), last \(Humanized.fixed(result.lastLoss, 5))
            """)
    }
}
