import Retort
import RetortKernels
import RetortModels

/// `retort verify forward`: one forward pass in f32, to compare with other frameworks.
enum VerifyForwardCommand: Subcommand {
    struct Options {
        let model: String
        let adapter: String?
        let tokens: String
        let output: String
        let wantsHiddenStates: Bool
        let wantsGradients: Bool
    }

    static let help = CommandHelp(
        name: "verify forward", summary: "writes logits, loss and gradients for comparison",
        discussion: """
            Runs a batch through a model, all of it in 32-bit arithmetic, and writes what came \
            out as a safetensors file: logits [B,T,V], loss (where there are labels), hidden.0 to \
            hidden.N (the embeddings first, the normalized output last), and grad.NAME under the \
            names of the parameters in Hugging Face folders.

            The tokens are a JSON object of arrays of the same shape, {"input_ids": [[…]]} and \
            optionally labels, attention_mask, position_ids and segment_ids.
            """,
        options: [
            .modelOption, .adapterOption,
            .value("--tokens", "IN.json", "The batch."),
            .value("--output", "OUT.safetensors", "The file to write."),
            .flag("--hidden-states", "Write the hidden states after each layer."),
            .flag("--gradients", "Write the gradients of the loss for all weights."),
        ],
        examples: [
            .init(
                line:
                    "retort verify forward --model m.gguf --tokens in.json --output o.safetensors",
                meaning: "Do the logits agree with another framework's?"),
            .init(
                line: "retort verify forward --model DIR --tokens in.json --output o.safetensors "
                    + "--gradients",
                meaning: "Do the gradients agree?"),
        ])

    static func options(_ arguments: Arguments) throws(UsageError) -> Options {
        Options(
            model: try arguments.required("--model"), adapter: arguments.value("--adapter"),
            tokens: try arguments.required("--tokens"), output: try arguments.required("--output"),
            wantsHiddenStates: arguments.has("--hidden-states"),
            wantsGradients: arguments.has("--gradients"))
    }

    static func run(_ options: Options, on terminal: Terminal) throws {
        let model = try openedModel(
            options.model, adapter: options.adapter, precision: .float32)
        let grid = try TokenGrid(
            contentsOf: options.tokens, vocabularySize: model.description.vocabularySize)
        try ForwardCheck(
            model: model, wantsHiddenStates: options.wantsHiddenStates,
            wantsGradients: options.wantsGradients
        ).run(grid, to: options.output)
    }
}
