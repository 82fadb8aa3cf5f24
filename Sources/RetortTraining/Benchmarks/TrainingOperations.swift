import RetortKernels
import RetortModels

/// Arithmetic that a training step needs: two operations for each multiplication with its addition in
/// the matrix products, attention's causal ones among them.
///
/// Norms, softmax, rotary positions, the loss and the optimizer are left out, as are products that an
/// implementation does twice of its own accord.
struct TrainingOperations {
    let description: DecoderDescription
    /// Tokens of a row.
    let length: Int

    /// Values of the matrices of all layers.
    private var layerWeights: Double {
        description.layers.reduce(0) { sum, layer in
            sum + layer.matrices(description.hiddenSize).reduce(0) { $0 + $1.inputs * $1.outputs }
        }
    }

    private var headWeights: Double {
        Double(description.hiddenSize) * Double(description.vocabularySize)
    }

    /// Scores and weighted values of all layers, per token.
    private var attention: Double {
        description.layers.reduce(0) { sum, layer in
            let attention = layer.attention, window = min(attention.window ?? length, length)
            let pairs =
                Double(window) * (Double(window) + 1) / 2
                + Double(length - window) * Double(window)
            return sum + 4 * Double(attention.headCount * attention.headSize) * pairs
                / Double(length)
        }
    }

    /// Per token.
    var forward: Double { 2 * (layerWeights + headWeights) + attention }

    /// Training of all weights, per token.
    func full(checkpointing: Bool) -> Double {
        6 * (layerWeights + headWeights) + 3 * attention
            + (checkpointing ? 2 * layerWeights + attention : 0)
    }

    /// Training of an adapter on all matrices of the layers, per token.
    ///
    /// Below the first layer's queries, keys and values nothing is trained, so that no gradient is
    /// needed there.
    func adapter(rank: Int, checkpointing: Bool) -> Double {
        let low =
            description.layers.reduce(0.0) { sum, layer in
                sum
                    + layer.matrices(description.hiddenSize).reduce(0) {
                        $0 + $1.inputs + $1.outputs
                    }
            } * Double(rank)
        let first = description.layers.first?.matrices(description.hiddenSize).prefix(3)
        let unneeded = (first ?? []).reduce(0) { $0 + 2 * $1.inputs * $1.outputs }
        return 4 * (layerWeights + headWeights) - unneeded + 3 * attention + 6 * low
            + (checkpointing ? 2 * (layerWeights + low) + attention : 0)
    }
}

extension LayerDescription {
    /// Sizes of its matrices: query, key, value, output, gate, up, down.
    fileprivate func matrices(_ hidden: Int) -> [(inputs: Double, outputs: Double)] {
        let hidden = Double(hidden), inner = Double(feedForward.innerSize)
        let heads = Double(attention.headCount * attention.headSize)
        let groups = Double(attention.keyValueHeadCount * attention.headSize)
        return [
            (hidden, heads), (hidden, groups), (hidden, groups), (heads, hidden), (hidden, inner),
            (hidden, inner), (inner, hidden),
        ]
    }
}
