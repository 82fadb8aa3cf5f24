import RetortFiles
import RetortText

/// The keys of a GGUF file that is made from a Hugging Face folder.
struct GGUFModelMetadata {
    let model: Model
    let folder: HuggingFaceFolder
    private(set) var metadata = GGUFMetadata()
    private(set) var notes: [ExportNote] = []
    private let architecture: String

    /// Collects the keys.
    ///
    /// - Throws: ``ExportError`` for what llama.cpp has no word for, ``TokenizerError``.
    init(_ model: Model, _ folder: HuggingFaceFolder) throws {
        self.model = model
        self.folder = folder
        architecture = model.family.modelTypes.first ?? ""
        metadata["general.architecture"] = .string(architecture)
        metadata["general.type"] = .string("model")
        metadata["general.name"] = .string(name)
        try describe()
        try addTokenizer()
    }

    /// What the model is called: by its configuration, or as its folder.
    private var name: String {
        let known = folder.config["_name_or_path"]?.string ?? ""
        let parts = (known.isEmpty ? folder.path : known).split(separator: "/")
        return parts.last.map(String.init) ?? "model"
    }

    private mutating func set(_ key: ModelConfiguration.Key, _ value: Int) {
        set(key.gguf, .uint32(UInt32(clamping: value)))
    }

    private mutating func set(_ key: String, _ value: GGUFValue) {
        metadata["\(architecture).\(key)"] = value
    }

    private func inexpressible(_ key: String) -> ExportError {
        .inexpressible(path: folder.path + "/config.json", key: key, format: .gguf)
    }

    private mutating func describe() throws {
        let description = model.description
        guard let layer = description.layers.first else { throw inexpressible("num_hidden_layers") }
        let attention = layer.attention
        guard attention.headSize % 2 == 0 else { throw inexpressible("head_dim") }
        guard description.layers.allSatisfy({ $0.attention.window == nil }) else {
            throw inexpressible("sliding_window")
        }
        set(.vocabularySize, description.vocabularySize)
        set(.maximumPosition, description.maximumPosition)
        set(.hiddenSize, description.hiddenSize)
        set(.layerCount, description.layers.count)
        set(.innerSize, layer.feedForward.innerSize)
        set(.headCount, attention.headCount)
        set(.keyValueHeadCount, attention.keyValueHeadCount)
        set(.headSize, attention.headSize)
        set("attention.value_length", .uint32(UInt32(clamping: attention.headSize)))
        set(ModelConfiguration.Key.normEpsilon.gguf, .float32(layer.attentionNorm.epsilon))
        guard let rotary = attention.rotary else { throw inexpressible("rope_theta") }
        set("rope.dimension_count", .uint32(UInt32(clamping: rotary.rotatedSize)))
        set("rope.freq_base", .float32(Float(rotary.base)))
        try describe(rotary.scaling)
    }

    private mutating func describe(_ scaling: RotaryDescription.Scaling) throws {
        switch scaling {
        case .none, .llama3, .perPair: break  // The tensor rope_freqs.weight says it.
        case .linear(let factor):
            set("rope.scaling.type", .string("linear"))
            set("rope.scaling.factor", .float32(Float(factor)))
        case .dynamic: notes.append(.plainRotary(length: model.description.maximumPosition))
        case .yarn(let factor, let fast, let slow, let length, let magnitude, let truncate):
            guard truncate else { throw inexpressible("rope_scaling") }
            set("rope.scaling.type", .string("yarn"))
            set("rope.scaling.factor", .float32(Float(factor)))
            if fast != 32 { set("rope.scaling.yarn_beta_fast", .float32(Float(fast))) }
            if slow != 1 { set("rope.scaling.yarn_beta_slow", .float32(Float(slow))) }
            // llama.cpp computes the usual magnitude from the factor.
            let beyond = magnitude / RotaryDescription.usualMagnitude(yarnFactor: factor)
            if abs(beyond - 1) > 1e-6 {
                set("rope.scaling.attn_factor", .float32(Float(beyond)))
            }
            set("rope.scaling.original_context_length", .uint32(UInt32(clamping: length)))
        }
    }

    private mutating func addTokenizer() throws {
        let path = folder.path + "/tokenizer.json"
        guard Folder.exists(path) else {
            metadata["tokenizer.ggml.model"] = .string("no_vocab")
            notes.append(.noTokenizer(path: folder.path))
            return
        }
        var tokenizer = try Tokenizer(contentsOf: path)
        let texts = try TokenizerConfiguration(folder: folder.path)
        tokenizer.roles = texts.roles(in: tokenizer)
        let ends = try endTokens()
        let roles = tokenizer.roles
        tokenizer.roles.bosID = roles.bosID ?? id("bos_token_id")
        tokenizer.roles.eosID = roles.eosID ?? ends.first
        tokenizer.roles.paddingID = roles.paddingID ?? id("pad_token_id")
        let rows = model.description.vocabularySize
        guard tokenizer.vocabularySize <= rows else {
            throw ExportError.tooManyTokens(
                path: path, tokens: tokenizer.vocabularySize, rows: rows)
        }
        for (key, value) in try tokenizer.ggufFields(count: rows, path: path).metadata {
            metadata[key] = value
        }
        if let other = ends.first(where: { $0 != tokenizer.roles.eosID }) {
            metadata["tokenizer.ggml.eot_token_id"] = .uint32(UInt32(clamping: other))
        }
        addTemplates(texts)
    }

    private mutating func addTemplates(_ texts: TokenizerConfiguration) {
        guard let main = texts.chatTemplate else { return }
        metadata["tokenizer.chat_template"] = .string(main)
        let others = texts.chatTemplates.filter { $0.text != main || $0.name != "default" }
        guard !others.isEmpty, texts.chatTemplates.count > 1 else { return }
        metadata["tokenizer.chat_templates"] = .array(GGUFArray(others.map(\.name)))
        for other in others {
            metadata["tokenizer.chat_template.\(other.name)"] = .string(other.text)
        }
    }

    /// An id in config.json that the vocabulary has.
    private func id(_ key: String) -> Int? {
        folder.config[key]?.integer.flatMap(known)
    }

    private func known(_ id: Int) -> Int? {
        (0..<model.description.vocabularySize).contains(id) ? id : nil
    }

    /// The tokens that end a turn: of `generation_config.json`, else of config.json.
    private func endTokens() throws -> [Int] {
        let path = folder.path + "/generation_config.json"
        let generation = Folder.exists(path) ? try JSONValue(contentsOf: path) : .null
        for value in [generation["eos_token_id"], folder.config["eos_token_id"]] {
            let ids = value?.integer.map { [$0] } ?? value?.array?.compactMap(\.integer) ?? []
            if !ids.isEmpty { return ids.compactMap(known) }
        }
        return []
    }
}
