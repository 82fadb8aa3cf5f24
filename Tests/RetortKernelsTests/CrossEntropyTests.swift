import Glibc
import RetortKernels
import Testing

@Suite("Cross-entropy")
struct CrossEntropyTests {
    /// Losses and gradients in `Double`.
    private static func plain(
        _ logits: [Float], _ count: Int, _ labels: [Int32], _ scale: Float, _ type: ElementType
    ) -> [[Expected]] {
        var losses: [Expected] = [], gradient: [Expected] = []
        for (row, label) in labels.enumerated() {
            let x = logits[row * count..<(row + 1) * count].map { Double($0) }
            let top = x.max() ?? 0
            let sum = x.reduce(0) { $0 + exp($1 - top) }
            let loss = (top - x[Int(label)]) + log(sum)
            losses.append(Expected(loss, 4e-7 * (1 + abs(loss))))
            for (id, logit) in x.enumerated() {
                // The difference to the largest logit is rounded to f32 before its exponential.
                let below = top - logit, p = exp(-below) / sum
                let isLabel = id == Int(label)
                let value = Double(scale) * (isLabel ? expm1(-loss) : p)
                let unit = 6e-7 + 2 * floatUnit * min(below, 100) + roundingUnit(type)
                let tolerance = unit * abs(value) + (isLabel ? Double(scale) * 4e-7 : 1e-36)
                gradient.append(Expected(value, tolerance))
            }
        }
        return [losses, gradient]
    }

    @Test(
        "gives losses and gradients", arguments: [1, 2, 15, 16, 17, 97, 1031],
        [Float(0.01), 5, 80, 5000])
    func values(vocabulary: Int, size: Float) {
        var random = Random(17)
        let logits = random.values(9 * vocabulary, times: size)
        let labels = (0..<9).map { Int32($0 * 5 % vocabulary) }
        for type in [ElementType.float32, .bfloat16] {
            let expected = Self.plain(logits, vocabulary, labels, 0.125, type)
            for isInPlace in [false, true] {
                judge(expected, "\(vocabulary) \(type), in place: \(isInPlace)") {
                    kernels, memory in
                    let x = memory.rows(logits, vocabulary, stride: vocabulary + 16, .float32)
                    let losses = memory.rows(1, 9, .float32)
                    let gradient = isInPlace ? x.inPlace(type) : memory.rows(9, vocabulary, type)
                    kernels.crossEntropy(
                        x, labels: labels, scale: 0.125,
                        losses: losses.base.assumingMemoryBound(to: Float.self), gradient: gradient)
                    return [losses.values, gradient.values]
                }
            }
        }
    }

    @Test("of logits far from zero is that of their differences")
    func shifted() {
        var random = Random(18)
        // Multiples of 1/64 up to 4, at ±5000: exact in f32.
        let logits = (0..<5 * 40).map { index in
            (random.value() * 256).rounded() / 64 + (index / 40 % 2 == 0 ? 5000 : -5000)
        }
        let labels: [Int32] = [0, 39, 7, 20, 13]
        judge(Self.plain(logits, 40, labels, 1, .float32)) { kernels, memory in
            let losses = memory.rows(1, 5, .float32), gradient = memory.rows(5, 40, .float32)
            kernels.crossEntropy(
                memory.rows(logits, 40, .float32), labels: labels, scale: 1,
                losses: losses.base.assumingMemoryBound(to: Float.self), gradient: gradient)
            return [losses.values, gradient.values]
        }
    }

    @Test("gives impossible tokens no weight and far ones none either")
    func impossible() {
        var logits = [Float](repeating: 1, count: 40)
        for (index, value) in [-Float.infinity, -1e30, -1e15, -1e9, -1e5].enumerated() {
            logits[7 * index] = value
        }
        judge(Self.plain(logits, 40, [1], 1, .float32)) { kernels, memory in
            let losses = memory.rows(1, 1, .float32), gradient = memory.rows(1, 40, .float32)
            kernels.crossEntropy(
                memory.rows(logits, 40, .float32), labels: [1], scale: 1,
                losses: losses.base.assumingMemoryBound(to: Float.self), gradient: gradient)
            return [losses.values, gradient.values]
        }
    }

    @Test("has no finite loss where a logit is no number or infinite", arguments: [0, 5, 31, 39])
    func notFinite(place: Int) {
        for level in Kernels.levelNames {
            for bad in [Float.nan, .infinity] {
                for label in [Int32(5), 6] {
                    var logits = [Float](repeating: 1, count: 40)
                    logits[place] = bad
                    let memory = GuardedMemory()
                    let losses = memory.floats([0])
                    withKernels(level, threads: 1) {
                        $0.crossEntropy(
                            memory.rows(logits, 40, .float32), labels: [label], scale: 1,
                            losses: losses, gradient: nil)
                    }
                    #expect(!losses[0].isFinite, "\(bad), \(level)")
                    withExtendedLifetime(memory) {}
                }
            }
        }
    }
}
