import RetortKernels
import RetortTensor

/// The parameters of a student: those of its model, with the rows and columns that are kept.
///
/// What loses nothing stays where it lies.
struct SlicedWeights: WeightSource {
    private var base: any WeightSource
    private let plan: StudentPlan
    private let whole: DecoderDescription
    private let workspace: Workspace

    /// Prepares slicing.
    ///
    /// - Parameters:
    ///   - base: The model's parameters.
    ///   - plan: What is kept.
    ///   - whole: What the model computes.
    ///   - workspace: Where slices are kept.
    init(
        _ base: any WeightSource, _ plan: StudentPlan, of whole: DecoderDescription,
        workspace: Workspace
    ) {
        self.base = base
        self.plan = plan
        self.whole = whole
        self.workspace = workspace
    }

    mutating func weight(_ wanted: WantedParameter) throws -> Weight? {
        let rows = wanted.kind == .matrix ? kept(wanted.outputs, wanted.layer) : nil
        let columns = kept(wanted.inputs, wanted.layer)
        guard rows != nil || columns != nil else { return try base.weight(wanted) }
        var all = wanted
        let layer = plan.layers[wanted.layer]
        if rows != nil { all.rows = whole.size(of: wanted.outputs, layer: layer) }
        if columns != nil { all.columns = whole.size(of: wanted.inputs, layer: layer) }
        guard let weight = try base.weight(all) else { return nil }
        return Weight(
            workspace.sliced(
                weight, rows: rows, columns: columns,
                as: wanted.kind == .matrix ? plan.sliceType : .float32))
    }

    /// The indices that are kept along an axis of a layer of the student; nil for all.
    private func kept(_ axis: Axis, _ layer: Int) -> [Int]? {
        switch axis {
        case .vocabulary: nil
        case .hidden: plan.hidden
        case .queries: plan.heads.map { values(of: $0[layer].queries, layer) }
        case .keys: plan.heads.map { values(of: $0[layer].keyValues, layer) }
        case .inner: plan.inner.map { $0[layer] }
        }
    }

    /// The values of some heads.
    private func values(of heads: [Int], _ layer: Int) -> [Int] {
        let size = whole.layers[plan.layers[layer]].attention.headSize
        return heads.flatMap { $0 * size..<($0 + 1) * size }
    }
}

extension Workspace {
    /// Some rows and columns of a weight, dequantized; nil keeps all.
    func sliced(_ weight: Weight, rows: [Int]?, columns: [Int]?, as type: ElementType) -> Tensor {
        let rows = rows ?? Array(0..<weight.rowCount)
        let width = weight.columnCount
        let out = tensor(rows.count, columns?.count ?? width, type)
        let size = max(1, (1 << 20) / max(1, width))
        for first in stride(from: 0, to: rows.count, by: size) {
            let part = first..<min(first + size, rows.count)
            let all = tensor(part.count, width)
            kernels.gather(weight.matrix, rows[part].map { Int32($0) }, into: all.rows)
            kernels.convert(selected(columns, of: all).rows, into: out.rows(part))
        }
        return out
    }

    private func selected(_ columns: [Int]?, of all: Tensor) -> Tensor {
        guard let columns else { return all }
        let values = all.values, width = all.columnCount
        var kept: [Float] = []
        kept.reserveCapacity(all.rowCount * columns.count)
        for row in 0..<all.rowCount {
            for column in columns { kept.append(values[row * width + column]) }
        }
        return tensor(kept, rows: all.rowCount, columns: columns.count)
    }
}
