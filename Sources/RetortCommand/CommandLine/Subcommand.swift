/// A command as the command line knows it: its help, and what its options mean.
protocol CommandDescription: SendableMetatype {
    /// What the command line says, sorted and checked.
    associatedtype Options

    /// The name, the options and the help page.
    static var help: CommandHelp { get }

    /// Reads the options.
    static func options(_ arguments: Arguments) throws(UsageError) -> Options
}

/// A command that can be run; it is registered in ``Program/commands``.
protocol Subcommand: CommandDescription {
    /// Does it: results go to the terminal's output, progress and warnings to its errors.
    static func run(_ options: Options, on terminal: Terminal) throws
}

extension Subcommand {
    /// Reads the words and runs the command.
    static func run(_ words: [String], on terminal: Terminal) throws {
        try run(options(Arguments(words, for: help)), on: terminal)
    }
}
