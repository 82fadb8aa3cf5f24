import RetortFiles
import RetortModels

extension FactSheet {
    /// Adds a decoder's sizes.
    mutating func add(_ decoder: DecoderDescription) {
        add(
            "decoder",
            "\(decoder.layers.count) layers, width \(Humanized.count(decoder.hiddenSize)), "
                + "vocabulary \(Humanized.count(decoder.vocabularySize))"
                + (decoder.tiesEmbeddings ? ", output tied to the embedding" : ""),
            ("layers", .integer(decoder.layers.count)),
            ("hidden_size", .integer(decoder.hiddenSize)),
            ("vocabulary_size", .integer(decoder.vocabularySize)),
            ("tied_embeddings", .bool(decoder.tiesEmbeddings)))
        if let layer = decoder.layers.first {
            add(layer.attention)
            add(
                "feed-forward", "width \(Humanized.count(layer.feedForward.innerSize)), gated",
                ("feed_forward_size", .integer(layer.feedForward.innerSize)))
        }
        add(
            "context", "\(Humanized.count(decoder.maximumPosition)) tokens",
            ("context_length", .integer(decoder.maximumPosition)))
    }

    private mutating func add(_ attention: AttentionDescription) {
        var text =
            "\(attention.headCount) heads of \(attention.headSize), "
            + "\(attention.keyValueHeadCount) for keys and values"
        if let window = attention.window { text += ", window \(Humanized.count(window))" }
        add(
            "attention", text, ("head_count", .integer(attention.headCount)),
            ("key_value_head_count", .integer(attention.keyValueHeadCount)),
            ("head_size", .integer(attention.headSize)),
            ("window", attention.window.map(JSONValue.integer) ?? .null))
        guard let rotary = attention.rotary else { return }
        let scaling = rotary.scaling.name
        add(
            "rotary",
            "base \(Humanized.rate(rotary.base)), \(rotary.rotatedSize) values of a head"
                + (scaling == "none" ? "" : ", scaling \(scaling)"),
            ("rotary_base", .number(rotary.base)), ("rotary_size", .integer(rotary.rotatedSize)),
            ("rotary_scaling", .string(scaling)))
    }

    /// Adds a model's tokenizer, special tokens and chat templates.
    mutating func add(_ text: ModelText) {
        add(text.tokenizer)
        let roles = text.configuration.roles(in: text.tokenizer)
        add(roles: roles, in: text.tokenizer)
        let ends = text.endTokens.sorted()
        add(
            "ends a turn", list(ends.map { text.tokenizer.shown($0) }),
            ("end_token_ids", .array(ends.map(JSONValue.integer))))
        let templates = text.configuration.chatTemplates
        add(
            "chat template",
            templates.isEmpty
                ? "none"
                : list(
                    templates.map {
                        "\($0.name), \(Humanized.count($0.text.unicodeScalars.count)) characters"
                    }),
            (
                "chat_templates",
                .object(JSONObject(templates.map { ($0.name, .string($0.text)) }))
            ))
    }
}

extension RotaryDescription.Scaling {
    /// The name of the kind, as configurations write it.
    fileprivate var name: String {
        switch self {
        case .none: "none"
        case .linear: "linear"
        case .dynamic: "dynamic"
        case .llama3: "llama3"
        case .yarn: "yarn"
        case .perPair: "per pair"
        }
    }
}

/// Words with commas, or "none".
func list(_ words: [String]) -> String { words.isEmpty ? "none" : words.joined(separator: ", ") }
