import Glibc
import RetortKernels

/// Softmax attention and its gradients by their definition, in `Double`.
struct PlainAttention {
    let shape: AttentionShape
    let type: ElementType
    /// Each token's first visible token and itself: causal, within its document and window.
    let visible: [ClosedRange<Int>]
    /// Rounded to the type, `[tokens, heads * headSize]`.
    let q, k, v, dout: [Double]

    init(
        _ shape: AttentionShape, _ type: ElementType, _ documents: [Range<Int>], q: [Float],
        k: [Float], v: [Float], dout: [Float]
    ) {
        self.shape = shape
        self.type = type
        visible = documents.flatMap { document in
            document.map { token in
                let first = shape.window.map { token - $0 + 1 } ?? document.lowerBound
                return max(document.lowerBound, first)...token
            }
        }
        func exact(_ values: [Float]) -> [Double] { values.map { Double(rounded($0, to: type)) } }
        (self.q, self.k, self.v, self.dout) = (exact(q), exact(k), exact(v), exact(dout))
    }

    /// Where the head of a token begins in rows of `heads` heads.
    private func place(_ token: Int, _ head: Int, _ heads: Int) -> Int {
        (token * heads + head) * shape.headSize
    }

    private func dot(_ a: [Double], _ i: Int, _ b: [Double], _ j: Int) -> Double {
        (0..<shape.headSize).reduce(0) { $0 + a[i + $1] * b[j + $1] }
    }

    /// Weights of one query over what it sees, and the log of their denominator.
    private func weights(_ token: Int, _ head: Int) -> (weights: [Double], logSum: Double) {
        let own = head / (shape.headCount / shape.keyValueHeadCount)
        let scores = visible[token].map {
            Double(shape.scale)
                * dot(
                    q, place(token, head, shape.headCount), k,
                    place($0, own, shape.keyValueHeadCount))
        }
        let top = scores.max() ?? 0
        let sum = scores.reduce(0) { $0 + exp($1 - top) }
        return (scores.map { exp($0 - top) / sum }, top + log(sum))
    }

    /// What an f32 weight, computed from f32 scores, may be off by, relative to it: scores of a few
    /// units, each a sum of up to 128 products.
    private let weightError = 1e-5
    /// What rounding a weight before the second product adds.
    private var rounding: Double { type == .bfloat16 ? bfloat16Unit : 0 }

    /// The output and the log sums.
    func forward() -> (out: [Expected], logSums: [Expected]) {
        let heads = shape.headCount, size = shape.headSize
        var out = Array(repeating: Expected(0, 1e-36), count: visible.count * heads * size)
        var logSums: [Expected] = []
        for token in visible.indices {
            for head in 0..<heads {
                let own = head / (heads / shape.keyValueHeadCount)
                let (weights, logSum) = weights(token, head)
                logSums.append(Expected(logSum, 2e-6 * (1 + abs(logSum))))
                let at = place(token, head, heads)
                for (weight, key) in zip(weights, visible[token]) {
                    let value = place(key, own, shape.keyValueHeadCount)
                    for i in 0..<size {
                        out[at + i].value += weight * v[value + i]
                        out[at + i].tolerance +=
                            (weightError + rounding) * weight * abs(v[value + i])
                    }
                }
                for i in at..<at + size {
                    out[i].tolerance += roundingUnit(type) * abs(out[i].value)
                }
            }
        }
        return (out, logSums)
    }

    /// What `Σ p dp` may be off by where it is the product of the output, rounded as the forward pass
    /// left it, and its gradient.
    private func meanError(_ token: Int, _ head: Int, _ weights: [Double]) -> Double {
        let own = head / (shape.headCount / shape.keyValueHeadCount)
        let at = place(token, head, shape.headCount)
        var sum = 0.0
        for (weight, key) in zip(weights, visible[token]) {
            let value = place(key, own, shape.keyValueHeadCount)
            for i in 0..<shape.headSize { sum += weight * abs(v[value + i] * dout[at + i]) }
        }
        return (rounding + roundingUnit(type)) * sum
    }

    /// The gradients of q, k and v.
    func backward() -> (dq: [Expected], dk: [Expected], dv: [Expected]) {
        let heads = shape.headCount, groups = shape.keyValueHeadCount, size = shape.headSize
        func zeros(_ count: Int) -> [Expected] {
            Array(repeating: Expected(0, 1e-36), count: visible.count * count * size)
        }
        var dq = zeros(heads), dk = zeros(groups), dv = zeros(groups)
        for token in visible.indices {
            for head in 0..<heads {
                let own = head / (heads / groups), at = place(token, head, heads)
                let (weights, _) = weights(token, head)
                let slopes = visible[token].map { dot(dout, at, v, place($0, own, groups)) }
                let mean = zip(weights, slopes).reduce(0) { $0 + $1.0 * $1.1 }
                let meanOff = meanError(token, head, weights)
                for (index, key) in visible[token].enumerated() {
                    let weight = weights[index], other = place(key, own, groups)
                    let scale = Double(shape.scale)
                    let ds = scale * weight * (slopes[index] - mean)
                    // Its f32 error is that of the two terms of the difference.
                    let off =
                        rounding * abs(ds)
                        + 2 * weightError * scale * weight * (abs(slopes[index]) + abs(mean) + 1)
                        + scale * weight * meanOff
                    for i in 0..<size {
                        dq[at + i].value += ds * k[other + i]
                        dq[at + i].tolerance += off * abs(k[other + i])
                        dk[other + i].value += ds * q[at + i]
                        dk[other + i].tolerance += off * abs(q[at + i])
                        dv[other + i].value += weight * dout[at + i]
                        dv[other + i].tolerance +=
                            (weightError + rounding) * weight * abs(dout[at + i])
                    }
                }
            }
        }
        return (dq, dk, dv)
    }
}
