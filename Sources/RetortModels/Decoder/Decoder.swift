import RetortKernels
import RetortTensor

/// The layers of a language model and its forward pass, which obeys a description.
package final class Decoder {
    package let description: DecoderDescription
    package let workspace: Workspace
    /// `[vocabularySize, hiddenSize]`; a linear layer because it may be the head too.
    package let embedding: LinearLayer
    package let layers: [DecoderLayer]
    package let finalNorm: NormLayer
    /// The output matrix; the embedding itself where they are tied.
    package let head: LinearLayer
    /// The settings of the adapters beside its matrices.
    package internal(set) var adapterConfiguration: AdapterConfiguration?
    private let rotary = RotaryTables()

    init(
        description: DecoderDescription, workspace: Workspace, embedding: LinearLayer,
        layers: [DecoderLayer], finalNorm: NormLayer, head: LinearLayer?
    ) {
        self.description = description
        self.workspace = workspace
        self.embedding = embedding
        self.layers = layers
        self.finalNorm = finalNorm
        self.head = head ?? embedding
    }

    /// Every matrix that an adapter can sit beside, in order.
    package var linearLayers: [LinearLayer] { layers.flatMap(\.linearLayers) }

    /// Parameters of the adapters, in order.
    package var adapterParameters: [Parameter] {
        linearLayers.compactMap(\.adapter).flatMap { [$0.a, $0.b] }
    }

    /// Runs the layers.
    ///
    /// - Parameters:
    ///   - ids: Token ids, all within the vocabulary.
    ///   - context: Positions, documents, cache.
    ///   - tape: Records what backward needs.
    ///   - checkpointing: Whether each layer's activations are computed again in the backward pass.
    ///   - observe: Called with the input of every layer and, last, the final hidden states.
    /// - Returns: Hidden states after the final norm, `[tokens, hiddenSize]`.
    package func hiddenStates(
        _ ids: [Int32], _ context: ForwardContext, on tape: Tape, checkpointing: Bool = false,
        observe: ((Int, Variable) -> Void)? = nil
    ) -> Variable {
        precondition(
            ids.allSatisfy { $0 >= 0 && $0 < description.vocabularySize }
                && ids.count == context.layout.positions.count)
        var x = tape.apply(
            Embedding(table: embedding.weight, ids: ids),
            context.isBase ? nil : embedding.parameter?.variable)
        let length = Int(context.layout.positions.max() ?? 0) + 1
        for (index, layer) in layers.enumerated() {
            observe?(index, x)
            let table = layer.description.attention.rotary.map {
                rotary.table($0, length: length, in: workspace)
            }
            if checkpointing {
                x = tape.checkpoint(x) { tape, x in layer(tape, x, table, context) }
            } else {
                x = layer(tape, x, table, context)
            }
        }
        context.cache?.advance(context.layout.documents)
        let hidden = finalNorm(tape, x, context)
        observe?(layers.count, hidden)
        return hidden
    }

    /// Logits of all rows of hidden states, `[rows, vocabularySize]`, f32.
    package func logits(_ hidden: Tensor, _ rounding: GenerationRounding? = nil) -> Tensor {
        let out = workspace.tensor(hidden.rowCount, description.vocabularySize)
        let matrix = head.parameter?.value.matrix ?? head.weight.matrix
        if rounding == nil
            || !workspace.kernels.multiplyFewRows(hidden.rows, [head.product(into: out)])
        {
            workspace.kernels.multiply(hidden.rows, matrix, into: out.rows)
        }
        return out
    }

    /// Logits of chosen rows only.
    package func logits(
        _ hidden: Tensor, rows: [Int], _ rounding: GenerationRounding? = nil
    ) -> Tensor {
        let chosen = workspace.tensor(rows.count, hidden.columnCount, hidden.type)
        workspace.kernels.selectRows(hidden.rows, rows[...], into: chosen.rows)
        return logits(chosen, rounding)
    }

    /// Next-token cross-entropy of hidden states: the loss, and the losses of supervised tokens.
    package func crossEntropy(
        _ hidden: Variable, labels: [Int32], scale: Float, on tape: Tape
    ) -> (loss: Variable, tokenLosses: Tensor) {
        self.loss(CrossEntropy(labels: labels, scale: scale), of: hidden, on: tape)
    }

    /// A loss of the logits of hidden states: the whole, and each part of each token.
    package func loss(
        _ loss: some LogitLoss, of hidden: Variable, on tape: Tape
    ) -> (loss: Variable, tokenLosses: Tensor) {
        let operation = LossHead(
            weight: head.weight, loss: loss, wantsGradient: tape.isRecording)
        let outputs = tape.apply(operation, [hidden, head.parameter?.variable])
        return (outputs[0], outputs[1].value)
    }
}

/// One layer: norm, attention, residual; norm, feed-forward, residual.
package final class DecoderLayer {
    let index: Int
    let description: LayerDescription
    let attentionNorm: NormLayer
    let query, key, value, output: LinearLayer
    let feedForwardNorm: NormLayer
    let gate, up, down: LinearLayer

    init(
        index: Int, description: LayerDescription, attentionNorm: NormLayer, query: LinearLayer,
        key: LinearLayer, value: LinearLayer, output: LinearLayer, feedForwardNorm: NormLayer,
        gate: LinearLayer, up: LinearLayer, down: LinearLayer
    ) {
        self.index = index
        self.description = description
        self.attentionNorm = attentionNorm
        self.query = query
        self.key = key
        self.value = value
        self.output = output
        self.feedForwardNorm = feedForwardNorm
        self.gate = gate
        self.up = up
        self.down = down
    }

    package var linearLayers: [LinearLayer] { [query, key, value, output, gate, up, down] }
    /// The sizes of its attention.
    package var shape: AttentionShape { description.attention.shape }
    package var norms: [NormLayer] { [attentionNorm, feedForwardNorm] }

    func callAsFunction(
        _ tape: Tape, _ x: Variable, _ rotary: RotaryTable?, _ context: ForwardContext
    ) -> Variable {
        func observe(_ place: LayerActivation, _ variable: Variable) {
            context.observe?(index, place, variable.value)
        }
        observe(.input, x)
        let normed = attentionNorm(tape, x, context)
        observe(.attentionNorm, normed)
        let parts = LinearLayer.apply([query, key, value], tape, normed, context)
        let mixed = attend(tape, parts[0], parts[1], parts[2], rotary, context)
        observe(.heads, mixed)
        let middle = output(tape, mixed, residual: x, context)
        let again = feedForwardNorm(tape, middle, context)
        observe(.feedForwardNorm, again)
        let gated = LinearLayer.apply([gate, up], tape, again, context)
        let inner = tape.apply(GatedSiLU(), gated[0], gated[1])
        observe(.inner, inner)
        let result = down(tape, inner, residual: middle, context)
        observe(.output, result)
        return result
    }

    private func attend(
        _ tape: Tape, _ q: Variable, _ k: Variable, _ v: Variable, _ rotary: RotaryTable?,
        _ context: ForwardContext
    ) -> Variable {
        context.observeAttention?(index, q, k, rotary)
        guard let cache = context.cache else {
            return tape.apply(
                RotaryAttention(shape: shape, layout: context.layout, rotary: rotary), q, k, v)
        }
        let positions = context.layout.positions, workspace = tape.workspace
        let turned = [q.value, k.value].map {
            rotary?.apply(to: $0, positions, shape.headSize, in: workspace) ?? $0
        }
        return Variable(
            constant: cache.attend(
                index, turned[0], turned[1], v.value, context.layout.documents, shape))
    }
}
