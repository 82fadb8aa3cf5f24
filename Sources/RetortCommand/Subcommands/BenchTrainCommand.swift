import Retort
import RetortModels

/// `retort bench train`: how fast this machine trains.
enum BenchTrainCommand: Subcommand {
    struct Options: Equatable {
        let model: String
        let rank: Int
        let trainsAllWeights: Bool
        let benchmark: BenchOptions
    }

    static let help = CommandHelp(
        name: "bench train", summary: "measures how fast this machine trains",
        discussion: """
            Trains a few steps on fixed token ids, every token supervised, with a LoRA adapter on \
            all linear layers, and prints the tokens per second of the median step, the peak \
            memory, and the first loss, which says whether two programs do the same work.

            \(BenchOptions.fractionMeaning)
            """,
        options: [
            .modelOption, .value("--rank", "N", "The adapter's rank; 16 by default."),
            .flag("--full", "Train all weights instead of an adapter."),
        ] + BenchOptions.options,
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
            rank: try arguments.integer("--rank", in: 1...65_536) ?? 16,
            trainsAllWeights: arguments.has("--full"), benchmark: try BenchOptions(arguments))
    }

    static func run(_ options: Options, on terminal: Terminal) throws {
        let model = try Model(
            options.model, kernels: try chosenKernels(), precision: options.benchmark.precision)
        try options.benchmark.run(on: terminal) { benchmark, onStep in
            var benchmark = benchmark
            benchmark.rank = options.rank
            benchmark.isFull = options.trainsAllWeights
            return try benchmark.run(model, onStep: onStep)
        }
    }
}
