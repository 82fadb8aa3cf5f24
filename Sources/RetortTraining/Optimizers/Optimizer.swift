import RetortModels
import RetortTensor

/// An update rule with its state, one or more tensors per parameter.
public protocol Optimizer: AnyObject {
    /// Updates all parameters from their gradients.
    ///
    /// - Parameters:
    ///   - rate: The learning rate of this update.
    ///   - gradientScale: Factor of the gradients, from clipping.
    func update(rate: Double, gradientScale: Float)

    /// The state to save, named after torch's optimizers (`exp_avg.NAME`, …).
    var state: [NamedTensor] { get }
    /// Updates so far.
    var updateCount: Int { get set }
    /// Forgets the parameters' gradients.
    func clearGradients()
}

/// A parameter and whether it decays.
struct OptimizedParameter {
    let parameter: Parameter
    let decay: Double

    static func list(_ parameters: [Parameter], _ recipe: OptimizerRecipe) -> [Self] {
        parameters.map { parameter in
            let isExempt = recipe.noDecay.contains { parameter.name.contains($0) }
            return Self(parameter: parameter, decay: isExempt ? 0 : recipe.weightDecay)
        }
    }
}

/// Makes the optimizer that a recipe names.
package func makeOptimizer(
    _ recipe: OptimizerRecipe, _ parameters: [Parameter], in workspace: Workspace
) -> any Optimizer {
    switch recipe.name {
    case .adamw, .adamw8Bit: AdamW(recipe, parameters, in: workspace)
    case .sgd: SGD(recipe, parameters, in: workspace)
    }
}
