/// `retort evaluate`: measures a model on held-out data.
enum EvaluateCommand: CommandDescription {
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
}
