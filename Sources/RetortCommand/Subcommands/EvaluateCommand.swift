import Retort
import RetortFiles
import RetortModels

/// `retort evaluate`: measures a model on held-out data.
enum EvaluateCommand: Subcommand {
    /// What is measured.
    enum Metric: String, CaseIterable {
        /// The share of greedy answers that equal the expected ones.
        case exactMatch = "exact-match"
        /// e to the mean loss of the trained tokens.
        case perplexity
    }

    struct Options: Equatable {
        let model: String
        let adapter: String?
        let data: String
        let metric: Metric
        let output: String?
        let json: Bool
    }

    static let help = CommandHelp(
        name: "evaluate", summary: "measures a model on held-out data",
        discussion: """
            exact-match: the model answers each conversation's last request greedily; an answer \
            counts if it equals the expected one, white space around it aside.

            perplexity: e to the mean loss per token, over the assistant's turns of conversations \
            or all tokens of texts.
            """,
        options: [
            .modelOption, .adapterOption,
            .value("--data", "FILE.jsonl", "Conversations or texts, one a line."),
            .value("--metric", "NAME", "exact-match or perplexity."),
            .value("--output", "FILE.jsonl", "Keep every answer, or every text's loss."),
            .flag("--json", "Print one JSON object."),
        ],
        examples: [
            .init(
                line: "retort evaluate --model base.gguf --adapter run/adapter --data test.jsonl "
                    + "--metric exact-match",
                meaning: "How many answers are right after tuning?"),
            .init(
                line: "retort evaluate --model base.gguf --data texts.jsonl --metric perplexity",
                meaning: "How well does the model predict these texts?"),
        ])

    static func options(_ arguments: Arguments) throws(UsageError) -> Options {
        guard let metric = try arguments.choice("--metric", Metric.self) else {
            throw .missing("--metric")
        }
        return Options(
            model: try arguments.required("--model"), adapter: arguments.value("--adapter"),
            data: try arguments.required("--data"), metric: metric,
            output: arguments.value("--output"), json: arguments.has("--json"))
    }

    static func run(_ options: Options, on terminal: Terminal) throws {
        let model = try openedModel(options.model, adapter: options.adapter)
        switch options.metric {
        case .exactMatch: try exactMatch(model, options, on: terminal)
        case .perplexity: try perplexity(model, options, on: terminal)
        }
    }

    private static func exactMatch(
        _ model: Model, _ options: Options, on terminal: Terminal
    ) throws {
        let metric = try ExactMatch(model, data: options.data)
        let progress = ProgressLine(on: terminal, "answer", of: metric.count)
        let answers = try metric.run { progress.update($0) }
        progress.finish()
        try keep(answers.map(\.json), options)
        let correct = answers.count { $0.isCorrect }
        let share = Double(correct) / Double(max(answers.count, 1))
        if options.json {
            let result = JSONObject([
                ("exact_match", .number(share)), ("correct", .integer(correct)),
                ("count", .integer(answers.count)),
            ])
            return try terminal.result(JSONValue.object(result).serialized(.spaced))
        }
        try terminal.result(
            "exact match \(Humanized.fixed(100 * share, 1)) % (\(correct) of \(answers.count))")
    }

    /// Writes what `--output` asks for, a line each.
    private static func keep(_ lines: [JSONValue], _ options: Options) throws {
        guard let output = options.output else { return }
        let text = lines.map { $0.serialized(.spaced) + "\n" }.joined()
        _ = try AtomicFile.write(Array(text.utf8), to: output)
    }

    private static func perplexity(
        _ model: Model, _ options: Options, on terminal: Terminal
    ) throws {
        let metric = try Perplexity(model, data: options.data)
        let progress = ProgressLine(on: terminal, "example", of: metric.count)
        let result = metric.run { progress.update($0) }
        progress.finish()
        try keep(result.examples.map(\.json), options)
        if options.json {
            let object = JSONObject([
                ("perplexity", .number(result.perplexity)), ("loss", .number(result.loss)),
                ("tokens", .integer(result.tokens)),
            ])
            return try terminal.result(JSONValue.object(object).serialized(.spaced))
        }
        try terminal.result(
            "perplexity \(Humanized.fixed(result.perplexity, 4)) over "
                + "\(Humanized.count(result.tokens)) tokens")
    }
}
