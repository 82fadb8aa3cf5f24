import RetortKernels

/// Divergence of a student's attention from its teacher's (MiniLM, arXiv:2002.10957).
///
/// Per head KL(teacher's weights ‖ student's weights), averaged over the heads. Inputs: the student's
/// queries and keys of a layer, before rotary embedding, as ``RotaryAttention`` takes them. Outputs:
/// the loss `[1, 1]`, `scale` times the sum over the queries that count, and `[1, tokens]`, the
/// divergence of each. One head of one document at a time has its weights in memory.
public struct AttentionMatch: Operation {
    let shape: AttentionShape
    let layout: TokenLayout
    let rotary: RotaryTable?
    let teacher: AttentionQueries
    let tokens: [Int]
    let scale: Float

    /// A teacher's queries and keys of a layer, rotated.
    public struct AttentionQueries {
        let q, k: Tensor
        let shape: AttentionShape

        /// Rotates queries and keys.
        ///
        /// - Parameters:
        ///   - q: `[tokens, headCount * headSize]`.
        ///   - k: `[tokens, keyValueHeadCount * headSize]`.
        ///   - shape: The layer's heads.
        ///   - rotary: Its rotary embedding.
        ///   - positions: Of the tokens.
        ///   - workspace: Memory and kernels.
        public init(
            _ q: Tensor, _ k: Tensor, _ shape: AttentionShape, _ rotary: RotaryTable?,
            _ positions: [Int32], in workspace: Workspace
        ) {
            self.q = rotary?.apply(to: q, positions, shape.headSize, in: workspace) ?? q
            self.k = rotary?.apply(to: k, positions, shape.headSize, in: workspace) ?? k
            self.shape = shape
        }
    }

    /// Creates the operation.
    ///
    /// - Parameters:
    ///   - shape: The student's heads, as many as the teacher's.
    ///   - layout: Positions and documents of the batch.
    ///   - rotary: The student's rotary embedding of this layer.
    ///   - teacher: What the teacher attends with.
    ///   - tokens: The queries that count.
    ///   - scale: One over the step's count of such queries, times the loss's weight.
    public init(
        shape: AttentionShape, layout: TokenLayout, rotary: RotaryTable?,
        teacher: AttentionQueries, tokens: [Int], scale: Float
    ) {
        precondition(shape.headCount == teacher.shape.headCount, "as many heads as the teacher")
        self.shape = shape
        self.layout = layout
        self.rotary = rotary
        self.teacher = teacher
        self.tokens = tokens
        self.scale = scale
    }

    /// See ``Operation``; what is saved are the gradients of queries and keys.
    public func forward(_ inputs: [Tensor?], in workspace: Workspace) -> (
        outputs: [Tensor], saved: [Tensor]
    ) {
        guard let q = inputs[0], let k = inputs[1] else { preconditionFailure("two inputs") }
        let own = AttentionQueries(q, k, shape, rotary, layout.positions, in: workspace)
        let losses = workspace.zeros(1, q.rowCount)
        let dq = workspace.zeros(q.rowCount, q.columnCount)
        let dk = workspace.zeros(k.rowCount, k.columnCount)
        let counts = Set(tokens)
        for document in layout.documents where !document.isEmpty {
            let counted = document.map(counts.contains)
            for head in 0..<shape.headCount {
                let (scores, other) = (
                    own.scores(head, document, in: workspace),
                    teacher.scores(head, document, in: workspace)
                )
                let gradient = unsafe AttentionDivergence(
                    counted: counted, scale: scale / Float(shape.headCount),
                    share: 1 / Float(shape.headCount)
                ).evaluate(
                    scores, other, losses: losses.floats + document.lowerBound,
                    in: workspace)
                own.back(gradient, head, document, dq: dq, dk: dk, in: workspace)
            }
        }
        for gradient in [dq, dk] {
            rotary?.turnBack(gradient, layout.positions, shape.headSize, in: workspace)
        }
        let total = workspace.tensor(
            [Float(losses.sum(ofRow: 0) * Double(scale))], rows: 1, columns: 1)
        return ([total, losses], [dq, dk])
    }

