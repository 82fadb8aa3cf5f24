import RetortModels
import RetortTensor

// What a Swift program needs to train with its own loop; the words are the recipe's.

extension Model {
    /// Where the model's tensors live: pass it to a ``Tape``.
    public var workspace: Workspace { decoder.workspace }

    /// Puts a fresh LoRA adapter beside the target modules; it is then what is trained.
    ///
    /// - Parameters:
    ///   - configuration: Rank, alpha, targets.
    ///   - seed: Of A's first values; B begins at zero, so that the model is unchanged at first.
    /// - Throws: ``AdapterError`` if a target does not exist.
    public func addAdapter(_ configuration: AdapterConfiguration, seed: UInt64 = 42) throws {
        try decoder.addAdapter(configuration, seed: seed, source: path)
    }

    /// Makes the optimizer for the adapter or, where there is none, for all weights, which are then
    /// widened to f32 and trained.
    public func makeOptimizer(_ recipe: OptimizerRecipe) -> any Optimizer {
        let adapters = decoder.adapterParameters
        let parameters = adapters.isEmpty ? decoder.trainAllWeights() : adapters
        return RetortTraining.makeOptimizer(recipe, parameters, in: workspace)
    }

    /// Mean next-token cross-entropy over a batch's supervised tokens, in nats, `[1, 1]`.
    ///
    /// - Parameters:
    ///   - batch: What to learn from.
    ///   - tape: Records what the backward pass needs.
    /// - Returns: The loss.
    public func loss(_ batch: Batch, on tape: Tape) -> Variable {
        let hidden = decoder.hiddenStates(
            batch.ids, ForwardContext(layout: batch.layout), on: tape)
        return decoder.crossEntropy(
            hidden, labels: batch.labels, scale: 1 / Float(max(batch.supervisedCount, 1)), on: tape
        ).loss
    }
}

extension Optimizer {
    /// Updates all parameters from their gradients, which are then cleared.
    public func step(rate: Double) {
        update(rate: rate, gradientScale: 1)
        clearGradients()
    }
}
