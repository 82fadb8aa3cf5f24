import Retort
import RetortKernels
import RetortModels

extension CommandOption {
    /// The model that most commands need.
    static let modelOption = value(
        "--model", "MODEL", "A GGUF file, a Hugging Face folder, or a run folder.")

    /// The adapter that many commands take.
    static let adapterOption = value("--adapter", "DIR", "A PEFT adapter folder for the model.")

    /// The arithmetic that many commands take.
    static let precisionOption = value(
        "--precision", "NAME", "auto, float32 or bfloat16; auto by default.")

    /// Where the time of training steps goes.
    static let profileOption = flag(
        "--profile",
        "Tell where a step's time goes: each operation, forward and backward, in ms a step.")

    /// The arithmetic of commands that generate, which may read prompts with less.
    static let generationPrecisionOption = value(
        "--precision", "NAME",
        "auto, float32 or bfloat16; auto, the default, reads prompts in 8 bits where it can.")

    /// Other values for a recipe's keys.
    static let setOption = repeated(
        "--set", "KEY=VALUE",
        "Another value for a key of the recipe, as in optimizer.learning_rate=2e-4.")
}

extension Arguments {
    /// The arithmetic that is asked for.
    func precision() throws(UsageError) -> Precision {
        try choice("--precision", Precision.self) ?? .auto
    }

    /// At most one of some options, at least one of them where that is needed.
    func oneOf(_ names: [String], isNeeded: Bool = true) throws(UsageError) -> String? {
        let given = names.filter { has($0) || value($0) != nil }
        if given.count > 1 { throw .conflict(given[0], given[1]) }
        if given.isEmpty, isNeeded { throw .missingOneOf(names) }
        return given.first
    }

    /// Refuses an option where another is not given.
    func check(_ name: String, needs other: String) throws(UsageError) {
        if has(name), !has(other) { throw .needs(name, other: other) }
    }
}

/// Opens a model, with an adapter beside it where one is given; a run folder stands for its result.
func openedModel(
    _ path: String, adapter: String?, precision: Precision = .auto, threads: Int? = nil
) throws -> Model {
    let run = try RunResult(path)
    let model = try Model(
        run?.model ?? path, kernels: try chosenKernels(threads: threads), precision: precision)
    if let adapter = adapter ?? run?.adapter { try model.attachAdapter(adapter) }
    return model
}

extension Terminal {
    /// Shows an export's progress, and what was written.
    func export(_ body: ((Double) -> Void) throws -> ExportReport) throws {
        let line = ProgressLine(on: self, "percent", of: 100)
        let report = try body { line.update(Int(100 * $0)) }
        line.finish()
        for text in report.notes { warning("\(text)") }
        note("\(report.path): \(Humanized.bytes(report.byteCount)), read again and compared.")
    }
}

/// Why no arithmetic could be chosen.
enum KernelChoiceError: Error, Equatable, CustomStringConvertible {
    /// `RETORT_CPU` names a level that does not exist or that this processor lacks; those it has.
    case unknownLevel(String, available: [String])

    var description: String {
        switch self {
        case .unknownLevel(let name, let available):
            "RETORT_CPU is \(name.printable), which this program does not have or this processor "
                + "cannot run; it can be \(available.joined(separator: ", ")), or empty for the first"
        }
    }
}

/// The arithmetic for this processor, or the one that `RETORT_CPU` forces.
func chosenKernels(threads: Int? = nil) throws -> Kernels {
    let name = environment("RETORT_CPU")
    guard let kernels = Kernels(threads: threads, levelName: name.isEmpty ? nil : name) else {
        throw KernelChoiceError.unknownLevel(name, available: Kernels.levelNames)
    }
    return kernels
}