    /// See ``Operation``; the loss's own gradient is a factor, usually 1.
    public func backward(
        _ gradients: [Tensor?], saved: [Tensor], into inputs: InputGradients,
        in workspace: Workspace
    ) {
        guard let factor = gradients[0]?[0, 0] else { return }
        inputs.add(workspace.scaled(saved[0], by: factor), to: 0)
        inputs.add(workspace.scaled(saved[1], by: factor), to: 1)
    }
}

/// The divergence of one head's causal attention weights, a row per query.
package struct AttentionDivergence {
    /// Which queries count.
    let counted: [Bool]
    /// Factor of the gradient.
    let scale: Float
    /// The head's share in a query's loss.
    let share: Float

    package init(counted: [Bool], scale: Float, share: Float) {
        self.counted = counted
        self.scale = scale
        self.share = share
    }

    /// Adds each query's loss and gives the gradient of the student's scores.
    ///
    /// - Parameters:
    ///   - student: `[n, n]` scores, f32; used up.
    ///   - teacher: The teacher's; used up.
    ///   - losses: `[n]`, added to.
    ///   - workspace: Memory and kernels.
    /// - Returns: `[n, n]`, zero where a query does not see or does not count.
    package func evaluate(
        _ student: Tensor, _ teacher: Tensor, losses: UnsafeMutablePointer<Float>,
        in workspace: Workspace
    ) -> Tensor {
        let gradient = workspace.tensor(student.rowCount, student.columnCount)
        workspace.kernels.eachLogitRow(student.rows, gradient: gradient.rows) {
            [counted, scale, share] index, row in
            guard counted[index] else { return }
            unsafe losses[index] +=
                share
                * row.prefix(index + 1).divergence(
                    from: teacher.floats + index * teacher.columnCount, .forwardKL,
                    temperature: 1, scale: scale)
        }
        return gradient
    }
}

extension AttentionMatch.AttentionQueries {
    /// Queries of a head, and the keys it reads.
    private func parts(_ head: Int, _ document: Range<Int>) -> (
        q: ActivationRows, k: ActivationRows
    ) {
        let group = head / (shape.headCount / shape.keyValueHeadCount)
        return (
            q.rows(document).columns(at: head * shape.headSize, shape.headSize),
            k.rows(document).columns(at: group * shape.headSize, shape.headSize)
        )
    }

    /// `[n, n]`: every query with every key, scaled.
    fileprivate func scores(_ head: Int, _ document: Range<Int>, in workspace: Workspace) -> Tensor
    {
        let (q, k) = parts(head, document)
        let scores = workspace.tensor(document.count, document.count)
        workspace.kernels.multiply(q, k.matrix, into: scores.rows)
        let scaled = workspace.zeros(document.count, document.count)
        unsafe workspace.kernels.addScaled(
            shape.scale, scores.floats, to: scaled.floats, count: scores.count)
        return scaled
    }

    /// Adds `scale · dS · k` to the queries' gradient and `scale · dSᵀ · q` to the keys'.
    fileprivate func back(
        _ gradient: Tensor, _ head: Int, _ document: Range<Int>, dq: Tensor, dk: Tensor,
        in workspace: Workspace
    ) {
        let (q, k) = parts(head, document)
        let (dqRows, dkRows) = Self(dq, dk, shape).parts(head, document)
        let scaled = workspace.zeros(gradient.rowCount, gradient.columnCount)
        unsafe workspace.kernels.addScaled(
            shape.scale, gradient.floats, to: scaled.floats, count: gradient.count)
        let operand = workspace.converted(scaled, to: q.type)
        workspace.kernels.multiplyBack(operand.rows, k.matrix, into: dqRows, .add)
        let turned = workspace.transposed(scaled.rows)
        workspace.kernels.multiplyOuter(turned.rows, q, into: dkRows, .add)
    }

    private init(_ q: Tensor, _ k: Tensor, _ shape: AttentionShape) {
        self.q = q
        self.k = k
        self.shape = shape
    }
}
