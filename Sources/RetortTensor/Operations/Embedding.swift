import RetortKernels

/// Looks up rows of a table: `[tokens, columns]`, f32.
///
/// Inputs: the table if it is trained, else nothing.
public struct Embedding: Operation {
    let table: Weight
    let ids: [Int32]

    /// Looks these ids up.
    package init(table: Weight, ids: [Int32]) {
        self.table = table
        self.ids = ids
    }

    /// See ``Operation``.
    public func forward(_ inputs: [Tensor?], in workspace: Workspace) -> (
        outputs: [Tensor], saved: Void
    ) {
        precondition(ids.allSatisfy { $0 >= 0 && $0 < table.rowCount }, "ids are rows of the table")
        let out = workspace.tensor(ids.count, table.columnCount)
        workspace.kernels.gather(inputs[0]?.matrix ?? table.matrix, ids, into: out.rows)
        return ([out], ())
    }

    /// See ``Operation``.
    public func backward(
        _ gradients: [Tensor?], saved: Void, into inputs: InputGradients, in workspace: Workspace
    ) {
        guard let dy = gradients[0],
            let dw = inputs.sum(0, rows: table.rowCount, columns: table.columnCount)
        else { return }
        let wide = workspace.converted(dy, to: .float32)
        unsafe workspace.kernels.scatterAdd(wide.rows, ids, into: dw.floats)
    }
}
