import RetortKernels

/// What kind of file or folder an export is.
public enum ExportFormat: String, Sendable, CaseIterable {
    /// A folder that transformers loads: weights with adapters merged, tokenizer, chat template.
    case huggingFace = "huggingface"
    /// One GGUF file of version 3 with everything that llama.cpp needs, adapters merged.
    case gguf
    /// A folder with the adapter alone, for PEFT.
    case peft
    /// A GGUF file with the adapter alone, for llama.cpp.
    case ggufLoRA = "gguf-lora"

    /// The types that its weights can have.
    public var types: [ExportType] {
        switch self {
        case .huggingFace: [.f32, .f16, .bf16, .base]
        case .gguf: ExportType.allCases
        case .peft, .ggufLoRA: [.f32]
        }
    }
}

/// How an export stores its weights.
public enum ExportType: String, Sendable, CaseIterable {
    /// IEEE single precision.
    case f32
    /// IEEE half precision.
    case f16
    /// The upper half of an f32.
    case bf16
    /// Matrices in 8-bit blocks.
    case q8_0
    /// Matrices in 4-bit blocks around 0, embedding and output matrix in q8_0.
    case q4_0
    /// Matrices in 4-bit blocks with a minimum, embedding and output matrix in q8_0.
    case q4_1
    /// Every tensor in the type that it has in the base.
    case base

    /// The storage format of matrices; nil for the base's.
    var format: StorageFormat? { StorageFormat(name: rawValue) }

    /// What `general.file_type` of a GGUF file calls it.
    var fileType: UInt32? {
        switch self {
        case .f32: 0
        case .f16: 1
        case .q4_0: 2
        case .q4_1: 3
        case .q8_0: 7
        case .bf16: 32
        case .base: nil
        }
    }
}

/// What an export wrote.
public struct ExportReport: Sendable, Equatable {
    /// The file or folder.
    public var path: String
    /// The size of all its files.
    public var byteCount: Int
    /// What is not as one might expect.
    public var notes: [ExportNote]
}

/// Something about an export that its user should know.
public enum ExportNote: Sendable, Equatable, CustomStringConvertible {
    /// Matrices whose rows the blocks of the type do not fill have another.
    case storedOtherwise(tensors: [String], wanted: ExportType, type: ExportType)
    /// The base has no tokenizer, so the export has none.
    case noTokenizer(path: String)
    /// Rounding to the type's blocks kept only this part of what the adapter changed.
    case changeLost(kept: Double)
    /// Beyond this position the format has no word for what the model does.
    case plainRotary(length: Int)

    /// One sentence.
    public var description: String {
        switch self {
        case .storedOtherwise(let tensors, let wanted, let type):
            "\(tensors.count == 1 ? tensors[0] : "\(tensors.count) matrices") stored as "
                + "\(type.rawValue): \(wanted.rawValue) needs rows of whole blocks of 32."
        case .noTokenizer(let path):
            "\(path): has no tokenizer; the export holds weights and configuration only."
        case .changeLost(let kept):
            "Rounding to blocks this coarse kept only \(Int((100 * kept).rounded())) % of what the "
                + "adapter changed, so the file answers more like the base; use --type q8_0 or f16, "
                + "or keep the adapter apart (gguf-lora)."
        case .plainRotary(let length):
            "GGUF has no dynamic rotary scaling; answers differ beyond position \(length)."
        }
    }
}
