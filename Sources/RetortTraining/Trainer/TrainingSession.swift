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
    private let objective: any Objective
    private let dropout: RandomStream

    /// Opens the model and prepares what the recipe trains.
    ///
    /// - Parameters:
    ///   - recipe: What is trained and how.
    ///   - model: The model.
    ///   - objective: What is minimized, made after the model was prepared; nil for cross-entropy.
    /// - Throws: The first thing that is wrong.
    package init(
        _ recipe: Recipe, model: Model, objective: (() throws -> any Objective)? = nil
    ) throws {
        self.recipe = recipe
        self.model = model
        let decoder = model.decoder, parameters: [Parameter]
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
        self.objective =
            try objective?()
            ?? SupervisedObjective(model, checkpointing: recipe.training.gradientCheckpointing)
        self.parameters = parameters + self.objective.parameters
        optimizer = makeOptimizer(recipe.optimizer, self.parameters, in: decoder.workspace)
        dropout = RandomStream(seed: UInt64(recipe.seed), .dropout)
    }

    /// What one step did.
    package struct StepResult: Equatable {
        package var loss: Double
        /// What the loss is made of, where it has parts.
        package var parts: [LossPart]
        /// L2 norm over all parameters, before clipping.
        package var gradientNorm: Double
        package var tokens: Int
        package var supervisedTokens: Int
    }

    /// Gradients of all micro-batches, clipping, update.
    ///
    /// Each part of the loss is summed over all tokens of the step that have it and divided once by
    /// their count, so that how rows are grouped never changes the gradient.
    ///
    /// - Parameters:
    ///   - step: From 0; names the random streams.
    ///   - batches: The micro-batches.
    ///   - rate: The learning rate.
    /// - Returns: Loss, gradient norm and counts.
    /// - Throws: ``TrainingError/notFinite(step:what:)``; parameters are then unchanged.
    package func step(_ step: Int, _ batches: [Batch], rate: Double) throws -> StepResult {
        let workspace = model.decoder.workspace
        for parameter in parameters { parameter.slot.gradient = nil }
        let steps = try workspace.profiled("preparation") {
            try objective.prepare(step: step, batches)
        }
        var sum = ObjectiveValue()
        for (index, micro) in steps.enumerated() {
            let tape = Tape(workspace)
            let context = ForwardContext(
                layout: micro.batch.layout, dropout: dropout[step][index])
            let value = try workspace.profiled(pass: .forward) {
                try micro.evaluate(context, tape)
            }
            sum.add(value)
            tape.backward(from: value.losses)
        }
        let loss = sum.total
        guard loss.isFinite else { throw TrainingError.notFinite(step: step + 1, what: "loss") }
        let norm = workspace.profiled("gradient norm") { gradientNorm() }
        guard norm.isFinite else { throw TrainingError.notFinite(step: step + 1, what: "gradient") }
        let scale = recipe.training.maxGradNorm.map { min(1, $0 / (norm + 1e-6)) } ?? 1
        workspace.profiled("optimizer") {
            optimizer.update(rate: rate, gradientScale: Float(scale))
        }
        return StepResult(
            loss: loss, parts: sum.parts, gradientNorm: norm,
            tokens: steps.reduce(0) { $0 + $1.batch.ids.count },
            supervisedTokens: steps.reduce(0) { $0 + $1.batch.supervisedCount })
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
    /// Another process runs in the folder.
    case runInUse(path: String)
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
        case .runInUse(let path):
            "\(path): another run is writing here; wait for its end, or choose another output_dir."
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
