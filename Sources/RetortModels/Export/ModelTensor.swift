import RetortKernels
import RetortTensor

/// One parameter of a model as it is now: stored, trained, or with an adapter to be merged.
///
/// Biases and norms count as rows of one value, so that rows can be put in another order alike.
struct ModelTensor {
    /// Its name in a Hugging Face folder.
    let huggingFaceName: String
    /// Its name in a GGUF file.
    let ggufName: String
    /// Its name in the files of the model, where a student's layers have other numbers.
    let storedName: String
    /// As files give it.
    let shape: [Int]
    /// For every row of a GGUF file the row of the model, if the order differs.
    let ggufOrder: [Int32]?
    /// How the base stores it.
    let baseFormat: StorageFormat
    /// Whether it is the embedding or the output matrix.
    let isVocabulary: Bool
    private let weight: Weight
    /// What is to be merged into it.
    let adapter: LowRankAdapter?
    private let isTrained: Bool

    /// A matrix, a norm or a bias.
    ///
    /// - Parameters:
    ///   - names: Its names without `weight` or `bias`.
    ///   - part: `weight` or `bias`.
    ///   - weight: Its values, `[rows, columns]`; of one column for norms and biases.
    ///   - trained: What was trained in its place.
    ///   - adapter: What is to be merged into it.
    ///   - isMatrix: Whether it is neither norm nor bias.
    ///   - isVocabulary: Whether it is the embedding or the output matrix.
    ///   - baseFormat: How the base stores it.
    init(
        _ names: (huggingFace: String, gguf: String, stored: String, order: [Int32]?),
        _ part: String, _ weight: Weight, trained: Parameter?, adapter: LowRankAdapter? = nil,
        isMatrix: Bool,
        isVocabulary: Bool = false, baseFormat: StorageFormat
    ) {
        huggingFaceName = "\(names.huggingFace).\(part)"
        ggufName = "\(names.gguf).\(part)"
        storedName = "\(names.stored).\(part)"
        ggufOrder = names.order
        self.baseFormat = baseFormat
        self.isVocabulary = isVocabulary
        self.adapter = adapter
        isTrained = trained != nil
        shape = isMatrix ? [weight.rowCount, weight.columnCount] : [weight.rowCount]
        self.weight = trained.map { Weight(isMatrix ? $0.value : $0.value.standing) } ?? weight
    }

    var rowCount: Int { shape[0] }
    var columnCount: Int { shape.count == 2 ? shape[1] : 1 }
    var isMatrix: Bool { shape.count == 2 }
    var count: Int { rowCount * columnCount }

    /// Whether its rows can be copied as they lie.
    func isStored(as format: StorageFormat) -> Bool {
        adapter == nil && !isTrained && weight.format == format
    }

    /// Rows in f32 without the adapter.
    func baseValues(_ rows: [Int32], in workspace: Workspace) -> Tensor {
        let out = workspace.tensor(rows.count, columnCount)
        workspace.kernels.gather(weight.matrix, rows, into: out.rows)
        return out
    }

    /// Rows in f32, with the adapter merged: `W + scale · B A`.
    func values(_ rows: [Int32], in workspace: Workspace) -> Tensor {
        let out = baseValues(rows, in: workspace)
        guard let adapter else { return out }
        let b = workspace.tensor(rows.count, adapter.b.value.columnCount)
        workspace.kernels.gather(adapter.b.value.matrix, rows, into: b.rows)
        workspace.kernels.multiplyBack(
            b.scaled(by: adapter.scale, in: workspace).rows, adapter.a.value.matrix,
            into: out.rows, .add)
        return out
    }

    /// The stored rows on whose steps a small change is merged, which their blocks would else round
    /// away; nil where nothing small is merged into blocks.
    func ditherBase(
        _ rows: [Int32], as format: StorageFormat, in workspace: Workspace
    ) -> [UInt8]? {
        guard adapter != nil, !isTrained, !format.isFloat, weight.format == format else {
            return nil
        }
        return workspace.kernels.storedRows(weight.matrix, rows)
    }

    /// Rows in a storage format: as they lie, where nothing changes them.
    func stored(
        _ rows: [Int32], as format: StorageFormat, in workspace: Workspace
    ) throws(UnstorableValue) -> [UInt8] {
        if isStored(as: format) {
            return workspace.kernels.storedRows(weight.matrix, rows)
        }
        let values = values(rows, in: workspace)
        guard let base = ditherBase(rows, as: format, in: workspace) else {
            return try workspace.kernels.encode(values.rows, as: format)
        }
        return try workspace.kernels.encodeDithered(
            values.rows, near: base, numbers: rows, as: format, key: ditherKey)
    }

    /// Rounding is the same at every export; each tensor has random numbers of its own.
    private var ditherKey: PhiloxKey {
        RandomStream(seed: 0, .rounding).key(
            huggingFaceName.utf8.reduce(0xcbf2_9ce4_8422_2325) {
                ($0 ^ UInt64($1)) &* 0x100_0000_01b3
            })
    }

    /// Runs over all rows in parts of about a million values.
    ///
    /// - Parameters:
    ///   - order: Which row comes when; nil for the model's order.
    ///   - body: Gets the rows of a part.
    func forEachPart(
        order: [Int32]? = nil, _ body: (_ first: Int, _ rows: [Int32]) throws -> Void
    ) rethrows {
        let size = max(1, (1 << 20) / max(1, columnCount))
        for first in stride(from: 0, to: rowCount, by: size) {
            let range = first..<min(first + size, rowCount)
            try body(first, order.map { Array($0[range]) } ?? range.map { Int32($0) })
        }
    }
}

extension Tensor {
    /// One row as a column.
    var standing: Tensor { reshaped(rows: count, columns: 1) }

    /// The elements times a factor.
    func scaled(by factor: Float, in workspace: Workspace) -> Tensor {
        let result = workspace.zeros(rowCount, columnCount)
        unsafe workspace.kernels.addScaled(factor, floats, to: result.floats, count: count)
        return result
    }
}
