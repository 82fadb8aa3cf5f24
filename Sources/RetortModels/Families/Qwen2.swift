/// Qwen 2 and 2.5: Llama's block with biases on queries, keys and values.
///
/// Source: arXiv:2407.10671; names from the published checkpoints.
enum Qwen2: ModelFamily {
    static let modelTypes = ["qwen2"]
    static let huggingFaceClass = "Qwen2ForCausalLM"

    static func describe(_ config: ModelConfiguration) throws -> DecoderDescription {
        var decoder = try DecoderDescription(
            llamaLike: config, inputBias: true, outputBias: false, feedForwardBias: false)
        guard try config.flag("use_sliding_window"),
            let window = try config.integerIfPresent(.slidingWindow, in: 1...(1 << 30))
        else { return decoder }
        let first = try config.integerIfPresent(.windowFreeLayerCount, in: 0...4096) ?? 0
        for index in decoder.layers.indices where index >= first {
            decoder.layers[index].attention.window = window
        }
        return decoder
    }

    static let parameters = Llama.names(ggufRows: .natural)
}

extension ModelConfiguration.Key {
    static let slidingWindow = Self(
        huggingFace: "sliding_window", gguf: "attention.sliding_window")
    static let windowFreeLayerCount = Self(
        huggingFace: "max_window_layers", gguf: "attention.window_free_layers")
}
