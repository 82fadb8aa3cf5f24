import RetortModels
import RetortTensor

/// What a run minimizes.
package protocol Objective {
    /// Tensors that are trained with the model's own, such as projections.
    var parameters: [Parameter] { get }

    /// Prepares a step.
    ///
    /// - Parameters:
    ///   - step: From 0; names the random streams.
    ///   - batches: The micro-batches that the plan says.
    /// - Returns: What is computed instead, in order.
    func prepare(step: Int, _ batches: [Batch]) throws -> [MicroStep]
}

/// One forward pass of a step.
package struct MicroStep {
    /// The tokens.
    package let batch: Batch
    /// Computes the losses; the step's losses are the sums over its micro-steps.
    package let evaluate: (ForwardContext, Tape) throws -> ObjectiveValue

    package init(
        _ batch: Batch, evaluate: @escaping (ForwardContext, Tape) throws -> ObjectiveValue
    ) {
        self.batch = batch
        self.evaluate = evaluate
    }
}

/// Losses of a micro-step, divided by what the whole step counts.
package struct ObjectiveValue {
    /// Where the backward pass begins.
    package var losses: [Variable] = []
    /// The whole loss, in f64.
    package var total = 0.0
    /// Its parts before they are weighted, by their names in the metrics.
    package var parts: [LossPart] = []

    package init() {}

    /// Adds a part to the whole.
    ///
    /// - Parameters:
    ///   - name: Its name in the metrics.
    ///   - value: Its sum in f64 over the step's count.
    ///   - weight: What it is weighted with.
    package mutating func add(_ name: String, _ value: Double, weight: Double) {
        total += weight * value
        parts.append(LossPart(name: name, value: value))
    }

    /// Adds the losses of another micro-step.
    package mutating func add(_ other: ObjectiveValue) {
        total += other.total
        for part in other.parts {
            if let index = parts.firstIndex(where: { $0.name == part.name }) {
                parts[index].value += part.value
            } else {
                parts.append(part)
            }
        }
    }
}

/// A part of a loss.
public struct LossPart: Sendable, Equatable {
    /// Its name in the metrics, such as `soft_loss`.
    public let name: String
    /// Mean over the tokens that have it, before it is weighted.
    public var value: Double
}

/// Next-token cross-entropy over the supervised tokens.
package struct SupervisedObjective: Objective {
    private let decoder: Decoder
    private let checkpointing: Bool

    /// Creates the objective of a model.
    ///
    /// - Parameters:
    ///   - model: The model that is trained.
    ///   - checkpointing: Whether layers are computed again in the backward pass.
    package init(_ model: Model, checkpointing: Bool) {
        decoder = model.decoder
        self.checkpointing = checkpointing
    }

    package var parameters: [Parameter] { [] }

    package func prepare(step: Int, _ batches: [Batch]) throws -> [MicroStep] {
        let count = max(1, batches.reduce(0) { $0 + $1.supervisedCount })
        return batches.map { batch in
            MicroStep(batch) { [decoder, checkpointing] context, tape in
                let hidden = decoder.hiddenStates(
                    batch.ids, context, on: tape, checkpointing: checkpointing)
                let (loss, tokenLosses) = decoder.crossEntropy(
                    hidden, labels: batch.labels, scale: 1 / Float(count), on: tape)
                var value = ObjectiveValue()
                value.losses = [loss]
                value.total = tokenLosses.sum(ofRow: 0) / Double(count)
                return value
            }
        }
    }
}
