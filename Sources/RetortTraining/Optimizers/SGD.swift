import RetortModels
import RetortTensor

/// Stochastic gradient descent with momentum, in PyTorch's form.
///
/// `g ← g + decay · p`, `b ← momentum · b + g`, `p ← p - rate · b`, or with Nesterov's momentum
/// `p ← p - rate · (g + momentum · b)`.
public final class SGD: Optimizer {
    private let parameters: [OptimizedParameter]
    private let buffers: [Tensor]
    private let recipe: OptimizerRecipe
    private let workspace: Workspace
    /// Updates so far.
    public var updateCount = 0

    init(_ recipe: OptimizerRecipe, _ parameters: [Parameter], in workspace: Workspace) {
        self.recipe = recipe
        self.workspace = workspace
        self.parameters = OptimizedParameter.list(parameters, recipe)
        buffers = parameters.map { workspace.zeros($0.value.rowCount, $0.value.columnCount) }
    }

    /// Updates all parameters; see ``Optimizer``.
    public func update(rate: Double, gradientScale: Float) {
        updateCount += 1
        for (optimized, buffer) in zip(parameters, buffers) {
            let value = optimized.parameter.value
            guard let gradient = optimized.parameter.slot.gradient else { continue }
            unsafe workspace.kernels.sgd(
                value.floats, momentum: buffer.floats, gradient: gradient.floats,
                gradientScale: gradientScale, rate: Float(rate), decay: Float(optimized.decay),
                factor: Float(recipe.momentum), nesterov: recipe.nesterov, count: value.count)
        }
    }

    /// Forgets the parameters' gradients.
    public func clearGradients() {
        for optimized in parameters { optimized.parameter.slot.gradient = nil }
    }

    /// The state to save.
    public var state: [NamedTensor] {
        zip(parameters.map(\.parameter), buffers).map { parameter, buffer in
            NamedTensor(
                parameter, name: "momentum_buffer." + parameter.name, tensor: buffer)
        }
    }
}
