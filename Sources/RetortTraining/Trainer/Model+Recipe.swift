import RetortKernels
import RetortModels

extension Model {
    /// Opens the model of a recipe, with its layers and weights as the run begins.
    ///
    /// - Parameters:
    ///   - recipe: Its `model` section says what is opened and what is kept of it.
    ///   - kernels: The arithmetic.
    ///   - precision: How activations are kept.
    /// - Returns: The model that is trained.
    /// - Throws: ``ModelError``, ``StudentError`` and the errors of the formats.
    package static func opened(
        _ recipe: Recipe, kernels: Kernels, precision: Precision = .auto
    ) throws -> Model {
        let initialize = recipe.model.initialize
        let model = try Model(
            recipe.model.path,
            initialization: initialize?.scratch == nil
                ? .stored : .random(seed: UInt64(recipe.seed)), kernels: kernels,
            precision: precision)
        guard let initialize, let count = initialize.keepLayers else { return model }
        return try model.keeping(initialize.layers.selection(of: count))
    }
}
