/// A typed value of a GGUF file's metadata.
public enum GGUFValue: Sendable {
    /// An unsigned 8-bit integer.
    case uint8(UInt8)
    /// A signed 8-bit integer.
    case int8(Int8)
    /// An unsigned 16-bit integer.
    case uint16(UInt16)
    /// A signed 16-bit integer.
    case int16(Int16)
    /// An unsigned 32-bit integer.
    case uint32(UInt32)
    /// A signed 32-bit integer.
    case int32(Int32)
    /// A 32-bit floating-point number.
    case float32(Float)
    /// A truth value.
    case bool(Bool)
    /// Text.
    case string(String)
    /// An array, whose elements have one type.
    case array(GGUFArray)
    /// An unsigned 64-bit integer.
    case uint64(UInt64)
    /// A signed 64-bit integer.
    case int64(Int64)
    /// A 64-bit floating-point number.
    case float64(Double)

    /// The types, with their numbers in the file.
    public enum Kind: UInt32, Sendable {
        case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array
        case uint64, int64, float64

        /// The bytes of a value, nil for strings and arrays.
        var size: Int? {
            switch self {
            case .uint8, .int8, .bool: 1
            case .uint16, .int16: 2
            case .uint32, .int32, .float32: 4
            case .uint64, .int64, .float64: 8
            case .string, .array: nil
            }
        }

        /// The fewest bytes a value takes in the file.
        var leastSize: Int { size ?? (self == .string ? 8 : 12) }

        var isInteger: Bool {
            switch self {
            case .float32, .float64, .bool, .string, .array: false
            default: true
            }
        }

        var isNumber: Bool { isInteger || self == .float32 || self == .float64 }
    }

    /// The value's type.
    public var kind: Kind {
        switch self {
        case .uint8: .uint8
        case .int8: .int8
        case .uint16: .uint16
        case .int16: .int16
        case .uint32: .uint32
        case .int32: .int32
        case .float32: .float32
        case .bool: .bool
        case .string: .string
        case .array: .array
        case .uint64: .uint64
        case .int64: .int64
        case .float64: .float64
        }
    }

    /// The whole number, if this is an integer of any width that fits.
    public var integer: Int? {
        switch self {
        case .uint8(let value): Int(value)
        case .int8(let value): Int(value)
        case .uint16(let value): Int(value)
        case .int16(let value): Int(value)
        case .uint32(let value): Int(value)
        case .int32(let value): Int(value)
        case .uint64(let value): Int(exactly: value)
        case .int64(let value): Int(value)
        default: nil
        }
    }

    /// The number, if this is a floating-point number or an integer.
    public var double: Double? {
        switch self {
        case .float32(let value): Double(value)
        case .float64(let value): value
        case .uint64(let value): Double(value)
        default: integer.map(Double.init)
        }
    }

    /// The text, if this is a string.
    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The truth value, if this is one.
    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The array, if this is one.
    public var array: GGUFArray? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The elements, if this is an array of strings; decoded anew at each call.
    public var strings: [String]? { array?.elements(where: { $0 == .string }, \.string) }

    /// The elements, if this is an array of integers that fit; decoded anew at each call.
    public var integers: [Int]? { array?.elements(where: \.isInteger, \.integer) }

    /// The elements, if this is an array of numbers; decoded anew at each call.
    public var doubles: [Double]? { array?.elements(where: \.isNumber, \.double) }

    /// The elements, if this is an array of truth values; decoded anew at each call.
    public var bools: [Bool]? { array?.elements(where: { $0 == .bool }, \.bool) }
}

extension GGUFValue: Equatable {
    /// Whether both have the same type and the same bytes (so NaN equals itself).
    public static func == (left: Self, right: Self) -> Bool {
        left.kind == right.kind && left.encoded == right.encoded
    }
}

extension GGUFValue {
    /// The value as in the file, without its type.
    var encoded: [UInt8] {
        switch self {
        case .uint8(let value): littleEndianBytes(value)
        case .int8(let value): littleEndianBytes(value)
        case .uint16(let value): littleEndianBytes(value)
        case .int16(let value): littleEndianBytes(value)
        case .uint32(let value): littleEndianBytes(value)
        case .int32(let value): littleEndianBytes(value)
        case .float32(let value): littleEndianBytes(value.bitPattern)
        case .bool(let value): [value ? 1 : 0]
        case .string(let value): littleEndianBytes(UInt64(value.utf8.count)) + value.utf8
        case .array(let value): value.encoded
        case .uint64(let value): littleEndianBytes(value)
        case .int64(let value): littleEndianBytes(value)
        case .float64(let value): littleEndianBytes(value.bitPattern)
        }
    }
}

/// The bytes of an integer, lowest first.
func littleEndianBytes(_ value: some FixedWidthInteger) -> [UInt8] {
    stride(from: 0, to: value.bitWidth, by: 8).map { UInt8(truncatingIfNeeded: value >> $0) }
}
