import RetortKernels
import RetortTensor

/// What one forward pass needs besides weights.
package struct ForwardContext {
    /// Positions and documents.
    package let layout: TokenLayout
    /// The cache to read and extend when generating.
    package let cache: KeyValueCache?
    /// Random stream of the dropouts of this micro-batch; nil for none.
    package let dropout: RandomStream?
    /// Whether what is trained is left out: the model as it is stored.
    package let isBase: Bool
    /// How products read what they multiply when generating.
    package var rounding: GenerationRounding?
    /// Called with each layer's number from 0, queries, keys and rotary embedding.
    package var observeAttention: ((Int, Variable, Variable, RotaryTable?) -> Void)?
    /// Told what passes through every layer.
    package let observe: ((_ layer: Int, LayerActivation, Tensor) -> Void)?

    package init(
        layout: TokenLayout, cache: KeyValueCache? = nil, dropout: RandomStream? = nil,
        isBase: Bool = false, observe: ((_ layer: Int, LayerActivation, Tensor) -> Void)? = nil
    ) {
        self.layout = layout
        self.cache = cache
        self.dropout = dropout
        self.isBase = isBase
        self.observe = observe
    }
}

/// A place in a layer that an observer is told of.
package enum LayerActivation: Sendable {
    /// What enters the layer, `[tokens, hiddenSize]`.
    case input
    /// What the attention reads.
    case attentionNorm
    /// What the heads give, side by side, before the output projection.
    case heads
    /// What the feed-forward block reads.
    case feedForwardNorm
    /// The gated values inside the feed-forward block.
    case inner
    /// What leaves the layer.
    case output
}

/// A matrix of the model with what may sit beside it.
package final class LinearLayer {
    /// Its module name in Hugging Face's naming, such as `model.layers.0.self_attn.q_proj`.
    package let name: String
    /// The frozen matrix `[outputs, inputs]`, wherever it lies.
    package let weight: Weight
    /// The frozen bias `[1, outputs]`.
    package let bias: Tensor?
    /// The matrix when it is trained.
    package var parameter: Parameter?
    /// The bias when it is trained.
    package var biasParameter: Parameter?
    /// The adapter beside it.
    package var adapter: LowRankAdapter?
    /// A copy of the frozen matrix for generating.
    package var interleaved: InterleavedMatrix?
    /// A number of its own, for random streams.
    private let site: UInt64

    init(name: String, weight: Weight, bias: Tensor?, site: Int) {
        self.name = name
        self.weight = weight
        self.bias = bias
        self.site = UInt64(site)
    }

    func callAsFunction(
        _ tape: Tape, _ x: Variable, residual: Variable? = nil, _ context: ForwardContext
    ) -> Variable {
        let trained = context.isBase ? nil : parameter,
            trainedBias = context.isBase ? nil : biasParameter
        let adapter = context.isBase ? nil : adapter
        var dropout: Linear.Dropout?
        if let adapter, adapter.dropout > 0, let stream = context.dropout {
            dropout = Linear.Dropout(probability: adapter.dropout, key: stream.key(site))
        }
        let operation = Linear(
            weight: weight, adapterScale: adapter?.scale ?? 1, dropout: dropout,
            generation: context.rounding.map { Linear.Generation($0, interleaved) })
        return operation(
            tape, x, residual: residual, weight: trained?.variable,
            bias: trainedBias?.variable ?? bias.map { Variable(constant: $0) },
            a: adapter?.a.variable, b: adapter?.b.variable)
    }

    /// The results of layers that read the same rows; a few rows are one piece of work for all.
    static func apply(
        _ layers: [LinearLayer], _ tape: Tape, _ x: Variable, _ context: ForwardContext
    ) -> [Variable] {
        let workspace = tape.workspace, rows = x.value.rowCount
        guard context.rounding != nil, rows <= Kernels.fewRows,
            context.isBase || layers.allSatisfy({ $0.adapter == nil })
        else { return layers.map { $0(tape, x, context) } }
        let outputs = layers.map {
            workspace.tensor(rows, $0.weight.rowCount, workspace.activationType)
        }
        let products = zip(layers, outputs).map { $0.product(into: $1, isBase: context.isBase) }
        _ = workspace.kernels.multiplyFewRows(x.value.rows, products)
        for (layer, output) in zip(layers, outputs) {
            let trained = context.isBase ? nil : layer.biasParameter?.value
            if let bias = trained ?? layer.bias {
                unsafe workspace.kernels.addBias(bias.floats, to: output.rows)
            }
        }
        return outputs.map { Variable(constant: $0) }
    }

    /// The product of a few rows with the matrix, as it is now or as it is stored.
    func product(into y: Tensor, isBase: Bool = false) -> RowProduct {
        guard !isBase, let trained = parameter?.value else {
            return RowProduct(weight.matrix, interleaved, into: y.rows)
        }
        return RowProduct(trained.matrix, into: y.rows)
    }
}

/// A norm of the model.
package final class NormLayer {
    /// Its module name in Hugging Face's naming.
    package let name: String
    /// The frozen weight `[1, hiddenSize]`, f32.
    package let weight: Tensor
    /// The weight when it is trained.
    package var parameter: Parameter?
    private let description: NormDescription

    init(name: String, weight: Tensor, description: NormDescription) {
        self.name = name
        self.weight = weight
        self.description = description
    }

    func callAsFunction(_ tape: Tape, _ x: Variable, _ context: ForwardContext) -> Variable {
        let trained = context.isBase ? nil : parameter
        let weight = trained?.variable ?? Variable(constant: weight)
        return tape.apply(RMSNorm(epsilon: description.epsilon), x, weight)
    }
}
