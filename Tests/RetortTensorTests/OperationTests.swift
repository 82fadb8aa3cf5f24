import RetortKernels
import Testing

@testable import RetortTensor

@Suite("Operations")
struct OperationTests {
    @Test("embedding: rows, and gradients gathered from repeated ids")
    func embedding() {
        var random = Random(1)
        let table = random.grid(7, 5), ids: [Int32] = [3, 0, 3, 6, 3, 1]
        let bench = Bench(.float32)
        judge(
            Embedding(table: Weight(bench.tensor(table)), ids: ids), EmbeddingReference(ids: ids),
            [Given(table)])
    }

    @Test("RMS norm", arguments: [1, 6, 17])
    func norm(columns: Int) {
        var random = Random(2)
        judge(
            RMSNorm(epsilon: 0.01), RMSNormReference(epsilon: Double(Float(0.01))),
            [Given(random.grid(4, columns)), Given(random.grid(1, columns))])
    }

    /// All combinations of residual, trained weight, bias, adapter and dropout.
    static let combinations = (0..<24).map { (bits: $0 % 8, adapter: $0 / 8) }

    @Test("linear with every combination of inputs", arguments: combinations)
    func linear(bits: Int, adapter: Int) {
        var random = Random(3)
        // Odd sizes: rows of bf16 end in the middle of a word.
        let (tokens, columns, outputs, rank) = (5, 7, 9, 3)
        let x = random.grid(tokens, columns), weight = random.grid(outputs, columns)
        let bench = Bench(.float32)
        let key = PhiloxKey(11)
        let probability: Float = 0.5
        let mask = Grid<Double>(tokens, columns) { row, column in
            key.block(UInt64(row), UInt64(column / 4))[column % 4] >= UInt32(1) << 31 ? 2 : 0
        }
        let reference = LinearReference(
            frozen: weight, scale: 1.5, mask: adapter == 2 ? mask : nil)
        let operation = Linear(
            weight: Weight(bench.tensor(weight)), adapterScale: 1.5,
            dropout: adapter == 2 ? .init(probability: probability, key: key) : nil)
        judge(
            operation, reference,
            [
                Given(x, isActivation: true),
                bits & 1 != 0 ? Given(random.grid(tokens, outputs)) : nil,
                bits & 2 != 0 ? Given(weight) : nil,
                bits & 4 != 0 ? Given(random.grid(1, outputs)) : nil,
                adapter > 0 ? Given(random.grid(rank, columns)) : nil,
                adapter > 0 ? Given(random.grid(outputs, rank)) : nil,
            ], "combination \(bits), adapter \(adapter)")
    }

    @Test("the gradient of what dropout drops is exactly zero, of what it keeps it is not")
    func droppedGradient() {
        var random = Random(4)
        let x = random.grid(6, 8), zero = x.map { _ in 0.0 }
        let key = PhiloxKey(5)
        for type in [ElementType.float32, .bfloat16] {
            let bench = Bench(type)
            // The frozen matrix is zero: all of the gradient comes through the dropout.
            let operation = Linear(
                weight: Weight(bench.tensor(Grid(8, 8) { _, _ in 0 })),
                dropout: .init(probability: 0.5, key: key))
            let tape = Tape(bench.workspace)
            let input = tape.watch(bench.tensor(x, type))
            let a = Variable(constant: bench.tensor(random.grid(4, 8).map { $0 + 2 }))
            let b = Variable(constant: bench.tensor(random.grid(8, 4).map { $0 + 2 }))
            let y = operation(tape, input, a: a, b: b)
            tape.backward(from: tape.apply(WeightedSum(weights: zero.map { _ in 1 }), y))
            for row in 0..<6 {
                for column in 0..<8 {
                    let isKept =
                        key.block(UInt64(row), UInt64(column / 4))[column % 4] >= UInt32(1) << 31
                    #expect((input.gradient?[row, column] != 0) == isKept)
                }
            }
        }
    }

    @Test("gated SiLU, rows with an odd end too", arguments: [4, 7])
    func gatedSiLU(columns: Int) {
        var random = Random(6)
        let gate = random.grid(3, columns).map { 4 * $0 }
        judge(
            GatedSiLU(), GatedSiLUReference(),
            [Given(gate, isActivation: true), Given(random.grid(3, columns), isActivation: true)])
    }

