import RetortKernels

/// Output matrix, softmax and next-token cross-entropy in one operation, chunk by chunk of tokens.
///
/// Neither the logits nor their gradient ever exist for more than a chunk, and tokens without a label
/// cost nothing. Gradients form in the forward pass; backward only hands them on.
///
/// Inputs: hidden states `[tokens, columns]`; the output matrix if it is trained. Outputs: the loss
/// `[1, 1]`, `scale` times the sum over supervised tokens, and each supervised token's loss.
public struct CrossEntropyHead: Operation {
    /// The label of a token that is not supervised.
    public static let ignored: Int32 = -100

    let weight: Weight
    let labels: [Int32]
    let scale: Float
    let wantsGradient: Bool
    /// Tokens in a chunk: enough that decoding the output matrix is a small part of its product.
    private static let chunk = 256

    /// Creates the operation.
    ///
    /// - Parameters:
    ///   - weight: `[vocabulary, columns]`.
    ///   - labels: Per token the id that should follow it, or ``ignored``.
    ///   - scale: One over the step's count of supervised tokens.
    ///   - wantsGradient: Whether backward will follow.
    public init(weight: Weight, labels: [Int32], scale: Float, wantsGradient: Bool) {
        self.weight = weight
        self.labels = labels
        self.scale = scale
        self.wantsGradient = wantsGradient
    }

    /// What backward hands on.
    public struct Saved {
        let supervised: [Int]
        let dhidden: Tensor?
        let dweight: Tensor?
        let tokenCount: Int
    }

    /// See ``Operation``.
    public func forward(_ inputs: [Tensor?], in workspace: Workspace) -> (
        outputs: [Tensor], saved: Saved
    ) {
        guard let hidden = inputs[0] else { preconditionFailure("hidden states are always there") }
        let kernels = workspace.kernels
        let supervised = labels.indices.filter { labels[$0] != Self.ignored }
        let losses = workspace.zeros(1, supervised.count)
        let matrix = inputs[1]?.matrix ?? weight.matrix
        precondition(
            labels.count == hidden.rowCount && hidden.columnCount == matrix.columnCount
                && supervised.allSatisfy { labels[$0] >= 0 && labels[$0] < matrix.rowCount },
            "a label per token, each a row of the output matrix")
        let dhidden =
            wantsGradient ? workspace.tensor(supervised.count, hidden.columnCount) : nil
        let dweight =
            wantsGradient && inputs[1] != nil
            ? workspace.zeros(matrix.rowCount, matrix.columnCount) : nil
        // A stride off the multiples of 4096 bytes, where stores to all rows share cache sets.
        let logits = workspace.tensor(
            min(Self.chunk, supervised.count), matrix.rowCount + 16)
        for start in stride(from: 0, to: supervised.count, by: Self.chunk) {
            let chosen = supervised[start..<min(start + Self.chunk, supervised.count)]
            let rows = workspace.tensor(chosen.count, hidden.columnCount, hidden.type)
            kernels.selectRows(hidden.rows, chosen, into: rows.rows)
            let scores = unsafe ActivationRows(
                base: logits.buffer.base, rowCount: chosen.count, columnCount: matrix.rowCount,
                stride: logits.stride, type: .float32)
            kernels.multiply(rows.rows, matrix, into: scores)
            let gradient =
                wantsGradient
                ? workspace.tensor(
                    chosen.count, matrix.rowCount,
                    dweight == nil ? workspace.activationType : .float32) : nil
            unsafe kernels.crossEntropy(
                scores, labels: chosen.map { labels[$0] }, scale: scale,
                losses: losses.floats + start, gradient: gradient?.rows)
            guard let gradient, let dhidden else { continue }
            let operand = workspace.converted(gradient, to: workspace.activationType)
            kernels.multiplyBack(
                operand.rows, matrix, into: dhidden.rows(start..<start + chosen.count), .replace)
            if let dweight {
                let left = workspace.transposed(gradient)
                kernels.multiplyOuter(left.rows, rows.rows, into: dweight.rows, .add)
            }
        }
        let sum = losses.values.reduce(0.0) { $0 + Double($1) }
        let loss = workspace.tensor([Float(sum * Double(scale))], rows: 1, columns: 1)
        let saved = Saved(
            supervised: supervised, dhidden: dhidden, dweight: dweight, tokenCount: hidden.rowCount)
        return ([loss, losses], saved)
    }

    /// See ``Operation``; the loss's own gradient is a factor, usually 1.
    public func backward(
        _ gradients: [Tensor?], saved: Saved, into inputs: InputGradients, in workspace: Workspace
    ) {
        guard let factor = gradients[0]?[0, 0] else { return }
        if let dhidden = saved.dhidden, inputs.needs(0) {
            let all = workspace.zeros(saved.tokenCount, dhidden.columnCount)
            workspace.kernels.placeRows(dhidden.rows, saved.supervised[...], into: all.rows)
            inputs.add(scaled(all, factor, in: workspace), to: 0)
        }
        if let dweight = saved.dweight {
            inputs.add(scaled(dweight, factor, in: workspace), to: 1)
        }
    }

    private func scaled(_ x: Tensor, _ factor: Float, in workspace: Workspace) -> Tensor {
        if factor == 1 { return x }
        let out = workspace.zeros(x.rowCount, x.columnCount)
        unsafe workspace.kernels.addScaled(factor, x.floats, to: out.floats, count: x.count)
        return out
    }
}
