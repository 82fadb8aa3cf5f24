import RetortFiles

/// Llama 1 to 3, and what shares its block: SmolLM, TinyLlama, and most fine-tunes.
///
/// Source: arXiv:2302.13971, arXiv:2407.21783; names from the published checkpoints. GGUF files of this
/// architecture keep the rows of queries and keys as interleaved rotary pairs.
enum Llama: ModelFamily {
    static let modelTypes = ["llama"]
    static let huggingFaceClass = "LlamaForCausalLM"

    static func describe(_ config: ModelConfiguration) throws -> DecoderDescription {
        let attentionBias = try config.flag("attention_bias")
        // GGUF files have no key for biases; they have them or not.
        return try DecoderDescription(
            llamaLike: config, inputBias: attentionBias || config.stores("blk.0.attn_q.bias"),
            outputBias: attentionBias || config.stores("blk.0.attn_output.bias"),
            feedForwardBias: config.flag("mlp_bias") || config.stores("blk.0.ffn_down.bias"))
    }

    static func huggingFaceKeys(_ decoder: DecoderDescription) -> [(String, JSONValue)] {
        let layer = decoder.layers.first
        return [
            ("attention_bias", .bool(layer?.attention.hasInputBias ?? false)),
            ("mlp_bias", .bool(layer?.feedForward.hasBias ?? false)),
        ]
    }

    static let parameters = names(ggufRows: .rotaryPairs)

    /// The names that Llama's relatives share.
    static func names(ggufRows: ParameterName.RowOrder) -> [ParameterName] {
        let layer = "model.layers.#."
        return [
            .init("embedding", huggingFace: "model.embed_tokens", gguf: "token_embd"),
            .init("finalNorm", huggingFace: "model.norm", gguf: "output_norm"),
            .init("head", huggingFace: "lm_head", gguf: "output"),
            .init(
                "layers.#.attentionNorm", huggingFace: layer + "input_layernorm",
                gguf: "blk.#.attn_norm"),
            .init(
                "layers.#.attention.query", huggingFace: layer + "self_attn.q_proj",
                gguf: "blk.#.attn_q", ggufRows: ggufRows),
            .init(
                "layers.#.attention.key", huggingFace: layer + "self_attn.k_proj",
                gguf: "blk.#.attn_k", ggufRows: ggufRows),
            .init(
                "layers.#.attention.value", huggingFace: layer + "self_attn.v_proj",
                gguf: "blk.#.attn_v"),
            .init(
                "layers.#.attention.output", huggingFace: layer + "self_attn.o_proj",
                gguf: "blk.#.attn_output"),
            .init(
                "layers.#.feedForwardNorm", huggingFace: layer + "post_attention_layernorm",
                gguf: "blk.#.ffn_norm"),
            .init(
                "layers.#.feedForward.gate", huggingFace: layer + "mlp.gate_proj",
                gguf: "blk.#.ffn_gate"),
            .init(
                "layers.#.feedForward.up", huggingFace: layer + "mlp.up_proj",
                gguf: "blk.#.ffn_up"),
            .init(
                "layers.#.feedForward.down", huggingFace: layer + "mlp.down_proj",
                gguf: "blk.#.ffn_down"),
        ]
    }
}

extension DecoderDescription {
    /// Largest sizes that are believed; beyond, a file is damaged or hostile.
    private static let widths = 1...(1 << 20)
    private static let vocabularies = 1...(1 << 24)
    private static let depths = 1...4096

    /// The block that Llama and its relatives share, every layer alike.
    init(
        llamaLike config: ModelConfiguration, inputBias: Bool, outputBias: Bool,
        feedForwardBias: Bool
    ) throws {
        let hidden = try config.integer(.hiddenSize, in: Self.widths)
        let heads = try config.integer(.headCount, in: 1...(1 << 16))
        let keyValueHeads =
            try config.integerIfPresent(.keyValueHeadCount, in: 1...(1 << 16)) ?? heads
        guard heads % keyValueHeads == 0 else {
            throw ModelError.badKey(
                path: config.path, key: config.name(.keyValueHeadCount),
                reason: "is \(keyValueHeads), which does not divide the \(heads) heads")
        }
        var headSize = try config.integerIfPresent(.headSize, in: 1...(1 << 16))
        if headSize == nil {
            guard hidden % heads == 0 else {
                throw ModelError.badKey(
                    path: config.path, key: config.name(.headCount),
                    reason: "is \(heads), which does not divide the width \(hidden)")
            }
            headSize = hidden / heads
        }
        try config.requireActivation("silu")
        let attention = AttentionDescription(
            headCount: heads, keyValueHeadCount: keyValueHeads, headSize: headSize ?? 0,
            rotary: try config.rotary(headSize: headSize ?? 0), window: nil,
            hasInputBias: inputBias, hasOutputBias: outputBias)
        let norm = NormDescription.rms(epsilon: Float(try config.positiveNumber(.normEpsilon)))
        let layer = LayerDescription(
            attentionNorm: norm, attention: attention, feedForwardNorm: norm,
            feedForward: FeedForwardDescription(
                innerSize: try config.integer(.innerSize, in: Self.widths),
                hasBias: feedForwardBias))
        let vocabulary = try config.integerIfPresent(.vocabularySize, in: Self.vocabularies)
        guard let vocabulary = vocabulary ?? config.embeddingRows else {
            throw config.noVocabulary
        }
        self.init(
            vocabularySize: vocabulary, hiddenSize: hidden,
            maximumPosition: try config.integerIfPresent(.maximumPosition, in: 1...(1 << 30))
                ?? 2048,
            finalNorm: norm, tiesEmbeddings: try config.flag("tie_word_embeddings"),
            layers: Array(
                repeating: layer, count: try config.integer(.layerCount, in: Self.depths)))
    }
}

extension ModelConfiguration {
    /// Refuses another activation than the family's.
    func requireActivation(_ expected: String) throws {
        guard case .huggingFace(let object) = source, let value = object["hidden_act"],
            value != .null
        else { return }
        guard value.string == expected else {
            throw ModelError.badKey(
                path: path, key: "hidden_act",
                reason: "is \"\(value.string ?? "no text")\"; this family computes \(expected)")
        }
    }
}
