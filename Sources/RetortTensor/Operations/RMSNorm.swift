import RetortKernels

/// `x / sqrt(mean(x²) + epsilon) * weight`, row by row (arXiv:1910.07467).
///
/// Inputs: x `[tokens, columns]`, f32; weight `[1, columns]`, f32. Output: of the workspace's
/// activation type, since a product reads it.
public struct RMSNorm: Operation {
    let epsilon: Float

    /// Creates the operation.
    public init(epsilon: Float) { self.epsilon = epsilon }

    /// What backward reads.
    public struct Saved {
        let x: SavedTensor
        let weight, factors: Tensor
    }

    /// See ``Operation``.
    public func forward(_ inputs: [Tensor?], in workspace: Workspace) -> (
        outputs: [Tensor], saved: Saved
    ) {
        guard let x = inputs[0], let weight = inputs[1] else { preconditionFailure("two inputs") }
        precondition(
            x.type == .float32 && weight.count == x.columnCount, "a weight per column of f32 rows")
        let factors = workspace.tensor(1, x.rowCount)
        let out = normed(x, weight, factors, in: workspace)
        return ([out], Saved(x: SavedTensor(x), weight: weight, factors: factors))
    }

    /// Rounds x to the activation type.
    public func kept(_ saved: Saved, in workspace: Workspace) -> Saved {
        let x = SavedTensor(saved.x.load(), as: workspace.activationType, in: workspace)
        return Saved(x: x, weight: saved.weight, factors: saved.factors)
    }

    /// The norm of what is kept of x.
    public func recomputation(_ saved: Saved, in workspace: Workspace) -> (() -> Tensor)? {
        {
            let factors = workspace.tensor(1, saved.x.rowCount)
            return normed(saved.x.load(), saved.weight, factors, in: workspace)
        }
    }

    private func normed(_ x: Tensor, _ weight: Tensor, _ factors: Tensor, in workspace: Workspace)
        -> Tensor
    {
        let out = workspace.tensor(x.rowCount, x.columnCount, workspace.activationType)
        unsafe workspace.kernels.rmsNorm(
            x.rows, weight: weight.floats, epsilon: epsilon, into: out.rows, factors: factors.floats
        )
        return out
    }

    /// See ``Operation``.
    public func backward(
        _ gradients: [Tensor?], saved: Saved, into inputs: InputGradients, in workspace: Workspace
    ) {
        guard let gradient = gradients[0] else { return }
        let dy = workspace.converted(gradient, to: .float32), x = saved.x.load()
        if let dx = inputs.sum(0, rows: x.rowCount, columns: x.columnCount) {
            unsafe workspace.kernels.rmsNormBack(
                dy.rows, x.rows, weight: saved.weight.floats, factors: saved.factors.floats,
                into: dx.rows)
        }
        if let dw = inputs.sum(1, rows: 1, columns: x.columnCount) {
            unsafe workspace.kernels.rmsNormWeightBack(
                dy.rows, x.rows, factors: saved.factors.floats, into: dw.floats)
        }
    }
}
