import Retort

/// `retort bench tokenize`: how fast this machine tokenizes.
enum BenchTokenizeCommand: Subcommand {
    struct Options: Equatable {
        let file: String
        let model: String
        let unit: TokenizerBenchmark.Unit
        let threads: Int
        let json: Bool
    }

    static let help = CommandHelp(
        name: "bench tokenize", summary: "measures how fast this machine tokenizes",
        discussion: """
            Turns a file's text into token ids, five times with a tokenizer that has seen nothing \
            yet, and prints the median: millions of bytes and tokens per second, the time to open \
            the tokenizer, and the CRC-32 of all ids, which says whether two programs did the \
            same work. Special tokens are not added. Of a .jsonl file the values of text, \
            question and answer are taken, one text each.
            """,
        arguments: [.init(name: "FILE", meaning: "Text in UTF-8, or a .jsonl file.")],
        options: [
            .value("--model", "MODEL", "A model, or a tokenizer.json file alone."),
            .value(
                "--unit", "NAME",
                "What one call is given: file, line or record (paragraph); record by default."),
            .value("--threads", "N", "Threads to use; 1 by default."),
            .flag("--json", "Print one JSON object on one line."),
        ],
        examples: [
            .init(
                line: "retort bench tokenize prose.txt --model tokenizer.json --unit line",
                meaning: "The speed on the lines of a text."),
            .init(
                line: "retort bench tokenize train.jsonl --model model.gguf --threads 2 --json",
                meaning: "The speed on training data with two threads, for a program."),
        ])

    static func options(_ arguments: Arguments) throws(UsageError) -> Options {
        Options(
            file: try arguments.required("FILE"), model: try arguments.required("--model"),
            unit: try arguments.choice("--unit", TokenizerBenchmark.Unit.self) ?? .record,
            threads: try arguments.integer("--threads", in: 1...1024) ?? 1,
            json: arguments.has("--json"))
    }

    static func run(_ options: Options, on terminal: Terminal) throws {
        var benchmark = TokenizerBenchmark()
        benchmark.unit = options.unit
        benchmark.threads = options.threads
        let result = try benchmark.run(options.file, model: options.model)
        if options.json { return try terminal.result(result.json.serialized(.spaced)) }
        try terminal.result(
            """
            \(Humanized.rate(result.megabytesPerSecond)) MB/s, \
            \(Humanized.short(Int(result.tokensPerSecond))) tokens/s \
            (median of \(result.repeatSeconds.count))
            \(Humanized.count(result.tokens)) tokens of \(Humanized.bytes(result.bytes)) in \
            \(Humanized.count(result.texts)) texts, crc32 \(result.checksumText)
            \(Humanized.duration(seconds: result.loadSeconds)) to open the tokenizer
            """)
    }
}
