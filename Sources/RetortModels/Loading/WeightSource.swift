import RetortFiles
import RetortTensor

/// Where a loader gets a model's parameters, under the names of the model's files.
protocol WeightSource {
    /// A parameter as a matrix; norms and biases are one row.
    ///
    /// - Parameters:
    ///   - name: Its name in the files.
    ///   - kind: What it is.
    ///   - rows: Its rows.
    ///   - columns: Its columns.
    ///   - rowMap: Where each row of the model stands in the file.
    /// - Returns: The parameter; nil if there is none of this name.
    /// - Throws: ``ModelError`` if it cannot be used.
    mutating func weight(
        _ name: String, _ kind: ParameterKind, rows: Int, columns: Int, rowMap: [Int32]?
    ) throws -> Weight?
}

/// What a parameter is.
enum ParameterKind {
    case matrix
    case norm
    case bias
}

/// The tensors of a model's files, in place.
struct StoredWeights: WeightSource {
    private let tensors: [ExactKey: StoredTensor]

    init(_ files: ModelFiles) {
        tensors = Dictionary(
            files.tensors.map { (ExactKey($0.name), $0) }, uniquingKeysWith: { first, _ in first })
    }

    func weight(
        _ name: String, _ kind: ParameterKind, rows: Int, columns: Int, rowMap: [Int32]?
    ) throws -> Weight? {
        try tensors[ExactKey(name)]?.weight(rows: rows, columns: columns, rowMap: rowMap)
    }
}
