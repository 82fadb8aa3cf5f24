import Retort
import RetortModels

/// `retort merge`: adds an adapter to the weights of its base.
enum MergeCommand: Subcommand {
    struct Options: Equatable {
        let model: String
        let adapter: String
        let output: String
    }

    static let help = CommandHelp(
        name: "merge", summary: "merges an adapter into its base",
        discussion: """
            Writes the base with the adapter's update added to its weights, in the base's own \
            format: a GGUF file for a GGUF file, a Hugging Face folder for a folder. Matrices that \
            change are stored in the type they had. `retort export` writes other formats and types.
            """,
        options: [
            .modelOption, .adapterOption,
            .value("--output", "PATH", "The file or folder to write; it must not exist."),
        ],
        examples: [
            .init(
                line: "retort merge --model base.gguf --adapter run/adapter --output tuned.gguf",
                meaning: "One file that needs no adapter."),
            .init(
                line: "retort merge --model base-folder --adapter run/adapter --output tuned",
                meaning: "The same for a Hugging Face folder."),
        ])

    static func options(_ arguments: Arguments) throws(UsageError) -> Options {
        Options(
            model: try arguments.required("--model"), adapter: try arguments.required("--adapter"),
            output: try arguments.required("--output"))
    }

    static func run(_ options: Options, on terminal: Terminal) throws {
        let model = try openedModel(options.model, adapter: options.adapter)
        try terminal.export { progress in
            try model.merge(to: options.output, progress: progress)
        }
    }
}
