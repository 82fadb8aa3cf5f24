import RetortKernels

/// Output matrix and a loss of logits in one operation, chunk by chunk of tokens.
///
/// Neither the logits nor their gradient ever exist for more than a chunk, and tokens without a part
/// in the loss cost nothing. Gradients form in the forward pass; backward only hands them on.
///
/// Inputs: hidden states `[tokens, columns]`; the output matrix if it is trained. Outputs: the loss
/// `[1, 1]`, and `[parts, tokens of the loss]`, each part of each token before scaling.
public struct LossHead<Loss: LogitLoss>: Operation {
    let weight: Weight
    let loss: Loss
    let wantsGradient: Bool

    /// Creates the operation.
    ///
    /// - Parameters:
    ///   - weight: `[vocabulary, columns]`.
    ///   - loss: What to compute of the logits.
    ///   - wantsGradient: Whether backward will follow.
    public init(weight: Weight, loss: Loss, wantsGradient: Bool) {
        self.weight = weight
        self.loss = loss
        self.wantsGradient = wantsGradient
    }

    /// What backward hands on.
    public struct Saved {
        let tokens: [Int]
        let dhidden: Tensor?
        let dweight: Tensor?
        let tokenCount: Int
    }

    /// See ``Operation``.
    public func forward(_ inputs: [Tensor?], in workspace: Workspace) -> (
        outputs: [Tensor], saved: Saved
    ) {
        guard let hidden = inputs[0] else { preconditionFailure("hidden states are always there") }
        let kernels = workspace.kernels, tokens = loss.tokens
        let losses = workspace.zeros(loss.scales.count, tokens.count)
        let matrix = inputs[1]?.matrix ?? weight.matrix
        precondition(
            hidden.columnCount == matrix.columnCount
                && tokens.allSatisfy { $0 >= 0 && $0 < hidden.rowCount },
            "tokens have hidden states, as wide as the output matrix")
        let dhidden = wantsGradient ? workspace.tensor(tokens.count, hidden.columnCount) : nil
        let dweight =
            wantsGradient && inputs[1] != nil
            ? workspace.zeros(matrix.rowCount, matrix.columnCount) : nil
        let chunks = loss.chunks(columns: matrix.rowCount)
        let logits = LogitChunk(
            rows: chunks.first?.count ?? 0, columns: matrix.rowCount, in: workspace)
        for chunk in chunks {
            let rows = workspace.rows(of: hidden, tokens[chunk])
            let scores = logits.rows(chunk.count)
            kernels.multiply(rows.rows, matrix, into: scores)
            let gradient =
                wantsGradient ? logits.rows(chunk.count, as: workspace.activationType) : nil
            loss.evaluate(scores, chunk, gradient: gradient, losses: losses, in: workspace)
            guard let gradient, let dhidden else { continue }
            kernels.multiplyBack(gradient, matrix, into: dhidden.rows(chunk), .replace)
            if let dweight {
                let left = workspace.transposed(gradient)
                kernels.multiplyOuter(left.rows, rows.rows, into: dweight.rows, .add)
            }
        }
        let saved = Saved(
            tokens: tokens, dhidden: dhidden, dweight: dweight, tokenCount: hidden.rowCount)
        return ([loss.total(losses, in: workspace), losses], saved)
    }

    /// See ``Operation``; the loss's own gradient is a factor, usually 1.
    public func backward(
        _ gradients: [Tensor?], saved: Saved, into inputs: InputGradients, in workspace: Workspace
    ) {
        guard let factor = gradients[0]?[0, 0] else { return }
        if let dhidden = saved.dhidden, inputs.needs(0) {
            let all = workspace.zeros(saved.tokenCount, dhidden.columnCount)
            workspace.kernels.placeRows(dhidden.rows, saved.tokens[...], into: all.rows)
            inputs.add(workspace.scaled(all, by: factor), to: 0)
        }
        if let dweight = saved.dweight {
            inputs.add(workspace.scaled(dweight, by: factor), to: 1)
        }
    }
}

/// Memory for the logits of a chunk of tokens.
package struct LogitChunk {
    private let tensor: Tensor
    private let columns: Int

    /// Memory for `rows` tokens' logits of `columns` tokens of the vocabulary.
    package init(rows: Int, columns: Int, in workspace: Workspace) {
        // A stride off the multiples of 4096 bytes, where stores to all rows share cache sets.
        tensor = workspace.tensor(rows, columns + 16)
        self.columns = columns
    }

    /// The first rows; those of another type begin where the logits of theirs begin, and take their
    /// place.
    package func rows(_ count: Int, as type: ElementType = .float32) -> ActivationRows {
        unsafe ActivationRows(
            base: tensor.buffer.base, rowCount: count, columnCount: columns,
            stride: tensor.stride * 4 / type.bytes, type: type)
    }
}

extension Workspace {
    /// A copy of chosen rows.
    package func rows(of tensor: Tensor, _ indices: ArraySlice<Int>) -> Tensor {
        let result = self.tensor(indices.count, tensor.columnCount, tensor.type)
        kernels.selectRows(tensor.rows, indices, into: result.rows)
        return result
    }

    /// An f32 tensor times a factor; itself where that is 1.
    package func scaled(_ x: Tensor, by factor: Float) -> Tensor {
        if factor == 1 { return x }
        let out = zeros(x.rowCount, x.columnCount)
        unsafe kernels.addScaled(factor, x.floats, to: out.floats, count: x.count)
        return out
    }
}

extension Tensor {
    /// The sum of a row, in f64.
    package func sum(ofRow index: Int) -> Double { row(index).reduce(0.0) { $0 + Double($1) } }
}
