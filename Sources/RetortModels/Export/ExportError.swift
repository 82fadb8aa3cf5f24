import RetortFiles

/// Why a model cannot be exported.
public enum ExportError: Error, Equatable, CustomStringConvertible {
    /// The format has no weights of that type.
    case wrongType(type: ExportType, format: ExportFormat)
    /// The base's own type is one that the format does not have.
    case baseTypeNotInFormat(tensor: String, type: String, format: ExportFormat)
    /// The model has no adapter that could be written.
    case noAdapter(path: String)
    /// A value that the type cannot hold.
    case unstorable(path: String, tensor: String, type: String)
    /// The format has no word for what a key of the base says.
    case inexpressible(path: String, key: String, format: ExportFormat)
    /// The tokenizer has more tokens than the embedding has rows.
    case tooManyTokens(path: String, tokens: Int, rows: Int)
    /// What was written reads back as another model.
    case configurationDiffers(path: String, key: String)
    /// What was written reads back with another value.
    case valueDiffers(path: String, tensor: String, row: Int, column: Int)

    /// One sentence: where, what, what to do.
    public var description: String {
        switch self {
        case .wrongType(let type, let format):
            "The format \(format.rawValue) cannot hold \(type.rawValue); choose "
                + format.types.map(\.rawValue).joined(separator: ", ") + "."
        case .baseTypeNotInFormat(let tensor, let type, let format):
            "\(tensor) is stored as \(type), which the format \(format.rawValue) does not have; "
                + "choose --type f32, f16 or bf16."
        case .noAdapter(let path):
            "\(path): there is no adapter beside the model; name one with --adapter."
        case .unstorable(let path, let tensor, let type):
            "\(path): \(tensor) holds a value that \(type) cannot store; "
                + "choose --type f32, or bf16 if the value is merely large."
        case .inexpressible(let path, let key, let format):
            "\(path): the format \(format.rawValue) has no word for its \(key)."
        case .tooManyTokens(let path, let tokens, let rows):
            "\(path): the tokenizer has \(tokens) tokens, the embedding \(rows) rows; "
                + "they do not belong together."
        case .configurationDiffers(let path, let key):
            "\(path): reading the export back gave another \(key); it has been removed."
        case .valueDiffers(let path, let tensor, let row, let column):
            "\(path): reading the export back gave another value in \(tensor) at row \(row), "
                + "column \(column); it has been removed."
        }
    }
}
