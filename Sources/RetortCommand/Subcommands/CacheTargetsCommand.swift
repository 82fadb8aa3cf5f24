import Retort
import RetortModels

/// `retort cache-targets`: keeps a teacher's distributions for training students.
enum CacheTargetsCommand: Subcommand {
    struct Options: Equatable {
        let model: String
        let adapter: String?
        let data: DataOptions
        let mode: SoftTargetMode
        let tokens: DistilledTokens
        let precision: Precision
        let threads: Int?
        let output: String
    }

    /// The keys of a recipe's data section; nil for its defaults.
    struct DataOptions: Equatable {
        let path: String
        let format: DataFormat?
        let maxLength: Int?
        let overlength: Overlength?
        let trainOn: TrainedTokens?
    }

    static let help = CommandHelp(
        name: "cache-targets", summary: "keeps a teacher's distributions in a file of soft targets",
        discussion: """
            Runs a model over data and writes, for each token, what it expects next: the most \
            probable tokens with their log-probabilities and the mass of all others, or tokens \
            drawn at random with weights, which is unbiased where leaving out the others is not. \
            A student then learns from the HDF5 file without the teacher in memory; other \
            programs can read it too (Docs/SoftTargets.md).

            What is done is kept beside the file, in OUTPUT.journal, until all is. Stopped or \
            killed at any moment, the same command goes on there, and the file has the same bytes.
            """,
        options: [
            .modelOption, .adapterOption,
            .value("--data", "FILE.jsonl", "The data, as a recipe's data.train."),
            .value("--format", "NAME", "messages, text or tokens; messages by default."),
            .value("--max-length", "N", "Most tokens of an example; 512 by default."),
            .value(
                "--overlength", "NAME", "error, drop or truncate longer examples; error by default."
            ),
            .value(
                "--train-on", "NAME",
                "The tokens with a label: assistant or all, as a recipe's data.train_on."),
            .value("--top-k", "N", "The most probable tokens to keep; 64 by default."),
            .value("--samples", "N", "Draw so many tokens instead."),
            .value(
                "--proposal-power", "P",
                "Draw from the teacher's probabilities to this power; 1 by default."),
            .value("--seed", "N", "Of the draws; 42 by default."),
            .value(
                "--tokens", "NAME",
                "Where: on supervised tokens (the default), unsupervised ones, or all."),
            .precisionOption,
            .value("--threads", "N", "Threads to use; all processors by default."),
            .value("--output", "FILE.h5", "The file to write."),
        ],
        examples: [
            .init(
                line: "retort cache-targets --model teacher.gguf --data train.jsonl "
                    + "--output targets.h5",
                meaning: "The 64 most probable tokens wherever the assistant speaks."),
            .init(
                line: "retort cache-targets --model teacher.gguf --data texts.jsonl --format text "
                    + "--samples 50 --tokens all --output targets.h5",
                meaning: "Unbiased samples for all tokens of texts."),
        ])

    static func options(_ arguments: Arguments) throws(UsageError) -> Options {
        let path = try arguments.required("--model")
        let data = DataOptions(
            path: try arguments.required("--data"),
            format: try arguments.choice("--format", DataFormat.self),
            maxLength: try arguments.integer("--max-length", in: 2...1_048_576),
            overlength: try arguments.choice("--overlength", Overlength.self),
            trainOn: try arguments.choice("--train-on", TrainedTokens.self))
        if data.trainOn == .assistant, let format = data.format, format != .messages {
            throw .badValue(
                "--train-on", expected: "all for \(format.rawValue)", found: "assistant")
        }
        return Options(
            model: path, adapter: arguments.value("--adapter"), data: data,
            mode: try mode(arguments),
            tokens: try arguments.choice("--tokens", DistilledTokens.self) ?? .supervised,
            precision: try arguments.precision(),
            threads: try arguments.integer("--threads", in: 1...1024),
            output: try arguments.required("--output"))
    }

    private static func mode(_ arguments: Arguments) throws(UsageError) -> SoftTargetMode {
        let samples = try arguments.integer("--samples", in: 1...SoftTargetMode.mostSamples)
        let k = try arguments.integer("--top-k", in: 1...16_777_216)
        let power = try arguments.number("--proposal-power", in: 0...2)
        let seed = try arguments.integer("--seed", in: 0...Int.max)
        guard let samples else {
            try arguments.check("--proposal-power", needs: "--samples")
            try arguments.check("--seed", needs: "--samples")
            return .topK(k ?? 64)
        }
        if k != nil { throw .conflict("--top-k", "--samples") }
        return .samples(count: samples, power: power ?? 1, seed: UInt64(seed ?? 42))
    }

    static func run(_ options: Options, on terminal: Terminal) throws {
        StopSignal.listen()
        let teacher = try openedModel(
            options.model, adapter: options.adapter, precision: options.precision,
            threads: options.threads)
        var data = DataRecipe()
        data.train = options.data.path
        data.format = options.data.format ?? data.format
        data.maxLength = options.data.maxLength ?? data.maxLength
        data.overlength = options.data.overlength ?? data.overlength
        data.trainOn = options.data.trainOn
        let caching = try TargetCaching(
            teacher, data: data, mode: options.mode, tokens: options.tokens, output: options.output)
        let finished = caching.finishedTokenCount, total = caching.data.tokenCount
        if finished > 0 {
            terminal.note(
                "Going on after \(Humanized.count(finished)) of \(Humanized.count(total)) tokens.")
        }
        let progress = ProgressLine(on: terminal, "token", of: total, doneBefore: finished)
        let summary = try caching.run { progress.update($0) }
        progress.finish()
        terminal.note(
            "\(options.output): \(Humanized.bytes(summary.byteCount)), targets for "
                + "\(Humanized.count(summary.rows)) of \(Humanized.count(summary.tokens)) tokens in "
                + "\(Humanized.count(summary.documents)) documents, read again and checked.")
    }
}
