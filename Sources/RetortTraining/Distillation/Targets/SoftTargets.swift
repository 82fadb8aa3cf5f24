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

/// A teacher's distributions over the next token, at temperature 1, for some rows.
public enum SoftTargets: Sendable, Equatable {
    /// The `k` most probable tokens of every row: `[rows, k]` ids and logs of probabilities among the
    /// whole vocabulary, best first; `[rows]` the probability of all others together.
    case topK(k: Int, ids: [Int32], logProbabilities: [Float], tailMass: [Float])
    /// Drawn tokens of every row: `[rows, count]` ids, which may repeat, and weights.
    case samples(count: Int, ids: [Int32], weights: [Float])

    /// Rows.
    public var rowCount: Int {
        switch self {
        case .topK(let k, let ids, _, _): ids.count / max(k, 1)
        case .samples(let count, let ids, _): ids.count / max(count, 1)
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
