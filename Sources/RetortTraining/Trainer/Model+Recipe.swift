import RetortKernels
import RetortModels

extension Model {
    /// Opens the model of a recipe, with its layers and weights as the run begins.
    ///
    /// - Parameters:
    ///   - recipe: Its `model` section says what is opened and what is kept of it.
    ///   - kernels: The arithmetic.
    ///   - precision: How activations are kept.
    ///   - onProgress: Told how many documents of how many the layers were measured on.
    /// - Returns: The model that is trained.
    /// - Throws: ``ModelError``, ``StudentError``, and the errors of the formats and of data.
    package static func opened(
        _ recipe: Recipe, kernels: Kernels, precision: Precision = .auto,
        onProgress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> Model {
        let model = try whole(recipe, kernels: kernels, precision: precision)
        guard let initialize = recipe.model.initialize, let count = initialize.keepLayers else {
            return model
        }
        let selection = try initialize.layers.selection(of: count) {
            guard let path = initialize.calibration else {
                throw StudentError.noCalibration(path: model.path)
            }
            let calibration = try Calibration(model, data: path)
            return try calibration.importance(of: model) {
                onProgress($0, calibration.count)
            }.layers
        }
        return try model.keeping(selection)
    }

    /// Opens the model that a recipe names, before any layer is left out.
    static func whole(
        _ recipe: Recipe, kernels: Kernels, precision: Precision = .auto
    ) throws -> Model {
        let scratch = recipe.model.initialize?.scratch
        return try Model(
            RunResult.trainedModel(recipe.model.path),
            initialization: scratch.map {
                .random(seed: UInt64(recipe.seed), sizes: $0.sizes)
            } ?? .stored, kernels: kernels, precision: precision)
    }
}
