import RetortKernels
import RetortTensor

/// What an operation computes, written as plainly as its definition.
protocol Reference {
    /// The output that a loss is made of; inputs as the operation takes them.
    func callAsFunction<S: Scalar>(_ inputs: [Grid<S>?]) -> Grid<S>
}

extension Reference {
    /// Slopes of `Σ weights · output` by every element of every input.
    func gradients(_ inputs: [Grid<Double>?], _ weights: Grid<Double>) -> [Grid<Double>?] {
        var duals = inputs.map { $0?.map { Dual($0) } }
        return inputs.indices.map { index in
            inputs[index].map { input in
                var gradient = input
                for place in input.values.indices {
                    duals[index]?.values[place].slope = 1
                    let out = self(duals)
                    duals[index]?.values[place].slope = 0
                    gradient.values[place] = zip(out.values, weights.values).reduce(0) {
                        $0 + $1.0.slope * $1.1
                    }
                }
                return gradient
            }
        }
    }

    /// The same by central differences.
    func differences(_ inputs: [Grid<Double>?], _ weights: Grid<Double>) -> [Grid<Double>?] {
        func sum(_ inputs: [Grid<Double>?]) -> Double {
            zip(self(inputs).values, weights.values).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let step = 1e-5
        return inputs.indices.map { index in
            inputs[index].map { input in
                var moved = inputs
                var gradient = input
                for place in input.values.indices {
                    moved[index]?.values[place] = input.values[place] + step
                    let above = sum(moved)
                    moved[index]?.values[place] = input.values[place] - step
                    gradient.values[place] = (above - sum(moved)) / (2 * step)
                    moved[index]?.values[place] = input.values[place]
                }
                return gradient
            }
        }
    }
}

/// Rows of a table.
struct EmbeddingReference: Reference {
    let ids: [Int32]

    func callAsFunction<S: Scalar>(_ inputs: [Grid<S>?]) -> Grid<S> {
        guard let table = inputs[0] else { preconditionFailure() }
        return Grid(ids.count, table.columnCount) { table[Int(ids[$0]), $1] }
    }
}

/// `x / sqrt(mean(x²) + epsilon) * weight`.
struct RMSNormReference: Reference {
    let epsilon: Double

    func callAsFunction<S: Scalar>(_ inputs: [Grid<S>?]) -> Grid<S> {
        guard let x = inputs[0], let weight = inputs[1] else { preconditionFailure() }
        let roots = (0..<x.rowCount).map { row in
            ((0..<x.columnCount).reduce(S(0)) { $0 + x[row, $1] * x[row, $1] }
                / S(Double(x.columnCount)) + S(epsilon)).root
        }
        return Grid(x.rowCount, x.columnCount) { x[$0, $1] / roots[$0] * weight[0, $1] }
    }
}

/// `x Wᵀ + bias + residual + scale · mask(x) Aᵀ Bᵀ`, inputs in that order but for the mask.
struct LinearReference: Reference {
    let frozen: Grid<Double>
    var scale = 1.0
    /// Factors of x before A.
    var mask: Grid<Double>?

    func callAsFunction<S: Scalar>(_ inputs: [Grid<S>?]) -> Grid<S> {
        guard let x = inputs[0] else { preconditionFailure() }
        var y = x.timesTransposed(inputs[2] ?? frozen.map { S($0) })
        if let residual = inputs[1] { y = y + residual }
        if let bias = inputs[3] {
            y = Grid(y.rowCount, y.columnCount) { y[$0, $1] + bias[0, $1] }
        }
        if let a = inputs[4], let b = inputs[5] {
            let kept = mask.map { mask in
                Grid(x.rowCount, x.columnCount) { x[$0, $1] * S(mask[$0, $1]) }
            }
            let low = (kept ?? x).timesTransposed(a).timesTransposed(b)
            y = Grid(y.rowCount, y.columnCount) { y[$0, $1] + S(scale) * low[$0, $1] }
        }
        return y
    }
}

/// `gate / (1 + exp(-gate)) * up`.
struct GatedSiLUReference: Reference {
    func callAsFunction<S: Scalar>(_ inputs: [Grid<S>?]) -> Grid<S> {
        guard let gate = inputs[0], let up = inputs[1] else { preconditionFailure() }
        return Grid(gate.rowCount, gate.columnCount) { row, column in
            let g = gate[row, column]
            return g / (S(1) + (-g).exponential) * up[row, column]
        }
    }
}

/// Rotation by the position's angles, then causal softmax attention within documents.
struct RotaryAttentionReference: Reference {
    let shape: AttentionShape
    let layout: TokenLayout
    /// Radians per position of every pair; empty for no rotation.
    let frequencies: [Double]

    private func rotated<S: Scalar>(_ x: Grid<S>) -> Grid<S> {
        let half = frequencies.count
        return Grid(x.rowCount, x.columnCount) { row, column in
            let i = column % shape.headSize, position = Double(layout.positions[row])
            guard i < 2 * half else { return x[row, column] }
            let angle = position * frequencies[i % half]
            let c = S(cosine(angle)), s = S(sine(angle))
            return i < half
                ? x[row, column] * c - x[row, column + half] * s
                : x[row, column] * c + x[row, column - half] * s
        }
    }

    func callAsFunction<S: Scalar>(_ inputs: [Grid<S>?]) -> Grid<S> {
        guard let q = inputs[0].map(rotated), let k = inputs[1].map(rotated), let v = inputs[2]
        else { preconditionFailure() }
        let size = shape.headSize, group = shape.headCount / shape.keyValueHeadCount
        var out = q.map { _ in S(0) }
        for document in layout.documents {
            for query in document {
                let first = max(document.lowerBound, query + 1 - (shape.window ?? query + 1))
                for head in 0..<shape.headCount {
                    let own = head * size, other = head / group * size
                    let scores = (first...query).map { key in
                        (0..<size).reduce(S(0)) { $0 + q[query, own + $1] * k[key, other + $1] }
                            * S(Double(shape.scale))
                    }
                    let weights = scores.map(\.exponential)
                    let sum = weights.reduce(S(0)) { $0 + $1 }
                    for (weight, key) in zip(weights, first...query) {
                        for i in 0..<size {
                            out[query, own + i] += weight / sum * v[key, other + i]
                        }
                    }
                }
            }
        }
        return out
    }
}

/// `scale · Σ (log Σ exp(logits) - logits[label])` over labelled tokens, logits `hidden · Wᵀ`.
struct CrossEntropyReference: Reference {
    let frozen: Grid<Double>
    let labels: [Int32]
    let scale: Double

    /// The loss of every labelled token.
    func tokenLosses<S: Scalar>(_ inputs: [Grid<S>?]) -> [S] {
        guard let hidden = inputs[0] else { preconditionFailure() }
        let logits = hidden.timesTransposed(inputs[1] ?? frozen.map { S($0) })
        return labels.indices.filter { labels[$0] >= 0 }.map { row in
            let sum = (0..<logits.columnCount).reduce(S(0)) { $0 + logits[row, $1].exponential }
            return sum.logarithm - logits[row, Int(labels[row])]
        }
    }

    func callAsFunction<S: Scalar>(_ inputs: [Grid<S>?]) -> Grid<S> {
        let sum = tokenLosses(inputs).reduce(S(0)) { $0 + $1 }
        return Grid(1, 1) { _, _ in S(scale) * sum }
    }
}
