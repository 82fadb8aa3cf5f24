import RetortKernels

/// Where tensors live and operations run: kernels, memory, and the precision of activations.
public final class Workspace {
    /// The arithmetic.
    public let kernels: Kernels
    /// The memory.
    public let pool: BufferPool
    /// How matrix inputs and saved activations are stored.
    public let activationType: ElementType
    /// Where the time of steps goes; nil where nobody asks.
    public var profile: StepProfile?

    /// Creates a workspace.
    public init(kernels: Kernels, activationType: ElementType, pool: BufferPool = BufferPool()) {
        self.kernels = kernels
        self.activationType = activationType
        self.pool = pool
    }

    /// A tensor whose content is undefined.
    package func tensor(_ rows: Int, _ columns: Int, _ type: ElementType = .float32) -> Tensor {
        Tensor(rows: rows, columns: columns, type: type, pool: pool, zeroed: false)
    }

    /// A tensor of zeros.
    public func zeros(_ rows: Int, _ columns: Int, _ type: ElementType = .float32) -> Tensor {
        Tensor(rows: rows, columns: columns, type: type, pool: pool, zeroed: true)
    }

    /// An f32 tensor of these values, row by row.
    public func tensor(_ values: [Float], rows: Int, columns: Int) -> Tensor {
        precondition(values.count == rows * columns)
        let result = tensor(rows, columns)
        unsafe values.withUnsafeBytes {
            if let base = $0.baseAddress {
                unsafe result.buffer.base.copyMemory(from: base, byteCount: $0.count)
            }
        }
        return result
    }

    /// A copy with memory of its own, of another type if asked.
    package func copy(_ tensor: Tensor, as type: ElementType? = nil) -> Tensor {
        let result = self.tensor(tensor.rowCount, tensor.columnCount, type ?? tensor.type)
        kernels.convert(tensor.rows, into: result.rows)
        return result
    }

    /// The tensor itself if it has this type, else a converted copy.
    package func converted(_ tensor: Tensor, to type: ElementType) -> Tensor {
        tensor.type == type ? tensor : copy(tensor, as: type)
    }

    /// Rows of f32 or bf16 as the transposed left operand of an outer product.
    package func transposed(_ source: ActivationRows) -> ActivationOperand {
        let stride = (source.rowCount + 31) / 32 * 32
        let result = self.tensor(source.columnCount, stride, activationType)
        let rows = unsafe ActivationRows(
            base: result.buffer.base, rowCount: source.columnCount, columnCount: source.rowCount,
            stride: stride, type: activationType)
        kernels.transpose(source, into: rows)
        return ActivationOperand(tensor: result, rows: rows)
    }
}

/// Rows together with the tensor that keeps their memory.
package struct ActivationOperand {
    package let tensor: Tensor
    package let rows: ActivationRows
}
