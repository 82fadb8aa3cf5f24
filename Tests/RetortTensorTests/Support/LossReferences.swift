import RetortKernels
import RetortTensor

/// Distillation from full distributions, as its definition says.
struct DistillationReference: Reference {
    let frozen: Grid<Double>
    /// A row per token.
    let teacher: Grid<Double>
    let labels: [Int32]
    /// Tokens with a soft part.
    let taught: [Int]
    let loss: SoftLoss
    let temperature: Double
    let scales: (hard: Double, soft: Double)
    /// The student's and the teacher's place of each shared token; nil for all.
    var pairs: (student: [Int], teacher: [Int])?
    var softcap: Double?

    func callAsFunction<S: Scalar>(_ inputs: [Grid<S>?]) -> Grid<S> {
        guard let hidden = inputs[0] else { preconditionFailure() }
        var logits = hidden.timesTransposed(inputs[1] ?? frozen.map { S($0) })
        if let softcap {
            logits = logits.map { x in
                // tanh by exponentials.
                let e = (x / S(softcap) * S(2)).exponential
                return S(softcap) * (e - S(1)) / (e + S(1))
            }
        }
        var sum = S(0)
        for row in 0..<logits.rowCount where labels[row] >= 0 {
            let q = softmax(row: row, of: logits, 1)
            sum += -S(scales.hard) * q[Int(labels[row])].logarithm
        }
        let teacher = self.teacher.map { S($0) }
        for row in taught {
            var q = softmax(row: row, of: logits, temperature)
            var p = softmax(row: row, of: teacher, temperature)
            if let pairs {
                (q, p) = (
                    normalized(pairs.student.map { q[$0] }), normalized(pairs.teacher.map { p[$0] })
                )
            }
            sum += S(scales.soft) * distance(p, q)
        }
        return Grid(1, 1) { _, _ in sum }
    }

    private func softmax<S: Scalar>(row: Int, of x: Grid<S>, _ temperature: Double) -> [S] {
        normalized((0..<x.columnCount).map { (x[row, $0] / S(temperature)).exponential })
    }

    private func normalized<S: Scalar>(_ x: [S]) -> [S] {
        let sum = x.reduce(S(0)) { $0 + $1 }
        return x.map { $0 / sum }
    }

    private func kl<S: Scalar>(_ a: [S], _ b: [S]) -> S {
        zip(a, b).reduce(S(0)) { $0 + $1.0 * ($1.0.logarithm - $1.1.logarithm) }
    }

    private func mixed<S: Scalar>(_ part: Double, _ a: [S], _ b: [S]) -> [S] {
        zip(a, b).map { S(part) * $0 + S(1 - part) * $1 }
    }

    private func absolute<S: Scalar>(_ x: S) -> S { x.number < 0 ? -x : x }

    private func distance<S: Scalar>(_ p: [S], _ q: [S]) -> S {
        switch loss {
        case .divergence(.forwardKL): return kl(p, q)
        case .divergence(.reverseKL): return kl(q, p)
        case .divergence(.generalizedJSD(let beta)):
            let m = mixed(Double(beta), p, q)
            return S(Double(beta)) * kl(p, m) + S(1 - Double(beta)) * kl(q, m)
        case .divergence(.skewForwardKL(let lambda)): return kl(p, mixed(Double(lambda), p, q))
        case .divergence(.skewReverseKL(let lambda)): return kl(q, mixed(Double(lambda), q, p))
        case .divergence(.totalVariation):
            return zip(p, q).reduce(S(0)) { $0 + absolute($1.0 - $1.1) / S(2) }
        case .ranked:
            let zero = [S](repeating: S(0), count: abs(p.count - q.count))
            func sorted(_ x: [S], _ count: Int) -> [S] {
                x.sorted { $0.number > $1.number } + zero.prefix(count - x.count)
            }
            let count = max(p.count, q.count)
            return zip(sorted(p, count), sorted(q, count)).reduce(S(0)) {
                $0 + absolute($1.0 - $1.1)
            }
        default: preconditionFailure("a loss of full distributions")
        }
    }
}

/// Distillation from stored targets, as its definition says; one soft row per token.
struct StoredTargetsReference: Reference {
    let frozen: Grid<Double>
    let targets: SoftTargets
    let loss: SoftLoss
    let temperature: Double
    let scale: Double

    func callAsFunction<S: Scalar>(_ inputs: [Grid<S>?]) -> Grid<S> {
        guard let hidden = inputs[0] else { preconditionFailure() }
        let logits = hidden.timesTransposed(inputs[1] ?? frozen.map { S($0) })
        let sum = (0..<logits.rowCount).reduce(S(0)) { $0 + value($1, logits) }
        return Grid(1, 1) { _, _ in S(scale) * sum }
    }

