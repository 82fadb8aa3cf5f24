import RetortFiles

/// Why a model or adapter cannot be used.
public enum ModelError: Error, Equatable, CustomStringConvertible {
    /// The path is neither a GGUF file nor a folder with a model.
    case notAModel(path: String)
    /// A key that the architecture needs is not there.
    case missingKey(path: String, key: String)
    /// A key has a value that cannot be used.
    case badKey(path: String, key: String, reason: String)
    /// The architecture is not one that is known.
    case unknownArchitecture(path: String, key: String, value: String, known: [String])
    /// Parameters of the architecture that the file lacks.
    case missingTensors(path: String, tensors: [String])
    /// A tensor has another shape than the architecture says.
    case wrongShape(path: String, tensor: String, found: [Int], expected: [Int])
    /// A tensor is stored in a way that cannot be read.
    case unsupportedType(path: String, tensor: String, type: String)
    /// The weights were quantized in a way that cannot be read.
    case unsupportedQuantization(path: String, method: String)
    /// A tensor holds a value that is not a number.
    case notFinite(path: String, tensor: String)
    /// The tokenizer has a token for which the embedding has no row.
    case tokenWithoutRow(path: String, token: String, id: Int, rows: Int)
    /// The weights to draw need more than the machine's memory, in bytes.
    case tooLarge(path: String, memory: Int)
    /// The sizes do not fit bf16 products.
    case oddSize(path: String, size: Int)

    /// One sentence: where, what, what to do.
    public var description: String {
        switch self {
        case .notAModel(let path):
            "\(path): neither a GGUF file nor a folder with config.json and safetensors weights."
        case .missingKey(let path, let key):
            "\(path): \(key) is missing; the model cannot be described without it."
        case .badKey(let path, let key, let reason):
            "\(path): \(key) \(reason)."
        case .unknownArchitecture(let path, let key, let value, let known):
            "\(path): \(key) is \"\(value)\", which Retort does not know; it knows "
                + known.joined(separator: ", ") + "."
        case .missingTensors(let path, let tensors):
            "\(path): \(Self.list(tensors)) missing; the file is incomplete or not of this architecture."
        case .wrongShape(let path, let tensor, let found, let expected):
            "\(path): \(tensor) has shape \(found), expected \(expected)."
        case .unsupportedType(let path, let tensor, let type):
            "\(path): \(tensor) is stored as \(type), which Retort does not read."
        case .unsupportedQuantization(let path, let method):
            "\(path): quantization_config says that the weights are stored as \(method.printable), "
                + "which Retort does not read; use the model before quantization, or its GGUF file."
        case .notFinite(let path, let tensor):
            "\(path): \(tensor) holds a value that is NaN or infinite; the file is damaged."
        case .tokenWithoutRow(let path, let token, let id, let rows):
            "\(path): the tokenizer gives \"\(token)\" the id \(id), but the embedding has "
                + "\(rows) rows; the tokenizer is another model's."
        case .tooLarge(let path, let memory):
            "\(path): random weights of these sizes need more than this machine's "
                + "\(memory >> 20) MiB of memory."
        case .oddSize(let path, let size):
            "\(path): a matrix is \(size) wide; bfloat16 needs even widths, use precision: float32."
        }
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(5).joined(separator: ", ")
        let rest = names.count > 5 ? " and \(names.count - 5) more" : ""
        return shown + rest + (names.count == 1 ? " is" : " are")
    }
}
