import Foundation
import RetortKernels
import Testing

@Suite("Targets from logits")
struct TargetSelectionTests {
    static let levels = Kernels.levelNames

    /// Logits of some rows, used up by the functions, so each call gets its own.
    private func with<Result>(
        _ values: [Float], columns: Int, _ body: (ActivationRows) -> Result
    ) -> Result {
        var copy = values
        return copy.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { preconditionFailure("there are values") }
            return body(
                ActivationRows(
                    base: base, rowCount: values.count / columns,
                    columnCount: columns, stride: columns, type: .float32))
        }
    }

    private func logits(_ count: Int, seed: UInt64, step: Float) -> [Float] {
        let key = PhiloxKey(seed)
        return (0..<count).map { index in
            let words = key.block(UInt64(index), 0)
            let sum = (0..<4).reduce(Float(0)) { $0 + Float(words[$1]) * 0x1p-32 }
            // Steps make equal values.
            return ((sum - 2) * 8 / step).rounded() * step
        }
    }

    @Test(
        "are those of a plain sort, ties to the lower id",
        arguments: levels, [(7, 1), (7, 7), (1031, 8), (1031, 300), (1031, 1031), (20_000, 64)])
    func top(level: String, size: (vocabulary: Int, k: Int)) throws {
        let kernels = try #require(Kernels(threads: 2, levelName: level))
        for step: Float in [0.0001, 0.5] {
            let rows = 3
            let values = logits(rows * size.vocabulary, seed: 3, step: step)
            let found = with(values, columns: size.vocabulary) {
                kernels.topTargets($0, size.k)
            }
            for row in 0..<rows {
                let x = values[row * size.vocabulary..<(row + 1) * size.vocabulary].map {
                    Double($0)
                }
                let order = x.indices.sorted { (-x[$0], $0) < (-x[$1], $1) }
                let all = x.reduce(0) { $0 + exp($1) }
                let part = row * size.k..<(row + 1) * size.k
                #expect(found.ids[part].elementsEqual(order.prefix(size.k).map { Int32($0) }))
                #expect(
                    zip(found.logProbabilities[part], order).allSatisfy {
                        abs(Double($0) - (x[$1] - log(all))) < 1e-5
                    })
                let tail = order.dropFirst(size.k).reduce(0) { $0 + exp(x[$1]) } / all
                #expect(abs(Double(found.tailMass[row]) - tail) <= 2e-6 * tail)
            }
        }
    }

    @Test("keep the digits of a tiny tail, and say where a logit is no number", arguments: levels)
    func extremes(level: String) throws {
        let kernels = try #require(Kernels(threads: 1, levelName: level))
        var values = [Float](repeating: -40, count: 50)
        values[17] = 40
        let sharp = with(values, columns: 50) { kernels.topTargets($0, 1) }
        #expect(sharp.ids == [17])
        #expect(sharp.logProbabilities[0] == 0)
        let tail = 49 * exp(-80.0)
        #expect(abs(Double(sharp.tailMass[0]) - tail) < 1e-5 * tail)
        let all = with(values, columns: 50) { kernels.topTargets($0, 50) }
        #expect(all.tailMass == [0] && all.ids.last == 49)
        for odd in [Float.nan, .infinity, -.infinity] {
            values[20] = odd
            #expect(with(values, columns: 50) { kernels.topTargets($0, 2) }.tailMass[0].isNaN)
            let drawn = with(values, columns: 50) {
                kernels.drawTargets($0, samples: 2, power: 1, keys: [PhiloxKey(1)])
            }
            #expect(!drawn.weights.contains { $0.isFinite })
        }
    }

    @Test("drawn ones stand for the distribution", arguments: levels, [1, 0.5, 0] as [Float])
    func unbiased(level: String, power: Float) throws {
        let kernels = try #require(Kernels(threads: 2, levelName: level))
        let vocabulary = 40, rows = 4000, samples = 8
        let x = logits(vocabulary, seed: 9, step: 0.0001).map { $0 / 2 }
        let all = x.reduce(0) { $0 + exp(Double($1)) }
        let p = x.map { exp(Double($0)) / all }
        let drawn = with(Array((0..<rows).map { _ in x }.joined()), columns: vocabulary) {
            kernels.drawTargets(
                $0, samples: samples, power: power, keys: (0..<rows).map { PhiloxKey(UInt64($0)) })
        }
        var mean = [Double](repeating: 0, count: vocabulary)
        for (id, weight) in zip(drawn.ids, drawn.weights) {
            mean[Int(id)] += Double(weight) / Double(rows)
        }
        let powers = p.map { pow($0, Double(power)) }
        let draws = Double(rows * samples)
        for id in 0..<vocabulary {
            let r = powers[id] / powers.reduce(0, +)
            // Five standard errors, and a draw or two of what is hardly ever drawn.
            let deviation = ((p[id] * p[id] / r - p[id] * p[id]) / draws).squareRoot()
            #expect(abs(mean[id] - p[id]) < 5 * deviation + 2 * p[id] / r / draws)
        }
        if power == 1 {
            #expect(drawn.weights.allSatisfy { abs($0 * Float(samples) - 1) < 1e-5 })
        }
    }

    @Test("do not depend on the number of threads", arguments: levels)
    func threads(level: String) throws {
        let values = logits(50 * 777, seed: 5, step: 0.01)
        let results = try [1, 3].map { threads in
            let kernels = try #require(Kernels(threads: threads, levelName: level))
            let top = with(values, columns: 777) { kernels.topTargets($0, 20) }
            let drawn = with(values, columns: 777) {
                kernels.drawTargets(
                    $0, samples: 20, power: 0.7, keys: (0..<50).map { PhiloxKey(UInt64($0)) })
            }
            return (top, drawn)
        }
        #expect(results[0].0 == results[1].0)
        #expect(results[0].1 == results[1].1)
    }
}