    private func value<S: Scalar>(_ row: Int, _ logits: Grid<S>) -> S {
        let weights = (0..<logits.columnCount).map {
            (logits[row, $0] / S(temperature)).exponential
        }
        let whole = weights.reduce(S(0)) { $0 + $1 }
        let q = weights.map { $0 / whole }
        switch targets {
        case .samples(let count, let ids, let draws):
            return (row * count..<(row + 1) * count).reduce(S(0)) {
                $0 - S(Double(draws[$1])) * q[Int(ids[$1])].logarithm
            }
        case .topK(let k, let ids, let logs, let tail):
            let part = row * k..<(row + 1) * k
            let own = part.map { Int(ids[$0]) }
            let outside = q.indices.filter { !own.contains($0) }
            let rest = outside.reduce(S(0)) { $0 + q[$1] }
            let top = part.map { (Double(logs[$0]) / temperature).exponential }
            switch loss {
            case .topK(.tail):
                let mass = Double(tail[row])
                var sum = zip(top, own).reduce(S(0)) { sum, entry in
                    sum + S(entry.0) * (S(entry.0.logarithm) - q[entry.1].logarithm)
                }
                if mass > 0 { sum += S(mass) * (S(mass.logarithm) - rest.logarithm) }
                return sum
            case .topK(let form):
                let total = top.reduce(0, +)
                let among = own.reduce(S(0)) { $0 + q[$1] }
                return zip(top, own).reduce(S(0)) { sum, entry in
                    let p = entry.0 / total
                    let share = form == .renormalizedBoth ? q[entry.1] / among : q[entry.1]
                    return sum + S(p) * (S(p.logarithm) - share.logarithm)
                }
            default:
                let sorted = q.sorted { $0.number > $1.number }
                var sum = S(0)
                for (rank, p) in top.enumerated() { sum += absolute(S(p) - sorted[rank]) }
                let behind = sorted.dropFirst(k).reduce(S(0)) { $0 + $1 }
                return sum + absolute(S(Double(tail[row])) - behind)
            }
        }
    }

    private func absolute<S: Scalar>(_ x: S) -> S { x.number < 0 ? -x : x }
}

/// Distance of hidden states.
struct HiddenMatchReference: Reference {
    let teacher: Grid<Double>
    let tokens: [Int]
    let distance: HiddenDistance
    let scale: Double

    func callAsFunction<S: Scalar>(_ inputs: [Grid<S>?]) -> Grid<S> {
        guard let student = inputs[0] else { preconditionFailure() }
        var sum = S(0)
        for row in tokens {
            let x = (0..<student.columnCount).map { student[row, $0] }
            let y = (0..<student.columnCount).map { S(teacher[row, $0]) }
            switch distance {
            case .mse:
                let difference = zip(x, y).map { $0 - $1 }
                sum += dot(difference, difference) / S(Double(x.count))
            case .cosine: sum += S(1) - dot(x, y) / (dot(x, x) * dot(y, y)).root
            }
        }
        return Grid(1, 1) { _, _ in S(scale) * sum }
    }

    private func dot<S: Scalar>(_ a: [S], _ b: [S]) -> S {
        zip(a, b).reduce(S(0)) { $0 + $1.0 * $1.1 }
    }
}

/// Divergence of attention weights, without rotation.
struct AttentionMatchReference: Reference {
    let shape: AttentionShape
    let layout: TokenLayout
    let teacher: (q: Grid<Double>, k: Grid<Double>)
    let tokens: [Int]
    let scale: Double

    private func weights<S: Scalar>(
        _ q: Grid<S>, _ k: Grid<S>, _ query: Int, _ head: Int, _ first: Int
    ) -> [S] {
        let size = shape.headSize, group = shape.headCount / shape.keyValueHeadCount
        let scores = (first...query).map { key in
            ((0..<size).reduce(S(0)) {
                $0 + q[query, head * size + $1] * k[key, head / group * size + $1]
            } * S(Double(shape.scale))).exponential
        }
        let sum = scores.reduce(S(0)) { $0 + $1 }
        return scores.map { $0 / sum }
    }

    func callAsFunction<S: Scalar>(_ inputs: [Grid<S>?]) -> Grid<S> {
        guard let q = inputs[0], let k = inputs[1] else { preconditionFailure() }
        var sum = S(0)
        for document in layout.documents {
            for query in document where tokens.contains(query) {
                for head in 0..<shape.headCount {
                    let p = weights(teacher.q, teacher.k, query, head, document.lowerBound)
                    let own = weights(q, k, query, head, document.lowerBound)
                    for (p, own) in zip(p, own) {
                        sum +=
                            S(p / Double(shape.headCount)) * (S(p.logarithm) - own.logarithm)
                    }
                }
            }
        }
        return Grid(1, 1) { _, _ in S(scale) * sum }
    }
}
