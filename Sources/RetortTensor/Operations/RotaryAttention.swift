import RetortKernels

/// Rotary position embedding (arXiv:2104.09864) of queries and keys, then causal attention.
///
/// Inputs: q `[tokens, headCount * headSize]`, k and v `[tokens, keyValueHeadCount * headSize]`.
/// Tokens of different documents do not see one another.
public struct RotaryAttention: Operation {
    let shape: AttentionShape
    let layout: TokenLayout
    let rotary: RotaryTable?

    /// Creates the operation; a layer without rotary embedding has no table.
    public init(shape: AttentionShape, layout: TokenLayout, rotary: RotaryTable?) {
        self.shape = shape
        self.layout = layout
        self.rotary = rotary
    }

    /// What backward reads.
    public struct Saved {
        let q, k, v, out, logSums: Tensor
    }

    /// See ``Operation``.
    public func forward(_ inputs: [Tensor?], in workspace: Workspace) -> (
        outputs: [Tensor], saved: Saved
    ) {
        guard let q = inputs[0], let k = inputs[1], let v = inputs[2] else {
            preconditionFailure("three inputs")
        }
        let size = shape.headSize, keys = shape.keyValueHeadCount * size
        precondition(
            q.type == k.type && k.type == v.type && k.rowCount == q.rowCount
                && v.rowCount == q.rowCount && q.columnCount == shape.headCount * size
                && k.columnCount == keys && v.columnCount == keys
                && shape.headCount % shape.keyValueHeadCount == 0,
            "queries, keys and values have the heads of the shape")
        precondition(layout.fits(tokens: q.rowCount), "documents are ranges of the tokens")
        let rotatedQ = rotary?.apply(to: q, layout.positions, shape.headSize, in: workspace) ?? q
        let rotatedK = rotary?.apply(to: k, layout.positions, shape.headSize, in: workspace) ?? k
        let out = workspace.tensor(q.rowCount, q.columnCount, q.type)
        let logSums = workspace.tensor(q.rowCount, shape.headCount)
        unsafe workspace.kernels.attend(
            rotatedQ.rows, rotatedK.rows, v.rows, layout.documents, shape, into: out.rows,
            logSums: logSums.floats)
        return ([out], Saved(q: rotatedQ, k: rotatedK, v: v, out: out, logSums: logSums))
    }

    /// See ``Operation``.
    public func backward(
        _ gradients: [Tensor?], saved: Saved, into inputs: InputGradients, in workspace: Workspace
    ) {
        guard let dout = gradients[0] else { return }
        let q = saved.q, k = saved.k
        let dq = workspace.tensor(q.rowCount, q.columnCount)
        let operand = workspace.converted(dout, to: q.type)
        let dk = workspace.tensor(k.rowCount, k.columnCount)
        let dv = workspace.tensor(k.rowCount, k.columnCount)
        unsafe workspace.kernels.attendBack(
            q.rows, k.rows, saved.v.rows, saved.out.rows, operand.rows,
            logSums: saved.logSums.floats, layout.documents, shape, dq: dq.rows, dk: dk.rows,
            dv: dv.rows)
        for gradient in [dq, dk] {
            rotary?.turnBack(gradient, layout.positions, shape.headSize, in: workspace)
        }
        inputs.add(dq, to: 0)
        inputs.add(dk, to: 1)
        inputs.add(dv, to: 2)
    }
}

/// How the tokens of a batch belong together: documents one after another, without padding.
public struct TokenLayout: Sendable, Equatable {
    /// Position of every token in its document.
    public var positions: [Int32]
    /// Ranges of tokens that see only themselves; together they cover all.
    public var documents: [Range<Int>]

    /// Describes a batch.
    public init(positions: [Int32], documents: [Range<Int>]) {
        self.positions = positions
        self.documents = documents
    }

    /// Whether it is a layout of so many tokens: documents in order, none left over.
    func fits(tokens: Int) -> Bool {
        var end = 0
        for document in documents {
            guard document.lowerBound == end else { return false }
            end = document.upperBound
        }
        return end == tokens && positions.count == tokens
    }
}

/// Cosines and sines for every position and pair.
public struct RotaryTable {
    package let cosines: Tensor
    package let sines: Tensor
    /// Values of a head that turn.
    package let rotated: Int

    /// Wraps tables `[positions, rotated / 2]`, f32.
    package init(cosines: Tensor, sines: Tensor, rotated: Int) {
        self.cosines = cosines
        self.sines = sines
        self.rotated = rotated
    }

    package func apply(
        to x: Tensor, _ positions: [Int32], _ headSize: Int, in workspace: Workspace
    ) -> Tensor {
        let out = workspace.tensor(x.rowCount, x.columnCount, x.type)
        rotate(x, positions, headSize, inverse: false, into: out, in: workspace)
        return out
    }

    func turnBack(_ x: Tensor, _ positions: [Int32], _ headSize: Int, in workspace: Workspace) {
        rotate(x, positions, headSize, inverse: true, into: x, in: workspace)
    }

    private func rotate(
        _ x: Tensor, _ positions: [Int32], _ headSize: Int, inverse: Bool, into out: Tensor,
        in workspace: Workspace
    ) {
        precondition(
            positions.count == x.rowCount
                && positions.allSatisfy { $0 >= 0 && $0 < cosines.rowCount }
                && rotated <= headSize && x.columnCount % headSize == 0,
            "a position of the table for every token")
        unsafe workspace.kernels.rotate(
            x.rows, cosines: cosines.floats, sines: sines.floats, positions: positions,
            headSize: headSize, rotated: rotated, inverse: inverse, into: out.rows)
    }
}
