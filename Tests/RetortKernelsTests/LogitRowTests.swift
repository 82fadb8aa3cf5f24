import Glibc
import RetortKernels
import Testing

@Suite("Losses of a row of logits")
struct LogitRowTests {
    /// Log-probabilities in `Double`.
    private static func logProbabilities(_ logits: [Float], _ temperature: Double) -> [Double] {
        let x = logits.map { Double($0) / temperature }
        let top = x.max() ?? 0
        let logSum = top + log(x.reduce(0) { $0 + exp($1 - top) })
        return x.map { $0 - logSum }
    }

    @Test(
        "add up at every level, apart and in place of the logits",
        arguments: [1, 15, 17, 511, 513, 1031])
    func sums(vocabulary: Int) {
        var random = Random(23)
        let logits = random.values(5 * vocabulary, times: 6)
        let targets = random.values(5 * vocabulary, times: 6)
        let temperature = 2.0, hard = 0.25, soft = 0.5, squared = 0.125
        for type in [ElementType.float32, .bfloat16] {
            var losses: [Expected] = [], gradient: [Expected] = []
            for row in 0..<5 {
                let span = row * vocabulary..<(row + 1) * vocabulary, label = row * 7 % vocabulary
                let own = Self.logProbabilities(Array(logits[span]), 1)
                let q = Self.logProbabilities(Array(logits[span]), temperature)
                let p = Self.logProbabilities(Array(targets[span]), temperature)
                let logSum = Double(logits[span.lowerBound]) - own[0]
                let divergence = zip(p, q).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
                let loss = -own[label] + divergence + squared * logSum * logSum
                losses.append(Expected(loss, 2e-6 * (1 + abs(loss) + logSum * logSum)))
                for id in 0..<vocabulary {
                    let value =
                        hard * (exp(own[id]) - (id == label ? 1 : 0))
                        + soft * (exp(q[id]) - exp(p[id])) / temperature
                        + 2 * squared * logSum * exp(own[id])
                    gradient.append(
                        Expected(value, 4e-6 * (1 + abs(logSum)) + roundingUnit(type) * abs(value)))
                }
            }
            for isInPlace in [false, true] {
                judge([losses, gradient], "\(vocabulary) \(type)") { kernels, memory in
                    let x = memory.rows(logits, vocabulary, stride: vocabulary + 16, .float32)
                    let teacher = memory.rows(targets, vocabulary, .float32)
                    let sums = memory.rows(1, 5, .float32)
                    let into = isInPlace ? x.inPlace(type) : memory.rows(5, vocabulary, type)
                    kernels.eachLogitRow(x, gradient: into) { index, row in
                        var sum = row.crossEntropy(
                            label: index * 7 % vocabulary, scale: Float(hard))
                        sum += row.squaredLogSum(coefficient: Float(squared), scale: 1)
                        let start = teacher.base + index * vocabulary * 4
                        sum += row.divergence(
                            from: start.assumingMemoryBound(to: Float.self), .forwardKL,
                            temperature: Float(temperature), scale: Float(soft))
                        sums.put(sum, 0, index)
                    }
                    return [sums.values, into.values]
                }
            }
        }
    }
}
