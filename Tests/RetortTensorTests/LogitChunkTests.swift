import RetortKernels
import Testing

@testable import RetortTensor

@Suite("Chunks of tokens in the loss's head")
struct LogitChunkTests {
    @Test(
        "hold as many tokens as their logits leave room for",
        arguments: [(1, 576), (49_152, 576), (65_536, 432), (128_256, 192), (1_000_000, 192)])
    func sizes(vocabulary: Int, most: Int) {
        let loss = CrossEntropy(labels: [Int32](repeating: 0, count: 1_300), scale: 1)
        let chunks = loss.chunks(columns: vocabulary)
        #expect(chunks.flatMap(Array.init) == Array(0..<1_300))
        #expect(chunks.dropLast().allSatisfy { $0.count == most })
    }

    @Test("are short where a teacher's logits lie beside them")
    func teacher() {
        let bench = Bench(.float32)
        let count = 500
        let loss = Distillation(
            labels: [Int32](repeating: 0, count: count), signalRows: Array(0..<count),
            signal: .logits(bench.workspace.zeros(count, 4)), loss: .divergence(.forwardKL),
            temperature: 1, hardScale: 1, softScale: 1)
        #expect(loss.chunks(columns: 4).map(\.count) == [192, 192, 116])
    }
}
