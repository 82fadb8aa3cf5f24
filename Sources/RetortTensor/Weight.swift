import RetortKernels

/// A matrix where it lies: in a mapped file, in any storage format, or in a tensor.
public struct Weight {
    package let matrix: StoredMatrix
    /// Keeps the memory.
    private let owner: AnyObject

    /// Describes a matrix in memory that `owner` keeps.
    package init(_ matrix: StoredMatrix, owner: AnyObject) {
        self.matrix = matrix
        self.owner = owner
    }

    /// The matrix of an f32 tensor.
    public init(_ tensor: Tensor) {
        matrix = tensor.matrix
        owner = tensor.buffer
    }

    /// Outputs.
    public var rowCount: Int { matrix.rowCount }
    /// Inputs.
    public var columnCount: Int { matrix.columnCount }
    /// How values are stored.
    public var format: StorageFormat { matrix.format }
}
