import Synchronization

@testable import RetortCommand

/// A stream that keeps what is written to it.
final class RecordingStream: TextStream {
    let isTerminal: Bool
    let width: Int
    private let failure: TerminalError?
    private let written = Mutex("")

    init(isTerminal: Bool = false, width: Int = 80, failure: TerminalError? = nil) {
        self.isTerminal = isTerminal
        self.width = width
        self.failure = failure
    }

    var text: String { written.withLock { $0 } }

    func write(_ text: String) throws(TerminalError) {
        if let failure { throw failure }
        written.withLock { $0 += text }
    }
}

/// What a command line did.
struct Outcome {
    let code: Program.ExitCode
    let output: String
    let errors: String

    /// Runs a command line.
    init(_ words: [String], commands: [any Subcommand.Type] = Program.commands) {
        let output = RecordingStream()
        let errors = RecordingStream()
        let terminal = Terminal(output: output, errors: errors, isPlain: true, isDumb: false)
        code = Program(commands: commands).run(words, on: terminal)
        self.output = output.text
        self.errors = errors.text
    }
}
