import RetortKernels

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

extension SoftTargets {
    /// Some of the rows.
    package func rows(_ range: Range<Int>) -> SoftTargets {
        switch self {
        case .topK(let k, let ids, let logs, let tail):
            let part = range.lowerBound * k..<range.upperBound * k
            return .topK(
                k: k, ids: Array(ids[part]), logProbabilities: Array(logs[part]),
                tailMass: Array(tail[range]))
        case .samples(let count, let ids, let weights):
            let part = range.lowerBound * count..<range.upperBound * count
            return .samples(count: count, ids: Array(ids[part]), weights: Array(weights[part]))
        }
    }

    /// The same without ids that a student does not have: their probability goes to the tail, and
    /// draws of them count nothing.
    ///
    /// - Parameter vocabulary: The student's size.
    /// - Returns: Targets of the same width; freed places of a top have id -1.
    package func within(_ vocabulary: Int) -> SoftTargets {
        switch self {
        case .topK(let k, var ids, var logs, var tail):
            for row in tail.indices {
                let places = row * k..<(row + 1) * k
                let kept = places.filter { ids[$0] < vocabulary }
                if kept.count == k { continue }
                tail[row] += places.reduce(0) {
                    $0 + (ids[$1] < vocabulary ? 0 : LogitRow.probability(logs[$1]))
                }
                let rest = k - kept.count
                ids.replaceSubrange(
                    places, with: kept.map { ids[$0] } + Array(repeating: -1, count: rest))
                logs.replaceSubrange(
                    places,
                    with: kept.map { logs[$0] } + Array(repeating: -.infinity, count: rest))
            }
            return .topK(k: k, ids: ids, logProbabilities: logs, tailMass: tail)
        case .samples(let count, let ids, let weights):
            return .samples(
                count: count, ids: ids.map { $0 < vocabulary ? $0 : 0 },
                weights: zip(ids, weights).map { $0 < vocabulary ? $1 : 0 })
        }
    }

    /// Targets of the same kind and width, joined; nil if they are of different kinds.
    package static func joined(_ parts: [SoftTargets]) -> SoftTargets? {
        guard var all = parts.first else { return nil }
        for part in parts.dropFirst() {
            switch (all, part) {
            case (.topK(let k, var ids, var logs, var tail), .topK(_, let moreIDs, let more, let t)):
                ids += moreIDs
                logs += more
                tail += t
                all = .topK(k: k, ids: ids, logProbabilities: logs, tailMass: tail)
            case (.samples(let count, var ids, var weights), .samples(_, let moreIDs, let more)):
                ids += moreIDs
                weights += more
                all = .samples(count: count, ids: ids, weights: weights)
            default: return nil
            }
        }
        return all
    }
}
