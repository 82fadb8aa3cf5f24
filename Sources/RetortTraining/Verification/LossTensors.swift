import RetortFiles

/// The tensors of a loss's case, checked as they are read.
package struct LossTensors {
    private let file: SafetensorsFile

    package init(_ path: String) throws { file = try SafetensorsFile(path) }

    package var path: String { file.file.path }

    /// Whether the file has a tensor.
    package func has(_ name: String) -> Bool { file.tensor(named: name) != nil }

    private func bytes(
        _ name: String, _ type: SafetensorsType
    ) throws(LossCheckError) -> SafetensorsTensor {
        guard let tensor = file.tensor(named: name), tensor.type == type else {
            throw .badTensor(path, name)
        }
        return tensor
    }

    /// An f32 tensor of some rank, no dimension of which is 0.
    package func floats(
        _ name: String, rank: Int
    ) throws(LossCheckError) -> (values: [Float], shape: [Int]) {
        let tensor = try bytes(name, .float32)
        guard tensor.shape.count == rank, tensor.byteCount > 0 else {
            throw .badTensor(path, name)
        }
        let values = tensor.withBytes { bytes in
            (0..<tensor.byteCount / 4).map {
                unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 4 * $0, as: Float.self)
            }
        }
        return (values, tensor.shape)
    }

    /// An f32 tensor of a shape.
    package func floats(_ name: String, shape: [Int]) throws(LossCheckError) -> [Float] {
        let found = try floats(name, rank: shape.count)
        guard found.shape == shape else { throw .badTensor(path, name) }
        return found.values
    }

    private func integers(
        _ name: String
    ) throws(LossCheckError) -> (values: [Int], shape: [Int]) {
        let tensor = try bytes(name, .int64)
        let values = tensor.withBytes { bytes in
            (0..<tensor.byteCount / 8).map {
                unsafe Int(bytes.unsafeLoadUnaligned(fromByteOffset: 8 * $0, as: Int64.self))
            }
        }
        return (values, tensor.shape)
    }

    /// The labels, -100 where a row is not supervised.
    ///
    /// - Parameters:
    ///   - rows: Their number.
    ///   - vocabulary: They are below it; nil where they serve as a mask only.
    /// - Returns: The labels.
    /// - Throws: ``LossCheckError``.
    package func labels(rows: Int, vocabulary: Int?) throws(LossCheckError) -> [Int32] {
        let found = try integers("labels")
        let limit = vocabulary ?? Int(Int32.max)
        guard found.shape == [rows],
            found.values.allSatisfy({ $0 == -100 || $0 >= 0 && $0 < limit })
        else { throw .badTensor(path, "labels") }
        return found.values.map { Int32($0) }
    }

    /// Token ids, a row per supervised or unsupervised row of the case.
    package func ids(
        _ name: String, rows: Int, vocabulary: Int
    ) throws(LossCheckError) -> (ids: [Int32], width: Int) {
        let found = try integers(name)
        guard found.shape.count == 2, found.shape[0] == rows, found.shape[1] > 0,
            found.values.allSatisfy({ $0 >= 0 && $0 < vocabulary })
        else { throw .badTensor(path, name) }
        return (found.values.map { Int32($0) }, found.shape[1])
    }
}
