#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif
import RetortModels
import RetortTensor

/// Adam with decoupled weight decay (arXiv:1711.05101), in PyTorch's form.
///
/// `p ← p (1 - rate · decay) - rate · m̂ / (√v̂ + epsilon)` with bias-corrected moments. With
/// `adamw_8bit` the moments of tensors of at least 4096 values are stored in 8 bits; they are rounded
/// by random numbers that depend on the update and the tensor's place alone.
public final class AdamW: Optimizer {
    /// How the two moments of one parameter are stored.
    private enum Moments {
        case floats(first: Tensor, second: Tensor)
        case codes(first: MomentCodes, second: MomentCodes)
    }

    private let parameters: [OptimizedParameter]
    private let moments: [Moments]
    private let recipe: OptimizerRecipe
    private let workspace: Workspace
    private let rounding = RandomStream(seed: 0, .moments)
    /// Norms and biases are smaller: they need little memory and much precision.
    private static let leastCoded = 4096
    /// Updates so far.
    public var updateCount = 0

    init(_ recipe: OptimizerRecipe, _ parameters: [Parameter], in workspace: Workspace) {
        self.recipe = recipe
        self.workspace = workspace
        self.parameters = OptimizedParameter.list(parameters, recipe)
        moments = parameters.map {
            let rows = $0.value.rowCount, columns = $0.value.columnCount
            if recipe.name == .adamw8Bit, $0.value.count >= Self.leastCoded {
                return .codes(
                    first: MomentCodes($0.value.count, in: workspace),
                    second: MomentCodes($0.value.count, in: workspace))
            }
            return .floats(
                first: workspace.zeros(rows, columns), second: workspace.zeros(rows, columns))
        }
    }

    /// Updates all parameters; see ``Optimizer``.
    public func update(rate: Double, gradientScale: Float) {
        updateCount += 1
        let step = Double(updateCount)
        let firstCorrection = 1 - pow(recipe.betas.first, step)
        let secondCorrection = 1 - pow(recipe.betas.second, step)
        let betas = (Float(recipe.betas.first), Float(recipe.betas.second))
        let scaledRate = Float(rate / firstCorrection)
        let correction = Float(1 / secondCorrection.squareRoot())
        let epsilon = Float(recipe.epsilon), rounding = rounding[updateCount]
        for (index, optimized) in parameters.enumerated() {
            let value = optimized.parameter.value
            let gradient =
                optimized.parameter.slot.gradient
                ?? workspace.zeros(value.rowCount, value.columnCount)
            let keep = Float(1 - rate * optimized.decay)
            switch moments[index] {
            case .floats(let first, let second):
                unsafe workspace.kernels.adamW(
                    value.floats, first: first.floats, second: second.floats,
                    gradient: gradient.floats, gradientScale: gradientScale, betas: betas,
                    keep: keep, rate: scaledRate, correction: correction, epsilon: epsilon,
                    count: value.count)
            case .codes(let first, let second):
                unsafe workspace.kernels.adamW8Bit(
                    value.floats, first: first.moment, second: second.moment,
                    gradient: gradient.floats, gradientScale: gradientScale, betas: betas,
                    keep: keep, rate: scaledRate, correction: correction, epsilon: epsilon,
                    key: rounding.key(UInt64(index)), count: value.count)
            }
        }
    }

    /// Forgets the parameters' gradients.
    public func clearGradients() {
        for optimized in parameters { optimized.parameter.slot.gradient = nil }
    }

    /// The state to save.
    public var state: [NamedTensor] {
        zip(parameters.map(\.parameter), moments).flatMap { parameter, moments in
            switch moments {
            case .floats(let first, let second):
                [
                    NamedTensor(parameter, name: "exp_avg." + parameter.name, tensor: first),
                    NamedTensor(parameter, name: "exp_avg_sq." + parameter.name, tensor: second),
                ]
            case .codes(let first, let second):
                first.state("exp_avg", of: parameter) + second.state("exp_avg_sq", of: parameter)
            }
        }
    }
}