    @Test(
        "rotary attention",
        arguments: [(4, 2, nil, 4), (2, 2, 3, 4), (3, 1, 2, 2), (2, 1, nil, 0)]
            as [(Int, Int, Int?, Int)])
    func attention(heads: Int, groups: Int, window: Int?, turning: Int) {
        var random = Random(7)
        let size = 4
        let shape = AttentionShape(
            headCount: heads, keyValueHeadCount: groups, headSize: size, scale: 0.5, window: window)
        let layout = TokenLayout(
            positions: [0, 1, 2, 3, 0, 0, 1, 2, 3, 4, 5], documents: [0..<4, 4..<5, 5..<11])
        let frequencies = (0..<turning / 2).map { 1 / (1 + Double($0)) }
        let bench = Bench(.float32)
        let angles = Grid<Double>(6, max(1, turning / 2)) { row, pair in
            Double(row) / (1 + Double(pair))
        }
        let table = RotaryTable(
            cosines: bench.tensor(angles.map(cosine)), sines: bench.tensor(angles.map(sine)),
            rotated: turning)
        judge(
            RotaryAttention(shape: shape, layout: layout, rotary: turning > 0 ? table : nil),
            RotaryAttentionReference(shape: shape, layout: layout, frequencies: frequencies),
            [heads, groups, groups].map {
                Given(random.grid(11, $0 * size), isActivation: true)
            }, "\(heads)/\(groups)")
    }

    @Test("cross-entropy of an output matrix, frozen and trained", arguments: [1, 11, 300])
    func crossEntropy(tokens: Int) {
        var random = Random(8)
        let hidden = random.grid(tokens, 3), weight = random.grid(5, 3)
        let labels = (0..<tokens).map { Int32($0 % 7 == 3 ? -100 : $0 * 3 % 5) }
        let reference = CrossEntropyReference(frozen: weight, labels: labels, scale: 0.25)
        let bench = Bench(.float32)
        let operation = LossHead(
            weight: Weight(bench.tensor(weight)), loss: CrossEntropy(labels: labels, scale: 0.25),
            wantsGradient: true)
        let given = Given(hidden, isActivation: true)
        judge(operation, reference, [given, nil], "\(tokens) frozen")
        judge(operation, reference, [given, Given(weight)], "\(tokens) trained")
        let outputs = operation.forward([bench.tensor(hidden), nil], in: bench.workspace).outputs
        compare(
            outputs[1].values.map { Double($0) },
            reference.tokenLosses([hidden, nil]), 1e-6, "token losses")
    }

    @Test("a batch without labels has loss and gradients of exactly zero")
    func nothingSupervised() {
        var random = Random(9)
        for type in [ElementType.float32, .bfloat16] {
            let bench = Bench(type)
            let operation = LossHead(
                weight: Weight(bench.tensor(random.grid(5, 3))),
                loss: CrossEntropy(labels: [-100, -100], scale: 1), wantsGradient: true)
            let tape = Tape(bench.workspace)
            let hidden = tape.watch(bench.tensor(random.grid(2, 3), type))
            let weight = tape.watch(bench.tensor(random.grid(5, 3)))
            let outputs = tape.apply(operation, [hidden, weight])
            #expect(outputs[0].value.values == [0] && outputs[1].value.values.isEmpty)
            tape.backward(from: outputs[0])
            #expect(hidden.gradient?.values.allSatisfy { $0 == 0 } == true)
            #expect(weight.gradient?.values.allSatisfy { $0 == 0 } == true)
        }
    }

    /// One wrong use of each operation.
    @Test("sizes that do not fit end the program before the kernels read beyond")
    func misuse() async {
        await #expect(processExitsWith: .failure) {
            let bench = Bench(.float32)
            let head = LossHead(
                weight: Weight(bench.tensor(Grid(5, 3) { _, _ in 1 })),
                loss: CrossEntropy(labels: [5], scale: 1), wantsGradient: false)
            _ = head.forward([bench.tensor(Grid(1, 3) { _, _ in 1 }), nil], in: bench.workspace)
        }
        await #expect(processExitsWith: .failure) {
            let bench = Bench(.float32)
            let linear = Linear(weight: Weight(bench.tensor(Grid(5, 3) { _, _ in 1 })))
            _ = linear.forward(
                [bench.tensor(Grid(1, 4) { _, _ in 1 }), nil, nil, nil, nil, nil],
                in: bench.workspace)
        }
        await #expect(processExitsWith: .failure) {
            let bench = Bench(.float32)
            let x = bench.tensor(Grid(4, 4) { _, _ in 1 })
            let attention = RotaryAttention(
                shape: AttentionShape(headCount: 1, keyValueHeadCount: 1, headSize: 4, scale: 1),
                layout: TokenLayout(positions: [0, 1, 2, 3], documents: [0..<3]), rotary: nil)
            _ = attention.forward([x, x, x], in: bench.workspace)
        }
    }
}
