import Foundation
import RetortModels
import Testing

@testable import RetortCommand

@Suite("Options of the commands")
struct CommandOptionsTests {
    static let descriptions: [any CommandDescription.Type] = [
        TrainCommand.self, DataCommand.self, GenerateCommand.self, EvaluateCommand.self,
        MergeCommand.self, ExportCommand.self, AskCommand.self, PruneCommand.self,
        InspectCommand.self, TokenizeCommand.self, TemplateCommand.self, BenchTrainCommand.self,
        BenchDistillCommand.self, BenchGenerateCommand.self, BenchMatmulCommand.self,
        BenchTokenizeCommand.self,
        VerifyForwardCommand.self,
        VerifyLossCommand.self,
        CacheTargetsCommand.self, ReportCommand.self,
    ]

    private func read<Command: CommandDescription>(
        _ command: Command.Type, _ words: String...
    ) throws(UsageError) -> Command.Options {
        try command.options(Arguments(words, for: command.help))
    }

    @Test("help pages are complete and fit 80 columns")
    func pages() throws {
        for help in Self.descriptions.map({ $0.help }) {
            let page = help.page
            #expect(help.examples.count >= 2)
            #expect(!help.summary.isEmpty && !help.discussion.isEmpty)
            #expect(help.examples.allSatisfy { $0.line.hasPrefix("retort \(help.name) ") })
            let example = try #require(page.ranges(of: "\nExamples:").last)
            let prose = page[..<example.lowerBound].split(separator: "\n")
            #expect(prose.allSatisfy { $0.count <= 80 })
            for option in help.options { #expect(page.contains("\n  " + option.name)) }
            let names = help.options.map(\.name)
            #expect(Set(names).count == names.count)
        }
    }

    @Test("examples of help pages can be read")
    func examples() throws {
        for command in Self.descriptions {
            for example in command.help.examples {
                try readExample(example.line, of: command)
            }
        }
    }

    @Test("commands of the performance page can be read")
    func performancePage() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Docs/Performance.md")
        let lines = try String(contentsOf: page, encoding: .utf8).split(separator: "\n")
            .filter { $0.hasPrefix("retort ") }
        #expect(lines.count >= 19)
        for line in lines {
            let command = try #require(
                Program.commands.first { line.hasPrefix("retort \($0.help.name) ") })
            try readExample(String(line), of: command)
        }
    }

    private func readExample<Command: CommandDescription>(
        _ line: String, of command: Command.Type
    ) throws {
        // As a shell splits it: quotes of either kind hold words together.
        var words: [String] = [], word: String?, quote: Character?
        for character in line {
            if let open = quote {
                if character == open { quote = nil } else { word = (word ?? "") + "\(character)" }
            } else if character == "\"" || character == "'" {
                quote = character
                word = word ?? ""
            } else if character == " " {
                if let word { words.append(word) }
                word = nil
            } else {
                word = (word ?? "") + "\(character)"
            }
        }
        if let word { words.append(word) }
        let own = words.dropFirst(1 + command.help.name.split(separator: " ").count)
        _ = try command.options(Arguments(Array(own), for: command.help))
    }

    @Test("train takes overrides, a checkpoint and threads")
    func train() throws {
        let plain = try read(TrainCommand.self, "r.yaml", "--resume")
        #expect(plain.resume == .latest && plain.overrides.isEmpty && !plain.isDryRun)
        let full = try read(
            TrainCommand.self, "r.yaml", "--set", "seed=1", "--resume=c", "--threads", "2")
        #expect(full.resume == .from("c") && full.overrides == ["seed=1"] && full.threads == 2)
        #expect(try read(TrainCommand.self, "--resume", "r.yaml").recipe == "r.yaml")
        #expect(!plain.profiles)
        #expect(try read(TrainCommand.self, "r.yaml", "--profile").profiles)
        for other in ["--resume", "--profile"] {
            #expect(throws: UsageError.conflict("--dry-run", other)) {
                try read(TrainCommand.self, "r.yaml", "--dry-run", other)
            }
        }
    }

    @Test("generate takes exactly one kind of input")
    func generate() throws {
        let options = try read(
            GenerateCommand.self, "--model", "m", "--prompt-ids", "1,2,30", "--max-tokens", "48",
            "--temperature", "0", "--ignore-end", "--precision", "float32", "--json")
        #expect(options.input == .ids([1, 2, 30]) && options.maximumTokens == 48)
        #expect(options.ignoresEnd && options.precision == .float32 && options.json)
        #expect(options.sampling == Sampling())
        let drawn = try read(
            GenerateCommand.self, "--model", "m", "--prompt", "-x", "--system", "s",
            "--temperature", "0.7", "--top-k", "40", "--top-p", "0.9", "--min-p", "0.05",
            "--repetition-penalty", "1.1", "--seed", "7")
        #expect(drawn.input == .prompt("-x") && drawn.system == "s")
        #expect(drawn.sampling.topK == 40 && drawn.sampling.seed == 7)
        for words in [
            [], ["--prompt", "a", "--chat"], ["--prompt-ids", "1,,2"], ["--prompt-ids", "-1"],
            ["--prompt-ids", "1", "--raw"], ["--chat", "--json"], ["--prompt-ids", ""],
            ["--prompt", "a", "--raw", "--system", "s"], ["--prompt", "a", "--top-k", "0"],
        ] {
            #expect(throws: UsageError.self) {
                try GenerateCommand.options(
                    Arguments(["--model", "m"] + words, for: GenerateCommand.help))
            }
        }
    }

    @Test("cache-targets keeps the most probable tokens, or draws some")
    func cacheTargets() throws {
        func options(_ words: String...) throws(UsageError) -> CacheTargetsCommand.Options {
            let words = ["--model", "m", "--data", "d", "--output", "o"] + words
            return try CacheTargetsCommand.options(Arguments(words, for: CacheTargetsCommand.help))
        }
        let plain = try options()
        #expect(plain.mode == .topK(64) && plain.tokens == .supervised && plain.threads == nil)
        let drawn = try options(
            "--samples", "50", "--proposal-power", "0.8", "--seed", "7", "--tokens", "all",
            "--format", "text", "--max-length", "100", "--overlength", "drop")
        #expect(drawn.mode == .samples(count: 50, power: 0.8, seed: 7) && drawn.tokens == .all)
        #expect(drawn.data.format == .text && drawn.data.overlength == .drop)
        #expect(throws: UsageError.conflict("--top-k", "--samples")) {
            try options("--top-k", "8", "--samples", "8")
        }
        #expect(throws: UsageError.needs("--seed", other: "--samples")) {
            try options("--seed", "1")
        }
        #expect(throws: UsageError.self) {
            try options("--format", "text", "--train-on", "assistant")
        }
        #expect(throws: UsageError.self) { try options("--top-k", "0") }
    }

    @Test("the others take what their tables say")
    func others() throws {
        #expect(try read(DataCommand.self, "r.yaml").rows == 3)
        let evaluation = try read(
            EvaluateCommand.self, "--model", "m", "--data", "d", "--metric", "exact-match")
        #expect(evaluation.metric == .exactMatch && evaluation.adapter == nil)
        let export = try read(
            ExportCommand.self, "--model", "m", "--format", "gguf-lora", "--type", "q8_0",
            "--output", "o")
        #expect(export.format == .ggufLoRA && export.type == .q8_0)
        let tokens = try read(TokenizeCommand.self, "--model", "m", "--input", "f", "--no-special")
        #expect(tokens.input == .file("f") && !tokens.addsSpecial && !tokens.decodes)
        let bench = try read(
            BenchTrainCommand.self, "--model", "m", "--full", "--profile", "--json")
        #expect(bench.benchmark.batch == 4 && bench.benchmark.length == 512)
        #expect(bench.trainsAllWeights && bench.benchmark.profiles)
        #expect(bench.benchmark.optimizer == .adamw)
        let distilling = try read(
            BenchDistillCommand.self, "--model", "m", "--optimizer", "adamw_8bit")
        #expect(distilling.benchmark.optimizer == .adamw8Bit)
        let matmul = try read(BenchMatmulCommand.self, "--rows", "64", "--threads", "1")
        #expect(matmul.rows == 64 && matmul.threads == 1 && !matmul.json)
        let tokenizing = try read(
            BenchTokenizeCommand.self, "f.txt", "--model", "m", "--unit", "line", "--json")
        #expect(tokenizing.file == "f.txt" && tokenizing.unit == .line && tokenizing.threads == 1)
        let generation = try read(
            BenchGenerateCommand.self, "--model", "m", "--decode", "9", "--precision", "bfloat16")
        #expect(generation.promptTokens == 512 && generation.decodedTokens == 9)
        #expect(generation.precision == .bfloat16 && !generation.json)
        let rendering = try read(
            TemplateCommand.self, "t.jinja", "--input", "c", "--now", "2024-07-26T12:34:56")
        #expect(rendering.source == "t.jinja" && rendering.now == "2024-07-26T12:34:56")
        #expect(throws: UsageError.missing("--adapter")) {
            try read(MergeCommand.self, "--model", "m", "--output", "o")
        }
        #expect(throws: UsageError.needs("--decode", other: "--input")) {
            try read(TokenizeCommand.self, "--model", "m", "text", "--decode")
        }
        #expect(throws: UsageError.conflict("TEXT", "--input")) {
            try read(TokenizeCommand.self, "--model", "m", "text", "--input", "f")
        }
        #expect(throws: UsageError.conflict("--full", "--rank")) {
            try read(BenchTrainCommand.self, "--model", "m", "--full", "--rank", "4")
        }
        #expect(
            throws: UsageError.badValue(
                "--metric", expected: "one of exact-match, perplexity", found: "bleu")
        ) { try read(EvaluateCommand.self, "--model", "m", "--metric", "bleu") }
    }
}
