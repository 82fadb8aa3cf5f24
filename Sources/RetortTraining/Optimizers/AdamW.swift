#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif
import RetortTensor

/// Adam with decoupled weight decay (arXiv:1711.05101), in PyTorch's form.
///
/// `p ← p (1 - rate · decay) - rate · m̂ / (√v̂ + epsilon)` with bias-corrected moments.
public final class AdamW: Optimizer {
    private let parameters: [OptimizedParameter]
    private let moments: [(first: Tensor, second: Tensor)]
    private let recipe: OptimizerRecipe
    private let workspace: Workspace
    /// Updates so far.
    public var updateCount = 0

    init(_ recipe: OptimizerRecipe, _ parameters: [Parameter], in workspace: Workspace) {
        self.recipe = recipe
        self.workspace = workspace
        self.parameters = OptimizedParameter.list(parameters, recipe)
        moments = parameters.map {
            let rows = $0.value.rowCount, columns = $0.value.columnCount
            return (workspace.zeros(rows, columns), workspace.zeros(rows, columns))
        }
    }

    /// Updates all parameters; see ``Optimizer``.
    public func update(rate: Double, gradientScale: Float) {
        updateCount += 1
        let step = Double(updateCount)
        let firstCorrection = 1 - pow(recipe.betas.first, step)
        let secondCorrection = 1 - pow(recipe.betas.second, step)
        for (optimized, moment) in zip(parameters, moments) {
            let value = optimized.parameter.value
            let gradient =
                optimized.parameter.slot.gradient
                ?? workspace.zeros(value.rowCount, value.columnCount)
            unsafe workspace.kernels.adamW(
                value.floats, first: moment.first.floats, second: moment.second.floats,
                gradient: gradient.floats, gradientScale: gradientScale,
                betas: (Float(recipe.betas.first), Float(recipe.betas.second)),
                keep: Float(1 - rate * optimized.decay), rate: Float(rate / firstCorrection),
                correction: Float(1 / secondCorrection.squareRoot()),
                epsilon: Float(recipe.epsilon), count: value.count)
        }
    }

    /// Forgets the parameters' gradients.
    public func clearGradients() {
        for optimized in parameters { optimized.parameter.slot.gradient = nil }
    }

    /// The state to save.
    public var state: [(name: String, parameter: Parameter, tensor: Tensor)] {
        zip(parameters.map(\.parameter), moments).flatMap { parameter, moment in
            [
                ("exp_avg." + parameter.name, parameter, moment.first),
                ("exp_avg_sq." + parameter.name, parameter, moment.second),
            ]
        }
    }
}
