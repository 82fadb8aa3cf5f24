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
    /// Matrices of logits that are held for a chunk of tokens: one, if the loss does not say.
    var logitMatrices: Int { get }

    /// Computes the losses of some tokens.
    ///
    /// - Parameters:
    ///   - logits: A row per token, f32; may be used up.
    ///   - chunk: Which of ``tokens`` they are.
    ///   - gradient: Takes the gradient of the scaled loss by the logits, if not nil; its rows may begin
    ///     where the logits' do.
    ///   - losses: `[parts, tokens]`: takes each part's loss of each token, unscaled.
    ///   - workspace: Memory and kernels.
    func evaluate(
        _ logits: ActivationRows, _ chunk: Range<Int>, gradient: ActivationRows?, losses: Tensor,
        in workspace: Workspace)
}

extension LogitLoss {
    /// The model's own.
    public var logitMatrices: Int { 1 }

    /// ``tokens`` in chunks: enough that decoding the output matrix is a small part of its product,
    /// and more, by whole tiles' heights, where no teacher's logits lie beside them and theirs, of so
    /// many columns, take 112 MiB at most.
    package func chunks(columns: Int) -> [Range<Int>] {
        let fitting = (112 << 20) / (max(1, columns) * 4) / 48 * 48
        let most = logitMatrices > 1 ? 192 : max(192, min(576, fitting))
        return stride(from: 0, to: tokens.count, by: most).map {
            $0..<min($0 + most, tokens.count)
        }
    }

    /// Each part's sum times its scale, added up in f64, `[1, 1]`.
    package func total(_ losses: Tensor, in workspace: Workspace) -> Tensor {
        let total = scales.enumerated().reduce(0.0) { sum, part in
            sum + Double(part.element) * losses.sum(ofRow: part.offset)
        }
        return workspace.tensor([Float(total)], rows: 1, columns: 1)
    }
}
