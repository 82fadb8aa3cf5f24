import Retort
import RetortModels

/// `retort export`: writes what other tools load.
enum ExportCommand: Subcommand {
    /// What is written.
    struct Options: Equatable {
        let model: String
        let adapter: String?
        let format: ExportFormat
        let type: ExportType?
        let output: String
    }

    static let help = CommandHelp(
        name: "export", summary: "writes what other tools load",
        discussion: """
            huggingface: a folder with weights, tokenizer and chat template for transformers, \
            vLLM and others. gguf: one file for llama.cpp, Ollama and LM Studio. peft: the adapter \
            alone for PEFT. gguf-lora: the adapter alone for llama.cpp.

            With an adapter, the first two are merged. What is written is loaded again and \
            compared before it is called done.
            """,
        options: [
            .modelOption, .adapterOption,
            .value("--format", "NAME", "huggingface, gguf, peft or gguf-lora."),
            .value(
                "--type", "NAME",
                "f32, f16, bf16, q8_0, q4_0, q4_1, or base: each matrix in the type it had."),
            .value("--output", "PATH", "The file or folder to write; it must not exist."),
        ],
        examples: [
            .init(
                line: "retort export --model base.gguf --adapter run/adapter --format gguf "
                    + "--type base --output tuned.gguf",
                meaning: "A file as small as the base, with the adapter merged."),
            .init(
                line: "retort export --model base.gguf --adapter run/adapter --format huggingface "
                    + "--type bf16 --output tuned",
                meaning: "A folder for transformers."),
        ])

    static func options(_ arguments: Arguments) throws(UsageError) -> Options {
        guard let format = try arguments.choice("--format", ExportFormat.self) else {
            throw .missing("--format")
        }
        return Options(
            model: try arguments.required("--model"), adapter: arguments.value("--adapter"),
            format: format, type: try arguments.choice("--type", ExportType.self),
            output: try arguments.required("--output"))
    }

    static func run(_ options: Options, on terminal: Terminal) throws {
        let model = try openedModel(options.model, adapter: options.adapter)
        try terminal.export { progress in
            try model.export(
                to: options.output, format: options.format, type: options.type,
                progress: progress)
        }
    }
}
