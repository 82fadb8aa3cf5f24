import Retort
import RetortFiles
import RetortModels
import RetortText

/// `retort tokenize`: text to token ids, and back.
enum TokenizeCommand: Subcommand {
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

    static func run(_ options: Options, on terminal: Terminal) throws {
        let tokenizer = try Tokenizer(atPath: options.model)
        switch options.input {
        case .text(let text):
            let ids = try tokenizer.encode(text, addSpecialTokens: options.addsSpecial)
            if options.json { return try terminal.result(line(ids)) }
            for id in ids {
                try terminal.result("\(id)\t\(tokenizer.token(id)?.printable ?? "")")
            }
        case .file(let path):
            let file = try JSONLinesFile(path)
            for index in 0..<file.count {
                let place = "\(path):\(file.lineNumber(index))"
                let object = try file.object(index)
                if options.decodes {
                    let ids = object["ids"]?.array?.compactMap(\.integer)
                    guard let ids, ids.count == object["ids"]?.array?.count else {
                        throw RowError.missing(
                            place: place, key: "ids", what: "a list of token ids")
                    }
                    let text = JSONValue.string(tokenizer.decode(ids))
                    try terminal.result(
                        JSONValue.object(JSONObject([("text", text)])).serialized(.spaced))
                } else {
                    guard let text = object["text"]?.string else {
                        throw RowError.missing(place: place, key: "text", what: "a string")
                    }
                    try terminal.result(
                        line(try tokenizer.encode(text, addSpecialTokens: options.addsSpecial)))
                }
            }
        }
    }

    private static func line(_ ids: [Int]) -> String {
        JSONValue.object(JSONObject([("ids", .array(ids.map(JSONValue.integer)))])).serialized(
            .spaced)
    }
}
