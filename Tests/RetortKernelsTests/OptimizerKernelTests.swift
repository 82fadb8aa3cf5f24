import RetortKernels
import Testing

@Suite("Update rules")
struct OptimizerKernelTests {
    private static let counts = [1, 15, 16, 17, 100, 20_000]

    private static func array(_ pointer: UnsafeMutablePointer<Float>, _ count: Int) -> [Float] {
        Array(UnsafeBufferPointer(start: pointer, count: count))
    }

    @Test("AdamW", arguments: counts)
    func adamW(count: Int) {
        var random = Random(19)
        let p = random.values(count), m = random.values(count), g = random.values(count)
        let v = random.values(count).map { $0 * $0 }
        let (scale, beta1, beta2, epsilon) = (Float(0.5), Float(0.9), Float(0.95), Float(1e-4))
        let (keep, rate, correction) = (Float(0.99), Float(0.02), Float(1.3))
        var expected = [[Expected]](repeating: [], count: 3)
        for i in 0..<count {
            let g = Double(g[i]) * Double(scale)
            let first = Double(m[i]) * Double(beta1) + g * (1 - Double(beta1))
            let second = Double(v[i]) * Double(beta2) + g * g * (1 - Double(beta2))
            let change =
                Double(rate) * first / (second.squareRoot() * Double(correction) + Double(epsilon))
            let next = Double(p[i]) * Double(keep) - change
            // The betas' complements are formed in f32.
            expected[0].append(Expected(next, 3e-7 + 2e-6 * abs(change)))
            expected[1].append(Expected(first, 2e-7))
            expected[2].append(Expected(second, 3e-7))
        }
        judge(expected, "\(count)") { kernels, memory in
            let p = memory.floats(p), m = memory.floats(m), v = memory.floats(v)
            kernels.adamW(
                p, first: m, second: v, gradient: memory.floats(g), gradientScale: scale,
                betas: (beta1, beta2), keep: keep, rate: rate, correction: correction,
                epsilon: epsilon, count: count)
            return [p, m, v].map { Self.array($0, count) }
        }
    }

    @Test("SGD with and without Nesterov's momentum", arguments: counts)
    func sgd(count: Int) {
        var random = Random(20)
        let p = random.values(count), b = random.values(count), g = random.values(count)
        for nesterov in [false, true] {
            var expected = [[Expected]](repeating: [], count: 2)
            for i in 0..<count {
                let g = Double(g[i]) * 0.5 + 0.01 * Double(p[i])
                let next = 0.9 * Double(b[i]) + g
                let change = nesterov ? g + 0.9 * next : next
                expected[0].append(Expected(Double(p[i]) - 0.1 * change, 4e-7))
                expected[1].append(Expected(next, 4e-7))
            }
            judge(expected, "\(count) \(nesterov)") { kernels, memory in
                let p = memory.floats(p), b = memory.floats(b)
                kernels.sgd(
                    p, momentum: b, gradient: memory.floats(g), gradientScale: 0.5, rate: 0.1,
                    decay: 0.01, factor: 0.9, nesterov: nesterov, count: count)
                return [p, b].map { Self.array($0, count) }
            }
        }
    }
}
