import RetortFiles
import RetortKernels
import RetortTensor

/// A tensor of a model file: where its bytes lie and what they mean.
package struct StoredTensor: Sendable {
    package let name: String
    /// Outermost first.
    package let shape: [Int]
    /// nil where Retort does not read the type.
    package let format: StorageFormat?
    /// The type as the file calls it.
    package let typeName: String
    package let file: MappedFile
    package let offset: Int
    package let byteCount: Int
}

/// A weight's memory: the mapped file, and the order of its rows where that differs.
@safe final class WeightOwner {
    let file: MappedFile
    let rowMap: UnsafeMutableBufferPointer<Int32>?

    init(file: MappedFile, rowMap: [Int32]?) {
        self.file = file
        unsafe self.rowMap = rowMap.map { map in
            let buffer = UnsafeMutableBufferPointer<Int32>.allocate(capacity: map.count)
            _ = unsafe buffer.initialize(from: map)
            return unsafe buffer
        }
    }

    deinit { unsafe rowMap?.deallocate() }
}

extension StoredTensor {
    /// The tensor as a weight, in place.
    ///
    /// - Parameters:
    ///   - rows: Its rows, checked against the file.
    ///   - columns: Its columns.
    ///   - rowMap: Where each row of the model stands in the file.
    /// - Returns: The weight, which keeps the file mapped.
    /// - Throws: ``ModelError`` if shape or type do not fit.
    func weight(rows: Int, columns: Int, rowMap: [Int32]? = nil) throws -> Weight {
        let expected = shape.count == 1 ? [columns] : [rows, columns]
        guard shape == expected, shape.count == 2 || rows == 1 else {
            throw ModelError.wrongShape(
                path: file.path, tensor: name, found: shape,
                expected: rows == 1 ? [columns] : [rows, columns])
        }
        guard let format else {
            throw ModelError.unsupportedType(path: file.path, tensor: name, type: typeName)
        }
        guard let stride = format.rowBytes(columns), stride * rows <= byteCount else {
            throw ModelError.badKey(
                path: file.path, key: name,
                reason: "has rows of \(columns) values, which blocks of \(typeName) do not fill")
        }
        let owner = WeightOwner(file: file, rowMap: rowMap)
        guard let start = unsafe file.bytes.baseAddress else {
            throw ModelError.notAModel(path: file.path)
        }
        let matrix = unsafe StoredMatrix(
            base: start + offset, rowCount: rows, columnCount: columns, format: format,
            stride: stride, rowMap: UnsafePointer(owner.rowMap?.baseAddress))
        return Weight(matrix, owner: owner)
    }
}

extension Workspace {
    /// A whole weight widened to f32: for norms, biases, and matrices that are trained.
    package func widened(_ weight: Weight) -> Tensor {
        let out = tensor(weight.rowCount, weight.columnCount)
        kernels.gather(weight.matrix, (0..<Int32(weight.rowCount)).map { $0 }, into: out.rows)
        return out
    }
}

extension StoredTensor {
    /// Checks that the tensor has the shape and type of another.
    ///
    /// - Parameter other: That one.
    /// - Throws: ``ModelError``.
    package func check(like other: NamedTensor) throws(ModelError) {
        guard shape == other.shape else {
            throw .wrongShape(path: file.path, tensor: name, found: shape, expected: other.shape)
        }
        guard typeName == other.type.rawValue, byteCount == other.byteCount else {
            throw .unsupportedType(path: file.path, tensor: name, type: typeName)
        }
    }

    /// Copies the bytes into a tensor of the same shape and type.
    package func copy(into other: NamedTensor) {
        precondition(byteCount == other.byteCount)
        file.withBytes(offset..<offset + byteCount) { bytes in
            unsafe bytes.withUnsafeBytes { unsafe other.memory.copyMemory(from: $0) }
        }
    }
}
