import RetortKernels

/// A matrix of numbers, `[rows, columns]`, f32 or bf16.
///
/// A value that shares its memory when copied; operations make new tensors and write only those.
/// Rows of bf16 have an even stride, padded with zero, because products read pairs.
public struct Tensor {
    package let buffer: TensorBuffer
    /// Rows: tokens, or outputs of a weight.
    public let rowCount: Int
    /// Values in a row.
    public let columnCount: Int
    /// How elements are stored.
    public let type: ElementType
    /// How the values can be computed again, where that is cheaper than keeping them.
    private(set) var recomputation: Recomputation?

    /// Elements from row to row.
    package var stride: Int { type == .bfloat16 ? (columnCount + 1) / 2 * 2 : columnCount }
    /// Elements, padding included.
    package var storedCount: Int { rowCount * stride }
    /// Elements.
    public var count: Int { rowCount * columnCount }

    init(rows: Int, columns: Int, type: ElementType, pool: BufferPool, zeroed: Bool) {
        precondition(rows >= 0 && columns >= 0)
        rowCount = rows
        columnCount = columns
        self.type = type
        let stride = type == .bfloat16 ? (columns + 1) / 2 * 2 : columns
        let bytes = rows * stride * type.bytes
        buffer = TensorBuffer(bytes: bytes, pool: pool)
        if zeroed || stride != columns {
            unsafe buffer.base.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        }
    }

    private init(_ other: Tensor, rows: Int, columns: Int) {
        buffer = other.buffer
        type = other.type
        rowCount = rows
        columnCount = columns
    }

    /// The same tensor, which operations need not keep for their backward pass.
    ///
    /// - Parameter compute: Gives the same values; it may hold only what is kept anyway.
    /// - Returns: The tensor.
    func recomputable(_ compute: @escaping () -> Tensor) -> Tensor {
        var result = self
        result.recomputation = Recomputation(compute)
        return result
    }

    /// The same f32 elements in another shape.
    public func reshaped(rows: Int, columns: Int) -> Tensor {
        precondition(rows * columns == count && stride == columnCount)
        return Tensor(self, rows: rows, columns: columns)
    }

    /// The rows as kernels read and write them.
    package var rows: ActivationRows {
        unsafe ActivationRows(
            base: buffer.base, rowCount: rowCount, columnCount: columnCount, stride: stride,
            type: type)
    }

    /// A first part of the rows.
    package func rows(_ range: Range<Int>) -> ActivationRows {
        precondition(range.lowerBound >= 0 && range.upperBound <= rowCount)
        return unsafe ActivationRows(
            base: buffer.base + range.lowerBound * stride * type.bytes, rowCount: range.count,
            columnCount: columnCount, stride: stride, type: type)
    }

    /// The f32 elements.
    package var floats: UnsafeMutablePointer<Float> {
        precondition(type == .float32)
        return unsafe buffer.base.assumingMemoryBound(to: Float.self)
    }

    /// This tensor as a stored matrix for products; the tensor must outlive its use.
    package var matrix: StoredMatrix {
        unsafe StoredMatrix(
            base: buffer.base, rowCount: rowCount, columnCount: columnCount, format: type.format,
            stride: stride * type.bytes)
    }

    /// The elements as f32, row by row.
    public var values: [Float] {
        unsafe [Float](unsafeUninitializedCapacity: count) { out, filled in
            for row in 0..<rowCount {
                for column in 0..<columnCount {
                    unsafe out[row * columnCount + column] = self[row, column]
                }
            }
            filled = count
        }
    }

    /// One f32 row.
    package func row(_ index: Int) -> [Float] {
        precondition(type == .float32 && index >= 0 && index < rowCount)
        return unsafe Array(
            UnsafeBufferPointer(start: floats + index * columnCount, count: columnCount))
    }

    /// One element, widened to f32 or rounded from it.
    public subscript(row: Int, column: Int) -> Float {
        get {
            precondition(row >= 0 && row < rowCount && column >= 0 && column < columnCount)
            let index = row * stride + column
            if type == .float32 {
                return unsafe buffer.base.load(fromByteOffset: index * 4, as: Float.self)
            }
            let bits = unsafe buffer.base.load(fromByteOffset: index * 2, as: UInt16.self)
            return Float(bitPattern: UInt32(bits) << 16)
        }
        nonmutating set {
            precondition(row >= 0 && row < rowCount && column >= 0 && column < columnCount)
            precondition(type == .float32)
            unsafe buffer.base.storeBytes(
                of: newValue, toByteOffset: (row * stride + column) * 4, as: Float.self)
        }
    }
}
