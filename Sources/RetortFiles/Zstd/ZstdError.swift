/// Why a compressed file was refused, or could not be made.
public enum ZstdError: Error, Equatable, CustomStringConvertible {
    /// The file does not begin with a frame.
    case notZstd(path: String)
    /// The file ends inside a frame.
    case truncated(path: String, byteCount: Int)
    /// Bytes after a frame are no frame.
    case trailing(path: String, offset: Int)
    /// The content differs from its checksum.
    case wrongChecksum(path: String)
    /// A frame breaks the format's rules; the reason is the decoder's.
    case corrupt(path: String, offset: Int, reason: String)
    /// A frame needs a dictionary.
    case needsDictionary(path: String)
    /// A frame wants a larger window than is allowed.
    case windowTooLarge(path: String)
    /// The content is larger than the limit.
    case tooLarge(path: String, limit: Int)
    /// The content has another size than promised.
    case wrongSize(path: String, promised: Int, found: Int)
    /// The encoder or decoder failed, for example for want of memory.
    case failed(path: String, reason: String)

    /// One sentence: where, what, what to do.
    public var description: String {
        switch self {
        case .notZstd(let path): "\(path): is not a zstd file (wrong magic number)."
        case .truncated(let path, let byteCount):
            "\(path): is truncated: its \(byteCount) bytes end inside a zstd frame."
        case .trailing(let path, let offset):
            "\(path): has trailing bytes from byte \(offset) that are no zstd frame."
        case .wrongChecksum(let path):
            "\(path): is damaged: its content differs from the zstd checksum."
        case .corrupt(let path, let offset, let reason):
            "\(path): is a corrupt zstd file near byte \(offset): \(reason)."
        case .needsDictionary(let path):
            "\(path): needs a zstd dictionary; compress it without one."
        case .windowTooLarge(let path):
            "\(path): needs a zstd window of more than 128 MiB of memory; compress it without --long."
        case .tooLarge(let path, let limit):
            "\(path): its content is too large: more than the limit of \(limit) bytes."
        case .wrongSize(let path, let promised, let found):
            "\(path): its content has the size \(found) where \(promised) bytes were promised."
        case .failed(let path, let reason): "\(path): zstd failed: \(reason)."
        }
    }
}
