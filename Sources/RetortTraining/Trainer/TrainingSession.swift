#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif
import RetortFiles
import RetortKernels
import RetortModels
import RetortTensor

/// Model, trained parameters and optimizer of one run, and its step.
package final class TrainingSession {
    package let recipe: Recipe
    package let model: Model
    package let parameters: [Parameter]
    package let optimizer: any Optimizer
    /// The adapter's settings; nil when the model's own weights are trained.
    package let adapter: AdapterConfiguration?
    private let dropout: RandomStream

    /// Opens the model and prepares what the recipe trains.
    package init(_ recipe: Recipe, model: Model) throws {
        self.recipe = recipe
        self.model = model
        let decoder = model.decoder
        if let section = recipe.adapter {
            if let path = section.initialAdapter {
                adapter = try decoder.loadAdapter(path, family: model.family)
            } else {
                let configuration = AdapterConfiguration(section)
                try decoder.addAdapter(
                    configuration, seed: UInt64(recipe.seed), source: "adapter.target_modules")
                adapter = configuration
            }
            parameters = decoder.adapterParameters
        } else {
            adapter = nil
            parameters = decoder.trainAllWeights()
        }
        optimizer = makeOptimizer(recipe.optimizer, parameters, in: decoder.workspace)
        dropout = RandomStream(seed: UInt64(recipe.seed), .dropout)
    }

    /// What one step did.
    package struct StepResult: Equatable {
        package var loss: Double
        /// L2 norm over all parameters, before clipping.
        package var gradientNorm: Double
        package var tokens: Int
        package var supervisedTokens: Int
    }

    /// Gradients of all micro-batches, clipping, update.
    ///
    /// The loss of the step is summed over all its supervised tokens and divided once by their count,
    /// so that how rows are grouped never changes the gradient.
    ///
    /// - Parameters:
    ///   - step: From 0; names the random streams.
    ///   - batches: The micro-batches.
    ///   - rate: The learning rate.
    /// - Returns: Loss, gradient norm and counts.
    /// - Throws: ``TrainingError/notFinite(step:what:)``; parameters are then unchanged.
    package func step(_ step: Int, _ batches: [Batch], rate: Double) throws -> StepResult {
        let workspace = model.decoder.workspace
        let supervised = batches.reduce(0) { $0 + $1.supervisedCount }
        for parameter in parameters { parameter.slot.gradient = nil }
        var sum = 0.0
        for (index, batch) in batches.enumerated() {
            let tape = Tape(workspace)
            let context = ForwardContext(
                layout: batch.layout, dropout: dropout[step][index])
            let hidden = model.decoder.hiddenStates(
                batch.ids, context, on: tape,
                checkpointing: recipe.training.gradientCheckpointing)
            let (loss, tokenLosses) = model.decoder.crossEntropy(
                hidden, labels: batch.labels, scale: 1 / Float(max(supervised, 1)), on: tape)
            sum += tokenLosses.values.reduce(0.0) { $0 + Double($1) }
            tape.backward(from: loss)
        }
        let loss = sum / Double(max(supervised, 1))
        guard loss.isFinite else { throw TrainingError.notFinite(step: step + 1, what: "loss") }
        let norm = gradientNorm()
        guard norm.isFinite else { throw TrainingError.notFinite(step: step + 1, what: "gradient") }
        let scale = recipe.training.maxGradNorm.map { min(1, $0 / (norm + 1e-6)) } ?? 1
        optimizer.update(rate: rate, gradientScale: Float(scale))
        return StepResult(
            loss: loss, gradientNorm: norm, tokens: batches.reduce(0) { $0 + $1.ids.count },
            supervisedTokens: supervised)
    }

    private func gradientNorm() -> Double {
        let kernels = model.decoder.workspace.kernels
        return parameters.reduce(0.0) { sum, parameter in
            guard let gradient = parameter.slot.gradient else { return sum }
            return unsafe sum + kernels.sumOfSquares(gradient.floats, count: gradient.count)
        }.squareRoot()
    }
}

/// Why a run stopped.
public enum TrainingError: Error, Equatable, CustomStringConvertible {
    /// A value of the step, counted from 1, is NaN or infinite.
    case notFinite(step: Int, what: String)
    /// The folder holds a run already.
    case runExists(path: String)
    /// The recipe differs from that of the run that is to be resumed.
    case otherRecipe(path: String, key: String)
    /// The model or data are not those of the run that is to be resumed.
    case otherInput(path: String, what: String)
    /// A signal asked the run to end; it was saved.
    case interrupted(path: String, step: Int)

    /// One sentence: where, what, what to do.
    public var description: String {
        switch self {
        case .notFinite(let step, let what):
            "The \(what) of step \(step) is not a finite number; the checkpoint before it is kept: "
                + "lower optimizer.learning_rate or clip with training.max_grad_norm."
        case .runExists(let path):
            "\(path) holds a run already; continue it with --resume, or choose another output_dir."
        case .otherRecipe(let path, let key):
            "\(path): the run to resume was started with another \(key); "
                + "start a new one in another output_dir."
        case .otherInput(let path, let what):
            "\(path): the \(what) is not the one that the run to resume was started with."
        case .interrupted(let path, let step):
            "Interrupted after step \(step); the run is saved in \(path) and goes on with --resume."
        }
    }
}

extension AdapterConfiguration {
    /// The settings of a recipe's section.
    package init(_ recipe: AdapterRecipe) {
        self.init()
        rank = recipe.rank
        alpha = recipe.alpha
        dropout = recipe.dropout
        usesRankStabilizedScale = recipe.useRSLoRA
        switch recipe.targetModules {
        case .allLinear: targets = .allLinear
        case .named(let names): targets = .names(names)
        }
        rankPattern = recipe.rankPattern.entries.map { .init(key: $0.pattern, value: $0.value) }
        alphaPattern = recipe.alphaPattern.entries.map { .init(key: $0.pattern, value: $0.value) }
        layers = recipe.layersToTransform
    }
}
