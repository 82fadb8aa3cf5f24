import RetortKernels

/// What a decoder computes, without a name of any family: the forward pass obeys this value.
public struct DecoderDescription: Sendable, Equatable {
    /// Rows of the embedding, logits of the head.
    public var vocabularySize: Int
    /// Width of the residual stream.
    public var hiddenSize: Int
    /// Positions that the model was trained for.
    public var maximumPosition: Int
    /// The norm before the head.
    public var finalNorm: NormDescription
    /// Whether the output matrix is the embedding.
    public var tiesEmbeddings: Bool
    /// The layers, first to last.
    public var layers: [LayerDescription]
}

/// One layer: attention, then feed-forward, each added to the residual stream.
public struct LayerDescription: Sendable, Equatable {
    /// The norm before attention.
    public var attentionNorm: NormDescription
    /// The attention.
    public var attention: AttentionDescription
    /// The norm before the feed-forward block.
    public var feedForwardNorm: NormDescription
    /// The feed-forward block.
    public var feedForward: FeedForwardDescription
}

/// A norm's kind and constants.
public enum NormDescription: Sendable, Equatable {
    /// Root mean square (arXiv:1910.07467).
    case rms(epsilon: Float)

    var epsilon: Float {
        switch self {
        case .rms(let epsilon): epsilon
        }
    }
}

/// Causal softmax attention with grouped heads.
public struct AttentionDescription: Sendable, Equatable {
    /// Query heads.
    public var headCount: Int
    /// Key and value heads.
    public var keyValueHeadCount: Int
    /// Values in a head.
    public var headSize: Int
    /// How positions turn queries and keys; nil for not at all.
    public var rotary: RotaryDescription?
    /// Keys that a query sees; nil for all before it.
    public var window: Int?
    /// Whether the query, key and value projections have biases.
    public var hasInputBias: Bool
    /// Whether the output projection has a bias.
    public var hasOutputBias: Bool

    /// Sizes for the kernels; scores are divided by the root of the head's size.
    public var shape: AttentionShape {
        AttentionShape(
            headCount: headCount, keyValueHeadCount: keyValueHeadCount, headSize: headSize,
            scale: 1 / Float(headSize).squareRoot(), window: window)
    }
}

/// A gated feed-forward block (arXiv:2002.05202).
public struct FeedForwardDescription: Sendable, Equatable {
    /// Width of the gate.
    public var innerSize: Int
    /// Whether its matrices have biases.
    public var hasBias: Bool
}
