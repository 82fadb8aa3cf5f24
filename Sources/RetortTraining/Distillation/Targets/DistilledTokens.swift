import RetortTensor

/// Which tokens of the data a student learns from its teacher's distribution.
public enum DistilledTokens: String, RecipeChoice {
    /// Those that have a label.
    case supervised
    /// Those that have none.
    case unsupervised
    /// All.
    case all

    /// The tokens of an example after which the teacher's distribution is wanted.
    ///
    /// The distribution after token `t` is about token `t + 1`, so it is that token's label which
    /// decides; nothing is wanted after the last one.
    ///
    /// - Parameter example: Tokens and labels.
    /// - Returns: Positions, ascending.
    public func positions(in example: TrainingExample) -> [Int32] {
        (0..<Int32(clamping: max(0, example.ids.count - 1))).filter { position in
            let hasLabel = example.labels[Int(position) + 1] != ignoredLabel
            return switch self {
            case .supervised: hasLabel
            case .unsupervised: !hasLabel
            case .all: true
            }
        }
    }
}
