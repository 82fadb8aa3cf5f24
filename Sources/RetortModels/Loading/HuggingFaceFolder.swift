import RetortFiles
import RetortKernels

/// A Hugging Face model folder: `config.json` and safetensors weights.
package struct HuggingFaceFolder: Sendable {
    package let path: String
    package let config: JSONObject
    package let tensors: [StoredTensor]

    /// Opens a folder; tensor data stay where they are.
    ///
    /// - Parameters:
    ///   - path: The folder.
    ///   - hasWeights: Whether its weights count; else `config.json` is all it needs.
    /// - Throws: ``ModelError`` and the errors of the formats.
    package init(_ path: String, hasWeights: Bool = true) throws {
        let configPath = path + "/config.json"
        let value = try JSONValue(contentsOf: configPath)
        guard let config = value.object else {
            throw ModelError.badKey(
                path: configPath, key: "config.json", reason: "is not an object")
        }
        self.path = path
        self.config = config
        tensors = hasWeights ? try SafetensorsFolder(path).tensors.map(StoredTensor.init) : []
    }
}

extension StoredTensor {
    /// A tensor of a safetensors file.
    package init(_ tensor: SafetensorsTensor) {
        self.init(
            name: tensor.name, shape: tensor.shape, format: StorageFormat(tensor.type),
            typeName: tensor.type.rawValue, file: tensor.file, offset: tensor.offset,
            byteCount: tensor.byteCount)
    }
}

extension StorageFormat {
    /// The format of a safetensors type, if it is one of plain numbers that Retort computes with.
    package init?(_ type: SafetensorsType) {
        switch type.rawValue {
        case "F32": self = .f32
        case "F16": self = .f16
        case "BF16": self = .bf16
        default: return nil
        }
    }
}
