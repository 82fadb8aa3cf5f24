import RetortKernels
import Testing

@testable import RetortCommand

@Suite("Program")
struct ProgramTests {
    /// A command that ends as it is told.
    enum TryCommand: Subcommand {
        struct Failure: Error, CustomStringConvertible { let description: String }

        static let help = CommandHelp(
            name: "try ending", summary: "ends as it is told", discussion: "Ends.",
            arguments: [.init(name: "HOW", meaning: "How.")], examples: [])

        static func options(_ arguments: Arguments) throws(UsageError) -> String {
            try arguments.required("HOW")
        }

        static func run(_ how: String, on terminal: Terminal) throws {
            switch how {
            case "well": try terminal.result("done")
            case "unread": throw TerminalError.closed
            case "misused": throw UsageError.missing("--more")
            default: throw Failure(description: "x.gguf: bad\n\u{1b}[31m")
            }
        }
    }

    private static let commands: [any Subcommand.Type] = [InspectCommand.self, TryCommand.self]

    @Test(
        "ends with 0, 1 or 64",
        arguments: [
            (["try", "ending", "well"], .success, "done\n", ""),
            (["try", "ending", "unread"], .success, "", ""),
            (
                ["try", "ending", "badly"], .failure, "",
                "retort: x.gguf: bad\\u{a}\\u{1b}[31m\n"
            ),
            (
                ["try", "ending", "misused"], .usage, "",
                "retort: --more is missing (retort try ending --help tells more)\n"
            ),
            (
                ["try", "ending"], .usage, "",
                "retort: HOW is missing (retort try ending --help tells more)\n"
            ),
            (
                ["try"], .usage, "",
                "retort: a command is missing; it can be ending (retort try --help tells more)\n"
            ),
            (
                ["try", "endign"], .usage, "",
                "retort: unknown command endign; did you mean ending? (retort try --help tells more)\n"
            ),
            (
                [], .usage, "",
                "retort: a command is missing; it can be inspect, try (retort --help tells more)\n"
            ),
            (
                ["insect"], .usage, "",
                "retort: unknown command insect; did you mean inspect? (retort --help tells more)\n"
            ),
            (
                ["--versoin"], .usage, "",
                "retort: unknown option --versoin; did you mean --version? (retort --help tells more)\n"
            ),
            (
                ["--version"], .success,
                "retort \(Program.version)\n"
                    + "CPU levels: \(Kernels.levelNames.joined(separator: ", "))\n", ""
            ),
        ] as [([String], Program.ExitCode, String, String)])
    func codes(_ words: [String], _ code: Program.ExitCode, _ output: String, _ errors: String) {
        let outcome = Outcome(words, commands: Self.commands)
        #expect(outcome.code == code)
        #expect(outcome.output == output)
        #expect(outcome.errors == errors)
    }

    @Test("names the levels that RETORT_CPU can be")
    func levels() {
        let error = KernelChoiceError.unknownLevel("sse", available: ["avx2", "portable"])
        #expect(
            "\(error)" == "RETORT_CPU is sse, which this program does not have or this processor "
                + "cannot run; it can be avx2, portable, or empty for the first")
    }

    @Test(
        "has help at every level",
        arguments: [
            (["--help"], "Commands:"), (["-h"], "Commands:"), (["help"], "Commands:"),
            (["try", "--help"], "try ending  ends as it is told"),
            (["help", "try"], "try ending  ends as it is told"),
            (["try", "ending", "--help"], "Usage: retort try ending HOW"),
            (["try", "ending", "x", "--help", "--bogus"], "Usage: retort try ending HOW"),
            (["inspect", "--json", "--help"], "--base MODEL"),
            (["inspect", "-h"], "--base MODEL"), (["help", "inspect"], "--base MODEL"),
        ])
    func help(_ words: [String], _ part: String) {
        let outcome = Outcome(words, commands: Self.commands)
        #expect(outcome.code == .success)
        #expect(outcome.output.contains(part))
        #expect(outcome.errors.isEmpty)
    }

    @Test("takes --help after two dashes as a word")
    func literalHelp() {
        #expect(Outcome(["inspect", "--", "--help"]).code == .failure)
    }
}
