import RetortTensor

/// LoRA beside one weight: `y = W x + scale · B (A dropout(x))` (arXiv:2106.09685).
package struct LowRankAdapter {
    /// `[rank, inputs]`.
    package let a: Parameter
    /// `[outputs, rank]`.
    package let b: Parameter
    /// `alpha / rank`, or `alpha / √rank` for rsLoRA (arXiv:2312.03732).
    package let scale: Float
    /// Probability of dropping an input of A in training.
    package let dropout: Float
}
