import Retort
import RetortModels

/// `retort bench generate`: how fast this machine generates.
enum BenchGenerateCommand: Subcommand {
    struct Options: Equatable {
        let model: String
        let adapter: String?
        let promptTokens: Int
        let decodedTokens: Int
        let rounds: Int
        let precision: Precision
        let json: Bool
    }

    static let help = CommandHelp(
        name: "bench generate", summary: "measures how fast this machine generates",
        discussion: """
            Reads a prompt of fixed token ids in one pass, then feeds the likeliest token back one \
            by one, and prints the tokens per second of both, the peak memory, and, as JSON, the \
            first tokens chosen. The figures are medians over a few rounds, after one that is not \
            timed. Precision is that of `retort generate`.
            """,
        options: [
            .modelOption, .adapterOption,
            .value("--prompt", "N", "Tokens of the prompt; 512 by default."),
            .value("--decode", "N", "Tokens fed back one by one; 64 by default."),
            .value("--rounds", "N", "Rounds that are timed; 3 by default."),
            .generationPrecisionOption,
            .flag("--json", "Print one JSON object on one line."),
        ],
        examples: [
            .init(
                line: "retort bench generate --model model.gguf",
                meaning: "How fast are prompts read and answers written?"),
            .init(
                line: "retort bench generate --model model.gguf --prompt 2048 --decode 256 --json",
                meaning: "A long prompt, for a program."),
        ])

    static func options(_ arguments: Arguments) throws(UsageError) -> Options {
        Options(
            model: try arguments.required("--model"), adapter: arguments.value("--adapter"),
            promptTokens: try arguments.integer("--prompt", in: 1...1_048_576) ?? 512,
            decodedTokens: try arguments.integer("--decode", in: 1...1_048_576) ?? 64,
            rounds: try arguments.integer("--rounds", in: 1...1_000_000) ?? 3,
            precision: try arguments.precision(), json: arguments.has("--json"))
    }

    static func run(_ options: Options, on terminal: Terminal) throws {
        let model = try openedModel(
            options.model, adapter: options.adapter, precision: options.precision)
        var benchmark = GenerationBenchmark()
        benchmark.promptTokens = options.promptTokens
        benchmark.decodedTokens = options.decodedTokens
        benchmark.rounds = options.rounds
        benchmark.roundsPromptsToBytes = options.precision == .auto
        let progress = ProgressLine(on: terminal, "round", of: options.rounds + 1)
        let result = try benchmark.run(model) { progress.update($0 + 1) }
        progress.finish()
        if options.json { return try terminal.result(result.json.serialized(.spaced)) }
        try terminal.result(
            """
            \(Humanized.rate(result.promptTokensPerSecond)) prompt tokens/s \
            (\(options.promptTokens) tokens, median of \(options.rounds) rounds)
            \(Humanized.rate(result.decodedTokensPerSecond)) tokens/s after it \
            (\(options.decodedTokens) tokens)
            \(Humanized.bytes(Int(result.peakMemoryMiB * 1_048_576))) peak memory
            """)
    }
}
