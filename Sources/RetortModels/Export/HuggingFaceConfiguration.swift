import RetortFiles
import RetortText

extension Model {
    /// The keys of `config.json`: the folder's own, or made from the description.
    ///
    /// - Parameter type: The type of the weights.
    /// - Returns: The keys, in the usual order.
    /// - Throws: ``ExportError`` if transformers has no word for what the model does.
    func huggingFaceConfiguration(_ type: ExportType) throws -> JSONObject {
        let dataType: JSONValue? =
            switch type {
            case .f32: .string("float32")
            case .f16: .string("float16")
            case .bf16: .string("bfloat16")
            default: nil
            }
        switch files {
        case .huggingFace(let folder):
            var config = folder.config
            if let plan = changedPlan { config.describe(self, plan) }
            if let dataType {
                config[config["dtype"] == nil ? "torch_dtype" : "dtype"] = dataType
            }
            return config
        case .gguf(let file):
            var config = try describedConfiguration(file)
            let stored = decoder.embedding.weight.format.name
            config["torch_dtype"] =
                dataType ?? .string(["f16": "float16", "bf16": "bfloat16"][stored] ?? "float32")
            return config
        }
    }

    private func describedConfiguration(_ file: GGUFFile) throws -> JSONObject {
        guard let layer = description.layers.first, let modelType = family.modelTypes.first else {
            throw inexpressible("block_count")
        }
        let attention = layer.attention
        guard description.layers.allSatisfy({ $0 == layer }) else { throw inexpressible("layers") }
        guard attention.window == nil else {
            throw inexpressible("attention.sliding_window")
        }
        var config = JSONObject([
            ("architectures", .array([.string(family.huggingFaceClass)])),
            ("model_type", .string(modelType)),
            ("vocab_size", .integer(description.vocabularySize)),
            ("hidden_size", .integer(description.hiddenSize)),
            ("intermediate_size", .integer(layer.feedForward.innerSize)),
            ("num_hidden_layers", .integer(description.layers.count)),
            ("num_attention_heads", .integer(attention.headCount)),
            ("num_key_value_heads", .integer(attention.keyValueHeadCount)),
            ("head_dim", .integer(attention.headSize)), ("hidden_act", .string("silu")),
            ("max_position_embeddings", .integer(description.maximumPosition)),
            ("rms_norm_eps", .number(layer.attentionNorm.epsilon.shortest)),
        ])
        for (key, value) in try rotaryKeys(attention) { config[key] = value }
        for (key, value) in family.huggingFaceKeys(description) { config[key] = value }
        try checkBiases(config, of: layer)
        config["attention_dropout"] = .number(0)
        config["initializer_range"] = .number(0.02)
        config["tie_word_embeddings"] = .bool(description.tiesEmbeddings)
        config["use_cache"] = .bool(true)
        for (key, id) in tokenIDs(file) { config[key] = .integer(id) }
        return config
    }

    /// GGUF files have any biases they like; transformers has those that the keys of a family say.
    private func checkBiases(_ config: JSONObject, of layer: LayerDescription) throws {
        let read = try family.describe(
            ModelConfiguration(
                path: path, source: .huggingFace(config), modelType: family.modelTypes.first ?? "",
                embeddingRows: nil, rotaryFactors: nil)
        ).layers.first
        guard read?.attention.hasInputBias == layer.attention.hasInputBias else {
            throw inexpressible("attn_q.bias")
        }
        guard read?.attention.hasOutputBias == layer.attention.hasOutputBias else {
            throw inexpressible("attn_output.bias")
        }
    }

    /// `rope_theta` and `rope_scaling`, which old and new versions of transformers read.
    private func rotaryKeys(_ attention: AttentionDescription) throws -> [(String, JSONValue)] {
        guard let rotary = attention.rotary, rotary.rotatedSize == attention.headSize else {
            throw inexpressible("rope.dimension_count")
        }
        var scaling = rotary.scaling
        if case .perPair = scaling {
            guard let inferred = rotary.inferredScaling else {
                throw inexpressible("rope_freqs.weight")
            }
            scaling = inferred
        }
        let settings: [(String, JSONValue)]?
        switch scaling {
        case .none: settings = nil
        case .linear(let factor):
            settings = [("rope_type", .string("linear")), ("factor", .number(factor))]
        case .llama3(let factor, let low, let high, let length):
            settings = [
                ("rope_type", .string("llama3")), ("factor", .number(factor)),
                ("low_freq_factor", .number(low)), ("high_freq_factor", .number(high)),
                ("original_max_position_embeddings", .integer(length)),
            ]
        case .yarn(let factor, let fast, let slow, let length, let attentionFactor, _):
            settings = [
                ("rope_type", .string("yarn")), ("factor", .number(factor)),
                ("beta_fast", .number(fast)), ("beta_slow", .number(slow)),
                ("attention_factor", .number(attentionFactor)),
                ("original_max_position_embeddings", .integer(length)),
            ]
        case .dynamic, .perPair: throw inexpressible("rope.scaling")
        }
        return [
            ("rope_theta", .number(Float(rotary.base).shortest)),
            ("rope_scaling", settings.map { .object(JSONObject($0)) } ?? .null),
        ]
    }

    private func inexpressible(_ key: String) -> ExportError {
        .inexpressible(path: path, key: key, format: .huggingFace)
    }

    /// The special tokens' ids of a GGUF file, under the names of `config.json`.
    private func tokenIDs(_ file: GGUFFile) -> [(String, Int)] {
        [("bos_token_id", "bos"), ("eos_token_id", "eos"), ("pad_token_id", "padding")]
            .compactMap { name, key in
                file["tokenizer.ggml.\(key)_token_id"]?.integer
                    .flatMap { (0..<description.vocabularySize).contains($0) ? (name, $0) : nil }
            }
    }

    /// `generation_config.json` for a GGUF base: all tokens that end a turn.
    func generationConfiguration(_ file: GGUFFile) -> JSONObject {
        var config = JSONObject(
            [("_from_model_config", .bool(true))] + tokenIDs(file).map { ($0, .integer($1)) })
        let ends = ["eos", "eot", "eom"].compactMap {
            file["tokenizer.ggml.\($0)_token_id"]?.integer
        }.filter { (0..<description.vocabularySize).contains($0) }
        let all = ends.enumerated().filter { !ends[..<$0.offset].contains($0.element) }
        if all.count > 1 { config["eos_token_id"] = .array(all.map { .integer($0.element) }) }
        return config
    }
}

extension Float {
    /// The number that the shortest digits of this one mean: 1e-5 and not 0.0000099999997.
    var shortest: Double { Double(description) ?? Double(self) }
}
