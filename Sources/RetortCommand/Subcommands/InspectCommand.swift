import Retort
import RetortFiles
import RetortKernels

/// `retort inspect`: says what a file or folder is and what is in it.
enum InspectCommand: Subcommand {
    struct Options {
        let path: String
        let verifies: Bool
        let base: String?
        let json: Bool
    }

    static let help = CommandHelp(
        name: "inspect", summary: "says what a file or folder is, and whether it is whole",
        discussion: """
            Prints metadata, tensors, shapes, types and sizes of a GGUF file, a safetensors file, \
            a Hugging Face folder, an adapter, a data file, a recipe, a run or a checkpoint.

            With --verify all of it is read, and it is an error if it cannot be used as what it \
            is: every weight of a model must be there once, an adapter must fit its base, every \
            row of a data file and every key of a recipe must be right, every checksum must agree.
            """,
        arguments: [.init(name: "PATH", meaning: "The file or folder.")],
        options: [
            .flag("--verify", "Read and check all of it."),
            .value("--base", "MODEL", "With --verify: the model that an adapter belongs to."),
            .flag("--json", "Print one JSON object."),
        ],
        examples: [
            .init(
                line: "retort inspect model.gguf", meaning: "What kind of model is it, how large?"),
            .init(
                line: "retort inspect --verify Checkpoints/run/adapter --base model.gguf",
                meaning: "Is the adapter whole, and does it fit this model?"),
            .init(
                line: "retort inspect --verify Recipes/smart-home-lora.yaml",
                meaning: "Is every key of the recipe right, and what are its defaults?"),
        ])

    static func options(_ arguments: Arguments) throws(UsageError) -> Options {
        if arguments.has("--base"), !arguments.has("--verify") {
            throw .needs("--base", other: "--verify")
        }
        return Options(
            path: try arguments.required("PATH"), verifies: arguments.has("--verify"),
            base: arguments.value("--base"), json: arguments.has("--json"))
    }

    static func run(_ options: Options, on terminal: Terminal) throws {
        var kernels: Kernels?
        let target = try InspectionTarget(
            options.path, verifies: options.verifies, base: options.base
        ) {
            // Made for the first thing that needs it, and kept for the others.
            let made = try kernels ?? chosenKernels()
            kernels = made
            return made
        }
        let report = try Inspection.inspect(target)
        for warning in report.warnings { terminal.warning(warning) }
        try terminal.result(options.json ? report.json.serialized(.spaced) : report.text)
    }
}
