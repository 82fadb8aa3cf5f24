/// How a stored matrix keeps its values; the raw values are GGML's type numbers.
public enum StorageFormat: UInt32, Sendable, CaseIterable {
    /// IEEE single precision.
    case f32 = 0
    /// IEEE half precision.
    case f16 = 1
    /// Blocks of 32: f16 scale, 4-bit values around 8.
    case q4_0 = 2
    /// Blocks of 32: f16 scale and minimum, 4-bit values.
    case q4_1 = 3
    /// Blocks of 32: f16 scale, 5-bit values around 16.
    case q5_0 = 6
    /// Blocks of 32: f16 scale and minimum, 5-bit values.
    case q5_1 = 7
    /// Blocks of 32: f16 scale, signed bytes.
    case q8_0 = 8
    /// Blocks of 256: sixteen 8-bit scales, 6-bit values around 32.
    case q6_K = 14
    /// The upper half of an f32.
    case bf16 = 30

    /// Values in a block.
    public var blockSize: Int {
        switch self {
        case .f32, .f16, .bf16: 1
        case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0: 32
        case .q6_K: 256
        }
    }

    /// Bytes of a block.
    public var blockBytes: Int {
        switch self {
        case .f32: 4
        case .f16, .bf16: 2
        case .q4_0: 18
        case .q4_1: 20
        case .q5_0: 22
        case .q5_1: 24
        case .q8_0: 34
        case .q6_K: 210
        }
    }

    /// The name that users read and write.
    public var name: String { "\(self)" }

    /// The format of this name, in any case.
    public init?(name: String) {
        guard let found = Self.allCases.first(where: { $0.name.lowercased() == name.lowercased() })
        else { return nil }
        self = found
    }

    /// Bytes of a row of `columns` values, or nil if blocks do not fill it.
    public func rowBytes(_ columns: Int) -> Int? {
        guard columns >= 0, columns % blockSize == 0 else { return nil }
        let (bytes, overflow) = (columns / blockSize).multipliedReportingOverflow(by: blockBytes)
        return overflow ? nil : bytes
    }

    /// Whether rows are plain numbers that the tiles read directly.
    public var isFloat: Bool { blockSize == 1 }
}

/// How activations are stored: what a matrix product reads.
public enum ElementType: Sendable {
    /// f32, for verification.
    case float32
    /// bf16; products sum in f32.
    case bfloat16

    /// Bytes of an element.
    public var bytes: Int { self == .float32 ? 4 : 2 }
    /// The storage format with the same bytes.
    public var format: StorageFormat { self == .float32 ? .f32 : .bf16 }
}
