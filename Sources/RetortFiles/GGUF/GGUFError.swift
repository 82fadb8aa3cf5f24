/// Why a GGUF file was refused.
public enum GGUFError: Error, Equatable, CustomStringConvertible {
    /// The first four bytes are not "GGUF".
    case notGGUF(path: String)
    /// The file was written for big-endian machines.
    case bigEndian(path: String)
    /// A version other than 2 and 3.
    case unsupportedVersion(path: String, version: UInt32)
    /// The file ends inside its header; `part` says where.
    case truncated(path: String, part: String, offset: Int)
    /// The header announces more entries than the file could hold.
    case impossibleCount(path: String, of: String, count: UInt64, bytesLeft: Int)
    /// A key without characters, or one that is too long.
    case badKey(path: String, length: Int, offset: Int)
    /// A tensor's name is empty or too long.
    case badTensorName(path: String, name: String, limit: Int)
    /// Text is not UTF-8; `part` says where.
    case notUTF8(path: String, part: String, offset: Int)
    /// A value, or an array's elements, have an unknown type.
    case unknownValueType(path: String, key: String, type: UInt32)
    /// A truth value is neither 0 nor 1.
    case badBool(path: String, key: String, value: UInt8)
    /// Arrays are nested deeper than the limit.
    case nestedTooDeeply(path: String, key: String, limit: Int)
    /// A key stands twice.
    case duplicateKey(path: String, key: String)
    /// `general.alignment` is not a usable power of two.
    case badAlignment(path: String, value: String)
    /// A tensor's name stands twice.
    case duplicateTensor(path: String, tensor: String)
    /// A tensor's type is unknown or withdrawn.
    case unknownTensorType(path: String, tensor: String, type: UInt32)
    /// A tensor has too many dimensions.
    case tooManyDimensions(path: String, tensor: String, count: UInt32)
    /// A dimension is 0, or the size cannot be counted.
    case badDimensions(path: String, tensor: String, dimensions: [UInt64])
    /// A row is not a whole number of blocks.
    case partialBlock(path: String, tensor: String, row: Int, type: GGMLType)
    /// A tensor's data begin at an offset that is no multiple of the alignment.
    case misaligned(path: String, tensor: String, offset: UInt64, alignment: Int)
    /// A tensor's data lie beyond the end of the file; sizes in bytes.
    case beyondEnd(path: String, tensor: String, needed: Int, offset: UInt64, available: Int)
    /// Two tensors share bytes.
    case overlap(path: String, tensor: String, other: String)
    /// One part of a split model was not found.
    case missingPart(path: String, missing: String)
    /// The file says it is a part of a split model, but its name or its counts say otherwise.
    case badSplit(path: String, problem: SplitProblem)

    /// What does not fit in a split model.
    public enum SplitProblem: Equatable, Sendable {
        /// The name does not end in `-00001-of-0000N.gguf`.
        case name(count: Int)
        /// `split.count` or `split.no` differ from what the name says.
        case number(key: String, found: Int?, expected: Int)
        /// All parts together hold another number of tensors than announced.
        case tensorCount(found: Int, announced: Int)
    }

    /// One sentence: where, what, what to do.
    public var description: String {
        switch self {
        case .notGGUF(let path): "\(path): is not a GGUF file (it does not begin with GGUF)."
        case .bigEndian(let path):
            "\(path): is a big-endian GGUF file; convert it to little-endian."
        case .unsupportedVersion(let path, let version):
            "\(path): has GGUF version \(version); versions 2 and 3 can be read."
        case .truncated(let path, let part, let offset):
            "\(path): is truncated: it ends inside \(part.printable), at byte \(offset); fetch it again."
        case .impossibleCount(let path, let things, let count, let left):
            "\(path): is truncated or damaged: \(count) \(things) are announced, "
                + "but only \(left) bytes follow; fetch it again."
        case .badKey(let path, let length, let offset):
            "\(path): the metadata key at byte \(offset) has \(length) bytes; 1 to 65535 are legal."
        case .badTensorName(let path, let name, let limit):
            "\(path): the tensor name \"\(name.printable)\" has \(name.utf8.count) bytes; "
                + "1 to \(limit) are legal."
        case .notUTF8(let path, let part, let offset):
            "\(path): \(part.printable) at byte \(offset) is not UTF-8."
        case .unknownValueType(let path, let key, let type):
            "\(path): the value of \(key.printable) has the unknown type \(type)."
        case .badBool(let path, let key, let value):
            "\(path): the value of \(key.printable) is a boolean with value \(value); 0 and 1 are legal."
        case .nestedTooDeeply(let path, let key, let limit):
            "\(path): the value of \(key.printable) nests arrays deeper than \(limit) levels."
        case .duplicateKey(let path, let key): "\(path): the key \(key.printable) stands twice."
        case .badAlignment(let path, let value):
            "\(path): general.alignment is \(value); it must be a 32-bit power of two "
                + "from 8 to \(GGUFFile.largestAlignment)."
        case .duplicateTensor(let path, let tensor):
            "\(path): the tensor \(tensor.printable) stands twice."
        case .unknownTensorType(let path, let tensor, let type):
            "\(path): \(tensor.printable) has the unknown or withdrawn tensor type \(type)."
        case .tooManyDimensions(let path, let tensor, let count):
            "\(path): \(tensor.printable) has \(count) dimensions; at most 4 are legal."
        case .badDimensions(let path, let tensor, let dimensions):
            "\(path): \(tensor.printable) has the impossible dimensions \(dimensions)."
        case .partialBlock(let path, let tensor, let row, let type):
            "\(path): \(tensor.printable) has rows of \(row) values, which are no whole "
                + "\(type.name) blocks of \(type.blockSize)."
        case .misaligned(let path, let tensor, let offset, let alignment):
            "\(path): the data of \(tensor.printable) begin at offset \(offset), "
                + "no multiple of the alignment \(alignment)."
        case .beyondEnd(let path, let tensor, let needed, let offset, let available):
            "\(path): \(tensor.printable) needs \(needed) bytes from offset \(offset) of the tensor data, "
                + "which have \(available); the file is truncated, fetch it again."
        case .overlap(let path, let tensor, let other):
            "\(path): the data of \(tensor.printable) and \(other.printable) overlap."
        case .missingPart(let path, let missing):
            "\(path): its other part \(missing) is missing; put all parts into one folder."
        case .badSplit(let path, let problem):
            "\(path): is a part of a split model, but \(problem)."
        }
    }
}

extension GGUFError.SplitProblem: CustomStringConvertible {
    /// The end of the sentence.
    public var description: String {
        switch self {
        case .name(let count):
            "its name does not end in -00001-of-\(GGUFFile.fiveDigits(count)).gguf"
        case .number(let key, let found, let expected):
            "\(key) is \(found.map(String.init) ?? "missing") where its name asks for \(expected)"
        case .tensorCount(let found, let announced):
            "its parts hold \(found) tensors where split.tensors.count announces \(announced)"
        }
    }
}
