import Retort
import RetortFiles

/// The program: finds the command, runs it, and says how it went.
struct Program {
    /// How the program ends.
    enum ExitCode: Int32 {
        case success = 0
        case failure = 1
        /// The command line makes no sense.
        case usage = 64
    }

    /// The commands, in the order of the help page.
    static let commands: [any Subcommand.Type] = [
        TrainCommand.self, DataCommand.self, PruneCommand.self, CacheTargetsCommand.self,
        AskCommand.self, ReportCommand.self, GenerateCommand.self, EvaluateCommand.self,
        MergeCommand.self, ExportCommand.self,
        InspectCommand.self, TokenizeCommand.self, TemplateCommand.self, BenchTrainCommand.self,
        BenchDistillCommand.self, BenchGenerateCommand.self, BenchMatmulCommand.self,
        BenchTokenizeCommand.self, VerifyForwardCommand.self,
        VerifyLossCommand.self,
    ]

    /// The version, which `--version` prints.
    static let version = "0.1.0"

    var commands: [any Subcommand.Type] = Self.commands

    /// Runs a command line.
    ///
    /// - Parameters:
    ///   - words: The words after the program's name.
    ///   - terminal: Where results and messages go.
    /// - Returns: How it ended; errors are already told.
    func run(_ words: [String], on terminal: Terminal) -> ExitCode {
        do {
            try dispatch(words, on: terminal)
            return .success
        } catch TerminalError.closed {
            // Whoever read the results (`head`, a pager) has seen enough.
            return .success
        } catch let error as UsageError {
            let place = (["retort"] + group(words)).joined(separator: " ")
            terminal.error("\(error) (\(place) --help tells more)")
            return .usage
        } catch {
            terminal.error("\(error)")
            return .failure
        }
    }

    private func dispatch(_ words: [String], on terminal: Terminal) throws {
        let first = words.first
        if first == "--version" { return try terminal.result(versionLines) }
        if first == "help" {
            return try terminal.result(try page(for: Array(words.dropFirst())))
        }
        let options = words.prefix { $0 != "--" }
        if options.contains("--help") || first == "-h" || words.last == "-h" {
            let names = options.prefix { !$0.hasPrefix("-") }
            // An argument may stand between the command and --help.
            return try terminal.result(try page(for: command(Array(names))?.name ?? Array(names)))
        }
        guard let found = command(words) else { throw unknown(words) }
        try found.type.run(Array(words.dropFirst(found.name.count)), on: terminal)
    }

    /// The version, and the CPU levels that can run here, best first: the names for `RETORT_CPU`.
    private var versionLines: String {
        "retort \(Self.version)\nCPU levels: \(Kernels.levelNames.joined(separator: ", "))"
    }

    /// The command whose name the words begin with.
    private func command(_ words: [String]) -> (name: [String], type: any Subcommand.Type)? {
        for type in commands {
            let name = type.help.name.split(separator: " ").map(String.init)
            if words.starts(with: name) { return (name, type) }
        }
        return nil
    }

    /// The words that are a command, or begin some commands' names.
    private func group(_ words: [String]) -> [String] {
        if let command = command(words) { return command.name }
        guard let first = words.first, !members(of: [first]).isEmpty else { return [] }
        return [first]
    }

    private func members(of group: [String]) -> [CommandHelp] {
        commands.map { $0.help }.filter { help in
            help.name.split(separator: " ").map(String.init).starts(with: group)
        }
    }

    private func unknown(_ words: [String]) -> UsageError {
        let group = group(words)
        let names = members(of: group).map {
            $0.name.split(separator: " ").dropFirst(group.count).first.map(String.init) ?? $0.name
        }
        var known: [String] = []
        for name in names where !known.contains(name) { known.append(name) }
        guard let word = words.dropFirst(group.count).first else { return .missingCommand(known) }
        if word.hasPrefix("-") {
            return .unknownOption(
                word, nearest: Spelling.nearest(to: word, among: ["--help", "--version"]))
        }
        return .unknownCommand(
            word, nearest: Spelling.nearest(to: word, among: known), commands: known)
    }

    /// The help page of a command, a group of commands, or the whole program.
    private func page(for words: [String]) throws(UsageError) -> String {
        if let command = command(words), command.name.count == words.count {
            return command.type.help.page
        }
        let members = members(of: words)
        if members.isEmpty { throw unknown(words) }
        let rows = members.map { ($0.name, $0.summary) }
        let name = (["retort"] + words).joined(separator: " ")
        let head =
            words.isEmpty
            ? "retort: fine-tunes, distills and exports language models on a CPU."
            : "\(name): a group of commands."
        return [
            head, "Usage: \(name) COMMAND [arguments] [options]", table("Commands", rows),
            wrapped(
                """
                `\(name) COMMAND --help` tells the rest. Results go to standard output, progress \
                and warnings to standard error. The exit code is 0, 1 if something failed, 64 if \
                the command line makes no sense.
                """),
        ].joined(separator: "\n\n")
    }
}
