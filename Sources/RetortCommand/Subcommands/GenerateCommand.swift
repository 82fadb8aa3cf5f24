import Retort
import RetortModels

/// `retort generate`: answers a prompt, or holds a conversation.
enum GenerateCommand: Subcommand {
    /// What the model goes on from.
    enum Input: Equatable {
        case prompt(String)
        case ids([Int])
        /// A conversation with whoever sits at the terminal.
        case chat
    }

    struct Options: Equatable {
        let model: String
        let adapter: String?
        let input: Input
        let system: String?
        let maximumTokens: Int
        let sampling: Sampling
        /// Without the chat template.
        let isRaw: Bool
        /// Going on after an end token.
        let ignoresEnd: Bool
        let precision: Precision
        let json: Bool
    }

    static let help = CommandHelp(
        name: "generate", summary: "answers a prompt, or holds a conversation",
        discussion: """
            Streams what the model says. The prompt is put into the model's own chat template, as \
            one request of a user; with --raw, or where the model has no template, the model goes \
            on with the prompt as it is.
            """,
        options: [
            .modelOption, .adapterOption,
            .value("--prompt", "TEXT", "What to answer."),
            .value("--prompt-ids", "1,2,3", "Token ids to go on from, without a template."),
            .flag("--chat", "Talk: each line is a request, and the conversation is kept."),
            .value("--system", "TEXT", "The system message before the request."),
            .value("--max-tokens", "N", "Tokens to generate at most; 256 by default."),
            .value("--temperature", "T", "Randomness; 0, the default, takes the most probable."),
            .value("--top-k", "N", "Draw from the N most probable tokens."),
            .value("--top-p", "P", "Draw from the most probable tokens that sum up to P."),
            .value("--min-p", "P", "Draw from tokens at least P times as probable as the first."),
            .value(
                "--repetition-penalty", "R", "Above 1, tokens that came before are less likely."),
            .value("--seed", "N", "Seed of the draws; 0 by default."),
            .flag("--raw", "Go on with the prompt as it is, without the chat template."),
            .flag("--ignore-end", "Do not stop at an end token."),
            .generationPrecisionOption,
            .flag("--json", "Print {\"ids\":[…],\"text\":…} at the end instead of streaming."),
        ],
        examples: [
            .init(
                line: "retort generate --model model.gguf --prompt \"Turn on the kitchen light.\"",
                meaning: "One answer, always the same."),
            .init(
                line: "retort generate --model Checkpoints/smart-home --chat --temperature 0.7",
                meaning: "A conversation with what a run has trained."),
        ])

    static func options(_ arguments: Arguments) throws(UsageError) -> Options {
        let input = try input(arguments)
        let isText = if case .prompt = input { true } else { false }
        if arguments.has("--raw"), !isText { throw .needs("--raw", other: "--prompt") }
        if arguments.has("--system"), arguments.has("--raw") {
            throw .conflict("--system", "--raw")
        }
        if arguments.has("--system"), case .ids = input {
            throw .conflict("--system", "--prompt-ids")
        }
        if arguments.has("--json"), input == .chat { throw .conflict("--json", "--chat") }
        return Options(
            model: try arguments.required("--model"), adapter: arguments.value("--adapter"),
            input: input, system: arguments.value("--system"),
            maximumTokens: try arguments.integer("--max-tokens", in: 1...10_000_000) ?? 256,
            sampling: try sampling(arguments), isRaw: arguments.has("--raw"),
            ignoresEnd: arguments.has("--ignore-end"), precision: try arguments.precision(),
            json: arguments.has("--json"))
    }

    private static func input(_ arguments: Arguments) throws(UsageError) -> Input {
        switch try arguments.oneOf(["--prompt", "--prompt-ids", "--chat"]) {
        case "--prompt": return .prompt(try arguments.required("--prompt"))
        case "--chat": return .chat
        default: break
        }
        let text = try arguments.required("--prompt-ids")
        let words = text.split(separator: ",", omittingEmptySubsequences: false)
        let ids = words.map { Int($0).flatMap { (0...Int(Int32.max)).contains($0) ? $0 : nil } }
        guard !ids.contains(nil) else {
            throw .badValue("--prompt-ids", expected: "token ids, as in 1,2,3", found: text)
        }
        return .ids(ids.compactMap(\.self))
    }

    private static func sampling(_ arguments: Arguments) throws(UsageError) -> Sampling {
        var sampling = Sampling()
        sampling.temperature = try arguments.number("--temperature", in: 0...100) ?? 0
        sampling.topK = try arguments.integer("--top-k", in: 1...Int.max)
        sampling.topP = try arguments.number("--top-p", in: 0...1) ?? 1
        sampling.minP = try arguments.number("--min-p", in: 0...1) ?? 0
        sampling.repetitionPenalty =
            try arguments.number("--repetition-penalty", in: 0.01...100) ?? 1
        sampling.seed = UInt64(try arguments.integer("--seed", in: 0...Int.max) ?? 0)
        return sampling
    }

    static func run(_ options: Options, on terminal: Terminal) throws {
        let model = try openedModel(
            options.model, adapter: options.adapter, precision: options.precision)
        let chat = try Chat(model, options, on: terminal)
        switch options.input {
        case .ids(let ids): try chat.answer(ids)
        case .prompt(let text) where options.isRaw: try chat.continueText(text)
        case .prompt(let text): try chat.answer(text)
        case .chat: try chat.converse()
        }
    }
}
