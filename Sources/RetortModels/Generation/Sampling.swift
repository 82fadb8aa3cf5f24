#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif
import RetortTensor

/// How the next token is chosen from the logits.
public struct Sampling: Sendable, Equatable {
    /// Divides the logits; 0 always takes the likeliest token.
    public var temperature = 0.0
    /// Keeps this many likeliest tokens; nil for all.
    public var topK: Int?
    /// Keeps the likeliest tokens that together have this probability (arXiv:1904.09751).
    public var topP = 1.0
    /// Keeps tokens at least this part as likely as the likeliest (arXiv:2407.01082).
    public var minP = 0.0
    /// Divides positive and multiplies negative logits of tokens that were there (arXiv:1909.05858).
    public var repetitionPenalty = 1.0
    /// Of the random choices.
    public var seed: UInt64 = 0

    /// Creates greedy sampling.
    public init() {}

    /// Whether the largest logit is always chosen.
    var isGreedy: Bool { temperature == 0 && repetitionPenalty == 1 }

    /// Chooses a token.
    ///
    /// - Parameters:
    ///   - logits: One per token of the vocabulary.
    ///   - history: Tokens so far, prompt included, for the repetition penalty.
    ///   - random: A number in `0 ..< 1`.
    /// - Returns: The id; of equal logits the lowest.
    func choose(_ logits: [Float], history: [Int32], random: @autoclosure () -> Double) -> Int {
        var logits = logits
        if repetitionPenalty != 1 {
            let penalty = Float(repetitionPenalty)
            for id in Set(history) {
                let logit = logits[Int(id)]
                logits[Int(id)] = logit > 0 ? logit / penalty : logit * penalty
            }
        }
        var best = 0
        for id in logits.indices where logits[id] > logits[best] { best = id }
        if temperature == 0 { return best }

        let top = logits[best]
        var candidates = logits.indices.map { id in
            (id: id, weight: exp(Double(logits[id] - top) / temperature))
        }
        if topK != nil || topP < 1 {
            candidates.sort { $0.weight != $1.weight ? $0.weight > $1.weight : $0.id < $1.id }
        }
        if let topK { candidates = Array(candidates.prefix(max(1, topK))) }
        if topP < 1 {
            let total = candidates.reduce(0) { $0 + $1.weight }
            var sum = 0.0
            let count = candidates.prefix { candidate in
                defer { sum += candidate.weight }
                return sum < topP * total
            }.count
            candidates = Array(candidates.prefix(max(1, count)))
        }
        // The likeliest has weight 1.
        if minP > 0 { candidates = candidates.filter { $0.weight >= minP } }
        var left = random() * candidates.reduce(0) { $0 + $1.weight }
        for candidate in candidates {
            left -= candidate.weight
            if left < 0 { return candidate.id }
        }
        return candidates.last?.id ?? best
    }
}
