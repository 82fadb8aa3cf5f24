import RetortFiles

/// A family of models: how its configuration becomes a description, and what its tensors are called.
package protocol ModelFamily: SendableMetatype {
    /// `model_type` in config.json, `general.architecture` in GGUF.
    static var modelTypes: [String] { get }
    /// Reads a configuration.
    static func describe(_ config: ModelConfiguration) throws -> DecoderDescription
    /// The parameters, `#` standing for a layer's index.
    static var parameters: [ParameterName] { get }
    /// The class in transformers, for `architectures` in config.json.
    static var huggingFaceClass: String { get }
    /// Keys of config.json that only this family has.
    static func huggingFaceKeys(_ decoder: DecoderDescription) -> [(String, JSONValue)]
    /// Tensors of old files that are no parameters, by the end of their names.
    static var ignoredSuffixes: [String] { get }
}

extension ModelFamily {
    package static func huggingFaceKeys(_ decoder: DecoderDescription) -> [(String, JSONValue)] {
        []
    }

    package static var ignoredSuffixes: [String] { ["rotary_emb.inv_freq", "rope_freqs.weight"] }
}

/// The families that Retort knows.
package let modelFamilies: [any ModelFamily.Type] = [Llama.self, Qwen2.self]

/// A parameter's names in the description, in Hugging Face folders and in GGUF files.
package struct ParameterName: Sendable {
    /// How a GGUF file orders the rows of a matrix.
    package enum RowOrder: Sendable {
        case natural
        /// Rows of a head interleaved, so that values that turn together are neighbours.
        case rotaryPairs
    }

    let name: String
    let huggingFace: String
    let gguf: String
    let ggufRows: RowOrder

    init(
        _ name: String, huggingFace: String, gguf: String, ggufRows: RowOrder = .natural
    ) {
        self.name = name
        self.huggingFace = huggingFace
        self.gguf = gguf
        self.ggufRows = ggufRows
    }
}
