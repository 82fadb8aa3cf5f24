/// `retort tokenize`: text to token ids, and back.
enum TokenizeCommand: CommandDescription {
    /// What is tokenized or decoded.
    enum Input: Equatable {
        case text(String)
        /// A file with a JSON object a line.
        case file(String)
    }

    struct Options: Equatable {
        let model: String
        let input: Input
        /// From ids to text.
        let decodes: Bool
        /// Whether special tokens are added, such as one for the beginning.
        let addsSpecial: Bool
        let json: Bool
    }

    static let help = CommandHelp(
        name: "tokenize", summary: "turns text into token ids, and back",
        discussion: """
            Prints the id and the piece of text of every token. With --input, each line \
            {"text": …} gives a line {"ids": […]}; with --decode, each line {"ids": […]} gives a \
            line {"text": …}.
            """,
        arguments: [.init(name: "TEXT", meaning: "The text.", isRequired: false)],
        options: [
            .value("--model", "MODEL", "A model, or a tokenizer.json file alone."),
            .value("--input", "FILE.jsonl", "Texts or ids, one JSON object a line."),
            .flag("--decode", "Turn the ids of --input into text."),
            .flag("--no-special", "Leave out special tokens, such as one for the beginning."),
            .flag("--json", "Print JSON."),
        ],
        examples: [
            .init(
                line: "retort tokenize --model model.gguf \"Hello there\"",
                meaning: "The tokens of a text."),
            .init(
                line: "retort tokenize --model tokenizer.json --input texts.jsonl --json",
                meaning: "The ids of many texts, for a program."),
        ])

    static func options(_ arguments: Arguments) throws(UsageError) -> Options {
        let input: Input
        switch try arguments.oneOf(["TEXT", "--input"]) {
        case "TEXT": input = .text(try arguments.required("TEXT"))
        default: input = .file(try arguments.required("--input"))
        }
        try arguments.check("--decode", needs: "--input")
        return Options(
            model: try arguments.required("--model"), input: input,
            decodes: arguments.has("--decode"), addsSpecial: !arguments.has("--no-special"),
            json: arguments.has("--json"))
    }
}
