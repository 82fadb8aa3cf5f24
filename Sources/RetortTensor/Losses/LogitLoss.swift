import RetortKernels

/// The label of a token that is not supervised.
public let ignoredLabel: Int32 = -100

/// A loss of tokens that is computed from their logits, a chunk of tokens at a time.
///
/// A new loss is one type; ``LossHead`` gives it logits and takes its gradient back to the hidden
/// states.
public protocol LogitLoss {
    /// The tokens that have a part in it, ascending; all others cost nothing.
    var tokens: [Int] { get }
    /// Factor of each part's sum in the whole loss, such as one over a count of tokens.
    var scales: [Float] { get }

    /// Computes the losses of some tokens.
    ///
    /// - Parameters:
    ///   - logits: A row per token, f32; may be used up.
    ///   - chunk: Which of ``tokens`` they are.
    ///   - gradient: Takes the gradient of the scaled loss by the logits, if not nil.
    ///   - losses: `[parts, tokens]`: takes each part's loss of each token, unscaled.
    ///   - workspace: Memory and kernels.
    func evaluate(
        _ logits: ActivationRows, _ chunk: Range<Int>, gradient: ActivationRows?, losses: Tensor,
        in workspace: Workspace)
}

extension LogitLoss {
    /// Each part's sum times its scale, added up in f64, `[1, 1]`.
    package func total(_ losses: Tensor, in workspace: Workspace) -> Tensor {
        let total = scales.enumerated().reduce(0.0) { sum, part in
            sum + Double(part.element) * losses.sum(ofRow: part.offset)
        }
        return workspace.tensor([Float(total)], rows: 1, columns: 1)
    }
}
