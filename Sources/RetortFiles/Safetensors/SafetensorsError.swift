/// Why a safetensors file was refused.
public enum SafetensorsError: Error, Equatable, CustomStringConvertible {
    /// The file ends before its header does; sizes in bytes.
    case truncatedHeader(path: String, needed: UInt64, found: Int)
    /// The header is longer than any reader accepts, or too short to be one.
    case badHeaderLength(path: String, length: UInt64)
    /// The header does not begin with an opening brace.
    case headerIsNoObject(path: String)
    /// The header is not JSON.
    case badHeader(path: String, error: JSONError)
    /// The metadata are no object of strings; `key` is the first that is not.
    case badMetadata(path: String, key: String?)
    /// A tensor's description lacks a field, or the field has another form.
    case badField(path: String, tensor: String, field: String)
    /// A tensor has an unknown type.
    case unknownType(path: String, tensor: String, type: String)
    /// A tensor's shape does not fill its bytes; nil if the shape's size cannot be counted.
    case wrongSpan(path: String, tensor: String, shape: [Int], needed: Int?, found: Int)
    /// A tensor's bytes lie beyond the end of the file; sizes in bytes.
    case beyondEnd(path: String, tensor: String, end: Int, available: Int)
    /// Two tensors share bytes.
    case overlap(path: String, tensor: String, other: String)
    /// Bytes before a tensor belong to none.
    case hole(path: String, tensor: String, byteCount: Int)
    /// Bytes after the last tensor belong to none.
    case trailing(path: String, byteCount: Int)

    /// One sentence: where, what, what to do.
    public var description: String {
        switch self {
        case .truncatedHeader(let path, let needed, let found):
            "\(path): is too short or truncated: the header needs \(needed) bytes, "
                + "\(found) are there; fetch it again."
        case .badHeaderLength(let path, let length):
            "\(path): is not a safetensors file, or damaged: it announces a header of \(length) "
                + "bytes, where 2 to \(SafetensorsFile.longestHeader) are legal."
        case .headerIsNoObject(let path):
            "\(path): is not a safetensors file: its header is no JSON object that begins with {."
        case .badHeader(let path, let error): "\(path): the header is damaged: \(error)."
        case .badMetadata(let path, let key):
            key.map { "\(path): __metadata__ holds \($0.printable), which is no text." }
                ?? "\(path): __metadata__ is no object."
        case .badField(let path, let tensor, let field):
            "\(path): \(tensor.printable) has a missing or malformed \(field)."
        case .unknownType(let path, let tensor, let type):
            "\(path): \(tensor.printable) has the unknown dtype \(type.printable)."
        case .wrongSpan(let path, let tensor, let shape, let needed, let found):
            "\(path): \(tensor.printable) with shape \(shape) "
                + (needed.map { "needs \($0) bytes" } ?? "has an impossible size")
                + ", its data_offsets span \(found)."
        case .beyondEnd(let path, let tensor, let end, let available):
            "\(path): \(tensor.printable) ends at byte \(end) of the data, which have "
                + "\(available); the file is truncated, fetch it again."
        case .overlap(let path, let tensor, let other):
            "\(path): the data of \(tensor.printable) and \(other.printable) overlap."
        case .hole(let path, let tensor, let byteCount):
            "\(path): \(byteCount) unused bytes lie before \(tensor.printable)."
        case .trailing(let path, let byteCount):
            "\(path): \(byteCount) trailing bytes belong to no tensor."
        }
    }
}
