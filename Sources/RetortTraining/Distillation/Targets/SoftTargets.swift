import RetortTensor

/// What is kept of a teacher's distribution over the next token.
public enum SoftTargetMode: Sendable, Equatable {
    /// The most probable tokens, and the mass of all others.
    case topK(Int)
    /// Tokens drawn from `r ~ p^power` with weights `p / (count · r)`: unbiased (arXiv:2503.16870).
    case samples(count: Int, power: Double, seed: UInt64)

    /// The most samples of a row that a file may have.
    public static let mostSamples = 65_536

    /// Tokens that are kept for each row.
    public var width: Int {
        switch self {
        case .topK(let k): k
        case .samples(let count, _, _): count
        }
    }
}

/// One document with its teacher's distributions.
public struct SoftTargetDocument: Sendable, Equatable {
    /// Tokens, labels, line and byte spans.
    public let example: TrainingExample
    /// The tokens after which a distribution is kept, ascending: row `i` of ``targets`` is the
    /// distribution over token `positions[i] + 1`, given all tokens up to `positions[i]`.
    public let positions: [Int32]
    /// The distributions.
    public let targets: SoftTargets
}
