import Retort
import RetortFiles
import RetortModels

/// `retort prune`: makes a smaller model of a model.
enum PruneCommand: Subcommand {
    struct Options: Equatable {
        let model: String
        let request: Pruning.Request
        let calibration: String?
        let format: DataFormat?
        let output: String
        let json: Bool
    }

    static let help = CommandHelp(
        name: "prune", summary: "makes a smaller model to distill into",
        discussion: """
            Leaves out layers (--layers), channels of the residual stream (--hidden), attention \
            heads and channels of the feed-forward block (--mlp), and writes what is left as a \
            Hugging Face folder, with tokenizer and chat template. What goes is what matters least \
            on the calibration data: layers that change least what passes through them, and heads \
            and channels whose activations are smallest.

            The report says what was kept, and the perplexity on the calibration data before and \
            after. A pruned model is a beginning: train it (retort train, task distill).
            """,
        options: [
            .modelOption,
            .value("--layers", "N", "Layers to keep; all by default."),
            .value(
                "--keep", "WHICH",
                "uniform (the default), first, last, importance, or the layers themselves, as in "
                    + "0,2,5."),
            .value("--hidden", "N", "Channels of the residual stream to keep."),
            .value("--heads", "N", "Query heads to keep in every layer."),
            .value(
                "--key-value-heads", "N",
                "Key and value heads to keep in every layer, with equally many query heads each."),
            .value("--mlp", "N", "Channels of the feed-forward block to keep in every layer."),
            .value(
                "--calibration", "FILE.jsonl",
                "Data to measure on; needed unless layers are kept by their place."),
            .value(
                "--format", "NAME",
                "What a line of it holds: messages, text or tokens; told by the first line by "
                    + "default."),
            .value("--output", "DIR", "The folder to write; it must not exist."),
            .value("--type", "NAME", "bf16 (the default), f16 or f32."),
            .flag("--json", "Print one JSON object."),
        ],
        examples: [
            .init(
                line: "retort prune --model base.gguf --layers 15 --output half",
                meaning: "Every second layer, the first and the last among them."),
            .init(
                line: "retort prune --model base --layers 20 --keep importance --mlp 1024 "
                    + "--calibration train.jsonl --output small",
                meaning: "The 20 layers that do the most, each with its 1024 largest channels."),
        ])

    static func options(_ arguments: Arguments) throws(UsageError) -> Options {
        var request = Pruning.Request()
        let most = 1 << 20
        request.layerCount = try arguments.integer("--layers", in: 1...4096)
        if let word = arguments.value("--keep") {
            guard let layers = KeptLayers(words: word) else {
                throw .badValue("--keep", expected: KeptLayers.expectation, found: word)
            }
            request.layers = layers
            if layers.list == nil { try arguments.check("--keep", needs: "--layers") }
        }
        if let count = request.layerCount, let list = request.layers.list, list.count != count {
            throw .badValue(
                "--layers", expected: "the \(list.count) that --keep names", found: "\(count)")
        }
        request.sizes.hidden = try arguments.integer("--hidden", in: 1...most)
        request.sizes.heads = try arguments.integer("--heads", in: 1...most)
        request.sizes.keyValueHeads = try arguments.integer("--key-value-heads", in: 1...most)
        request.sizes.inner = try arguments.integer("--mlp", in: 1...most)
        request.type = try arguments.choice("--type", StudentType.self)?.type ?? .bf16
        try arguments.check("--format", needs: "--calibration")
        let calibration = arguments.value("--calibration")
        if calibration == nil {
            for name in ["--hidden", "--heads", "--key-value-heads", "--mlp"] {
                try arguments.check(name, needs: "--calibration")
            }
            if request.layers == .importance { throw .needs("--keep", other: "--calibration") }
        }
        guard request.layerCount != nil || request.layers.list != nil || request.sizes.isNarrower
        else {
            throw .missingOneOf(
                ["--layers", "--keep", "--hidden", "--heads", "--key-value-heads", "--mlp"])
        }
        return Options(
            model: try arguments.required("--model"), request: request, calibration: calibration,
            format: try arguments.choice("--format", DataFormat.self),
            output: try arguments.required("--output"), json: arguments.has("--json"))
    }

    /// The types that a pruned model can be stored in.
    private enum StudentType: String, CaseIterable {
        case bf16, f16, f32

        var type: ExportType {
            switch self {
            case .bf16: .bf16
            case .f16: .f16
            case .f32: .f32
            }
        }
    }

    static func run(_ options: Options, on terminal: Terminal) throws {
        let model = try openedModel(options.model, adapter: nil)
        let calibration = try options.calibration.map {
            try Calibration(model, data: $0, format: options.format)
        }
        var lines: [Pruning.Stage: ProgressLine] = [:]
        let pruning = try Pruning(model, options.request, calibration: calibration) { stage, done in
            let total = calibration?.count ?? 0
            let line =
                lines[stage] ?? ProgressLine(on: terminal, "\(stage.rawValue), document", of: total)
            lines[stage] = line
            line.update(done)
            if done == total { line.finish() }
        }
        try terminal.export { try pruning.write(to: options.output, progress: $0) }
        let report = PruningReport(pruning, writtenTo: options.output)
        try terminal.result(options.json ? report.json.serialized(.spaced) : report.text)
    }
}
