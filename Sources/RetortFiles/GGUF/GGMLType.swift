/// How the values of a GGUF tensor are stored: one by one, or in blocks that share a scale.
///
/// The raw value is the number in the file. Numbers that ggml has withdrawn (4, 5, 31–33, 36–38)
/// are unknown. Source: `enum ggml_type` and the block structures of ggml.
public enum GGMLType: UInt32, Sendable, CaseIterable {
    // Numbers one by one.
    case f32 = 0
    case f16 = 1
    case bf16 = 30
    case f64 = 28
    case i8 = 24
    case i16 = 25
    case i32 = 26
    case i64 = 27
    // Blocks of 32 with one scale, and one minimum (_1).
    case q4_0 = 2
    case q4_1 = 3
    case q5_0 = 6
    case q5_1 = 7
    case q8_0 = 8
    case q8_1 = 9
    // Blocks of 256 with scales for parts.
    case q2_K = 10
    case q3_K = 11
    case q4_K = 12
    case q5_K = 13
    case q6_K = 14
    case q8_K = 15
    // Blocks with code books.
    case iq2_XXS = 16
    case iq2_XS = 17
    case iq2_S = 22
    case iq3_XXS = 18
    case iq3_S = 21
    case iq1_S = 19
    case iq1_M = 29
    case iq4_NL = 20
    case iq4_XS = 23
    // Ternary, binary and 4-bit floating-point blocks.
    case tq1_0 = 34
    case tq2_0 = 35
    case mxfp4 = 39
    case nvfp4 = 40
    case q1_0 = 41
    case q2_0 = 42

    /// How many values share a block; 1 for plain numbers.
    public var blockSize: Int { layout.values }

    /// How many bytes a block takes.
    public var bytesPerBlock: Int { layout.bytes }

    /// The name that llama.cpp prints, for example "Q4_K".
    public var name: String { "\(self)".uppercased() }

    /// The bytes of a tensor.
    ///
    /// - Parameter dimensions: Outermost first; rows run along the last.
    /// - Returns: Nil if a row is not whole blocks, or the size cannot be counted.
    public func byteCount(dimensions: [Int]) -> Int? {
        guard (dimensions.last ?? 1).isMultiple(of: blockSize),
            let count = dimensions.product(), count >= 0
        else { return nil }
        let (bytes, overflow) = (count / blockSize).multipliedReportingOverflow(by: bytesPerBlock)
        return overflow ? nil : bytes
    }

    private var layout: (values: Int, bytes: Int) {
        switch self {
        case .f32, .i32: (1, 4)
        case .f16, .bf16, .i16: (1, 2)
        case .f64, .i64: (1, 8)
        case .i8: (1, 1)
        case .q4_0: (32, 2 + 16)
        case .q4_1: (32, 4 + 16)
        case .q5_0: (32, 2 + 4 + 16)
        case .q5_1: (32, 4 + 4 + 16)
        case .q8_0: (32, 2 + 32)
        case .q8_1: (32, 4 + 32)
        case .q2_K: (256, 16 + 64 + 4)
        case .q3_K: (256, 32 + 64 + 12 + 2)
        case .q4_K: (256, 4 + 12 + 128)
        case .q5_K: (256, 4 + 12 + 32 + 128)
        case .q6_K: (256, 128 + 64 + 16 + 2)
        case .q8_K: (256, 4 + 256 + 32)
        case .iq2_XXS: (256, 2 + 64)
        case .iq2_XS: (256, 2 + 64 + 8)
        case .iq2_S: (256, 2 + 64 + 8 + 8)
        case .iq3_XXS: (256, 2 + 96)
        case .iq3_S: (256, 2 + 64 + 8 + 32 + 4)
        case .iq1_S: (256, 2 + 32 + 16)
        case .iq1_M: (256, 32 + 16 + 8)
        case .iq4_NL: (32, 2 + 16)
        case .iq4_XS: (256, 2 + 2 + 4 + 128)
        case .tq1_0: (256, 48 + 4 + 2)
        case .tq2_0: (256, 64 + 2)
        case .mxfp4: (32, 1 + 16)
        case .nvfp4: (64, 4 + 32)
        case .q1_0: (128, 2 + 16)
        case .q2_0: (64, 2 + 16)
        }
    }
}

extension [Int] {
    /// The product of all elements, 1 if there are none, nil if it overflows.
    package func product() -> Int? {
        var result = 1
        for element in self {
            let (value, overflow) = result.multipliedReportingOverflow(by: element)
            if overflow { return nil }
            result = value
        }
        return result
    }
}
