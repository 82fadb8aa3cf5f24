import RetortFiles

/// The keys of a model's `config.json` or GGUF metadata, read with the same words.
public struct ModelConfiguration: Sendable {
    /// A key as both worlds spell it; GGUF keys follow the architecture's name and a dot.
    struct Key {
        let huggingFace: String
        let gguf: String

        static let hiddenSize = Key(huggingFace: "hidden_size", gguf: "embedding_length")
        static let layerCount = Key(huggingFace: "num_hidden_layers", gguf: "block_count")
        static let headCount = Key(
            huggingFace: "num_attention_heads", gguf: "attention.head_count")
        static let keyValueHeadCount = Key(
            huggingFace: "num_key_value_heads", gguf: "attention.head_count_kv")
        static let headSize = Key(huggingFace: "head_dim", gguf: "attention.key_length")
        static let innerSize = Key(huggingFace: "intermediate_size", gguf: "feed_forward_length")
        static let normEpsilon = Key(
            huggingFace: "rms_norm_eps", gguf: "attention.layer_norm_rms_epsilon")
        static let vocabularySize = Key(huggingFace: "vocab_size", gguf: "vocab_size")
        static let maximumPosition = Key(
            huggingFace: "max_position_embeddings", gguf: "context_length")
    }

    /// Where the keys are.
    enum Source {
        case huggingFace(JSONObject)
        case gguf(GGUFMetadata, architecture: String)
    }

    /// The file, for messages.
    let path: String
    let source: Source
    /// The family's name: `model_type` or `general.architecture`.
    let modelType: String
    /// Rows of the embedding as stored, for files that do not say the vocabulary's size.
    let embeddingRows: Int?
    /// Factors of the rotary frequencies that a GGUF file stores as a tensor.
    let rotaryFactors: [Float]?
    /// Names of a GGUF file's tensors.
    var tensorNames: Set<ExactKey> = []
    /// Sizes that take the place of the file's, by their keys in `config.json`; nil for one that the
    /// file's does not hold any more.
    var changes: [String: Int?] = [:]

    /// Whether a GGUF file has a tensor of this name.
    func stores(_ tensor: String) -> Bool { tensorNames.contains(ExactKey(tensor)) }

    /// The key as this file spells it.
    func name(_ key: Key) -> String {
        if changes[key.huggingFace] != nil { return "the given \(key.huggingFace)" }
        return switch source {
        case .huggingFace: key.huggingFace
        case .gguf(_, let architecture): "\(architecture).\(key.gguf)"
        }
    }

    /// The error for a vocabulary of no known size; GGUF files tell it by the embedding's rows.
    var noVocabulary: ModelError {
        switch source {
        case .huggingFace: .missingKey(path: path, key: name(.vocabularySize))
        case .gguf: .missingTensors(path: path, tensors: ["token_embd.weight"])
        }
    }

    private func has(_ key: Key) -> Bool {
        if let change = changes[key.huggingFace] { return change != nil }
        return switch source {
        case .huggingFace(let object): (object[key.huggingFace] ?? .null) != .null
        case .gguf(let metadata, _): metadata[name(key)] != nil
        }
    }

    /// A whole number that must be there.
    func integer(_ key: Key, in range: ClosedRange<Int>) throws -> Int {
        guard has(key) else { throw ModelError.missingKey(path: path, key: name(key)) }
        let stored: Int? =
            switch source {
            case .huggingFace(let object): object[key.huggingFace]?.integer
            case .gguf(let metadata, _): metadata[name(key)]?.integer
            }
        guard let value = changes[key.huggingFace] ?? stored else {
            throw ModelError.badKey(path: path, key: name(key), reason: "is not a whole number")
        }
        guard range.contains(value) else {
            throw ModelError.badKey(
                path: path, key: name(key),
                reason: "is \(value), outside \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// A whole number that may be absent.
    func integerIfPresent(_ key: Key, in range: ClosedRange<Int>) throws -> Int? {
        has(key) ? try integer(key, in: range) : nil
    }

    /// A number that must be there and positive.
    func positiveNumber(_ key: Key) throws -> Double {
        guard has(key) else { throw ModelError.missingKey(path: path, key: name(key)) }
        let value: Double? =
            switch source {
            case .huggingFace(let object): object[key.huggingFace]?.double
            case .gguf(let metadata, _): metadata[name(key)]?.double
            }
        return try Self.positive(value, path, name(key))
    }

    /// A truth value of `config.json`; absent and null are false.
    func flag(_ name: String) throws -> Bool {
        guard case .huggingFace(let object) = source, let value = object[name], value != .null
        else {
            return false
        }
        guard let flag = value.bool else {
            throw ModelError.badKey(path: path, key: name, reason: "is not true or false")
        }
        return flag
    }

    static func positive(_ value: Double?, _ path: String, _ name: String) throws -> Double {
        guard let value else {
            throw ModelError.badKey(path: path, key: name, reason: "is not a number")
        }
        guard value.isFinite, value > 0 else {
            throw ModelError.badKey(path: path, key: name, reason: "is \(value), not above 0")
        }
        return value
    }
}
