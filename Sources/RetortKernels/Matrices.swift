/// A matrix in a storage format, somewhere in memory that its owner keeps.
@safe public struct StoredMatrix: @unchecked Sendable {
    /// The first row.
    public let base: UnsafeRawPointer
    /// Rows, outputs of a linear layer.
    public let rowCount: Int
    /// Columns, its inputs.
    public let columnCount: Int
    /// How values are kept.
    public let format: StorageFormat
    /// Bytes from row to row.
    public let stride: Int
    /// Where each row stands in storage, if the order differs.
    public let rowMap: UnsafePointer<Int32>?

    /// Describes a matrix; the caller has checked that its bytes are there.
    public init(
        base: UnsafeRawPointer, rowCount: Int, columnCount: Int, format: StorageFormat, stride: Int,
        rowMap: UnsafePointer<Int32>? = nil
    ) {
        self.base = base
        self.rowCount = rowCount
        self.columnCount = columnCount
        self.format = format
        self.stride = stride
        self.rowMap = rowMap
    }

    var rows: MatrixRows { MatrixRows(base: base, stride: stride, map: rowMap, format: format) }
}

/// Rows of activations; for bf16 the stride is even and what follows a row's odd end is finite.
@safe public struct ActivationRows {
    /// The first row.
    public let base: UnsafeMutableRawPointer
    /// Number of rows.
    public let rowCount: Int
    /// Values in a row.
    public let columnCount: Int
    /// Elements from row to row.
    public let stride: Int
    /// How elements are stored.
    public let type: ElementType

    /// Describes rows; the caller has checked that the memory is there.
    public init(
        base: UnsafeMutableRawPointer, rowCount: Int, columnCount: Int, stride: Int? = nil,
        type: ElementType
    ) {
        self.base = base
        self.rowCount = rowCount
        self.columnCount = columnCount
        self.stride = stride ?? columnCount
        self.type = type
    }

    var byteStride: Int { stride * type.bytes }
    var isBF16: Bool { type == .bfloat16 }
    /// Words of the reduction along a row.
    var words: Int { isBF16 ? (columnCount + 1) / 2 : columnCount }
    var rows: MatrixRows {
        MatrixRows(base: base, stride: byteStride, map: nil, format: type.format)
    }
    func row(_ index: Int) -> UnsafeMutableRawPointer { base + index * byteStride }

    /// Some neighbouring columns of every row; for bf16 the first must be even.
    public func columns(at first: Int, _ count: Int) -> ActivationRows {
        precondition(first >= 0 && first + count <= stride && (!isBF16 || first % 2 == 0))
        return ActivationRows(
            base: base + first * type.bytes, rowCount: rowCount, columnCount: count,
            stride: stride, type: type)
    }

    /// The rows as a stored matrix for products.
    public var matrix: StoredMatrix {
        StoredMatrix(
            base: base, rowCount: rowCount, columnCount: columnCount, format: type.format,
            stride: byteStride)
    }
}

/// What a product does with what already stands in its result.
public enum Accumulation: Sendable {
    /// Replaces it.
    case replace
    /// Adds to it (f32 results only).
    case add
}
