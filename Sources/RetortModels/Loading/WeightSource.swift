import RetortFiles
import RetortTensor

/// Where a loader gets a model's parameters.
protocol WeightSource {
    /// A parameter as a matrix in the model's order; norms and biases are one row.
    ///
    /// - Parameter wanted: Which one.
    /// - Returns: The parameter; nil if there is none of this name.
    /// - Throws: ``ModelError`` if it cannot be used.
    mutating func weight(_ wanted: WantedParameter) throws -> Weight?
}

/// A parameter that a loader looks for.
struct WantedParameter {
    /// Its name in the model's files.
    let name: String
    /// What it is.
    let kind: ParameterKind
    /// The layer of the decoder that it belongs to.
    let layer: Int
    /// What its rows are; of a bias, what its values are.
    let outputs: Axis
    /// What its columns are; of a norm, what its values are.
    let inputs: Axis
    /// How many rows.
    var rows: Int
    /// How many columns.
    var columns: Int
    /// The size of a head where the files keep its rows as interleaved rotary pairs.
    let pairedHeadSize: Int?

    /// Where each row, or value of a bias, stands in the files; nil for the model's order.
    var rowMap: [Int32]? {
        pairedHeadSize.map {
            RowOrder.interleaved(rows: kind == .bias ? columns : rows, headSize: $0)
        }
    }
}

/// What a parameter is.
enum ParameterKind {
    case matrix
    case norm
    case bias
}

/// What the rows or columns of parameters stand for.
enum Axis {
    /// Tokens.
    case vocabulary
    /// Channels of the residual stream.
    case hidden
    /// The values of all query heads.
    case queries
    /// The values of all key heads, or of all value heads.
    case keys
    /// Channels inside the feed-forward block.
    case inner
}

extension DecoderDescription {
    /// How many rows or columns there are of a kind.
    func size(of axis: Axis, layer: Int) -> Int {
        let attention = layers[layer].attention
        return switch axis {
        case .vocabulary: vocabularySize
        case .hidden: hiddenSize
        case .queries: attention.headCount * attention.headSize
        case .keys: attention.keyValueHeadCount * attention.headSize
        case .inner: layers[layer].feedForward.innerSize
        }
    }
}

/// The tensors of a model's files, in place.
struct StoredWeights: WeightSource {
    private let tensors: [ExactKey: StoredTensor]
    private let workspace: Workspace

    init(_ files: ModelFiles, workspace: Workspace) {
        self.workspace = workspace
        tensors = Dictionary(
            files.tensors.map { (ExactKey($0.name), $0) }, uniquingKeysWith: { first, _ in first })
    }

    func weight(_ wanted: WantedParameter) throws -> Weight? {
        guard let tensor = tensors[ExactKey(wanted.name)] else { return nil }
        let isBias = wanted.kind == .bias
        let weight = try tensor.weight(
            rows: wanted.rows, columns: wanted.columns, rowMap: isBias ? nil : wanted.rowMap)
        guard isBias, let map = wanted.rowMap else { return weight }
        let values = workspace.widened(weight).values
        return Weight(
            workspace.tensor(map.map { values[Int($0)] }, rows: 1, columns: map.count))
    }
}
