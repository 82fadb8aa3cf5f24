import Glibc
import RetortKernels
import Testing

@testable import RetortTensor

@Suite("Tape")
struct TapeTests {
    /// Two blocks of norm, linear and gate, whose embedding is the output matrix too.
    private struct Chain {
        let bench: Bench
        let table, norm, gate, up, down: Parameter

        init(_ type: ElementType) {
            let bench = Bench(type)
            var random = Random(1)
            func parameter(_ name: String, _ rows: Int, _ columns: Int) -> Parameter {
                Parameter(name: name, value: bench.tensor(random.grid(rows, columns)))
            }
            self.bench = bench
            table = parameter("table", 11, 6)
            norm = parameter("norm", 1, 6)
            gate = parameter("gate", 10, 6)
            up = parameter("up", 10, 6)
            down = parameter("down", 6, 10)
        }

        var parameters: [Parameter] { [table, norm, gate, up, down] }

        func block(_ tape: Tape, _ x: Variable) -> Variable {
            func linear(_ parameter: Parameter) -> Linear {
                Linear(weight: Weight(parameter.value))
            }
            let normed = tape.apply(RMSNorm(epsilon: 1e-5), x, norm.variable)
            let inner = tape.apply(
                GatedSiLU(), linear(gate)(tape, normed, weight: gate.variable),
                linear(up)(tape, normed, weight: up.variable))
            return linear(down)(tape, inner, residual: x, weight: down.variable)
        }

        /// Loss and gradients of a few tokens.
        func run(checkpointing: Bool, ids: [Int32] = [3, 1, 4, 1, 5, 9, 2, 6]) -> [[Float]] {
            for parameter in parameters { parameter.slot.gradient = nil }
            let tape = Tape(bench.workspace)
            var x = tape.apply(Embedding(table: Weight(table.value), ids: ids), table.variable)
            for _ in 0..<2 {
                x = checkpointing ? tape.checkpoint(x, block) : block(tape, x)
            }
            let hidden = tape.apply(RMSNorm(epsilon: 1e-5), x, norm.variable)
            let head = LossHead(
                weight: Weight(table.value),
                loss: CrossEntropy(labels: ids.dropFirst() + [-100], scale: 1 / 7),
                wantsGradient: true)
            let loss = tape.apply(head, [hidden, table.variable])[0]
            tape.backward(from: loss)
            return [loss.value.values] + parameters.map { $0.slot.gradient?.values ?? [] }
        }
    }

    private static func bits(_ values: [[Float]]) -> [[UInt32]] {
        values.map { $0.map(\.bitPattern) }
    }

    @Test("computes the same bits with and without checkpoints, again and again")
    func checkpoint() {
        for type in [ElementType.float32, .bfloat16] {
            let chain = Chain(type)
            let plain = Self.bits(chain.run(checkpointing: false))
            #expect(Self.bits(chain.run(checkpointing: true)) == plain)
            #expect(Self.bits(chain.run(checkpointing: false)) == plain)
            #expect(plain.allSatisfy { !$0.isEmpty })
        }
    }

    @Test("the gradient of a table that is the output matrix too is the sum of both uses")
    func tied() {
        let chain = Chain(.float32)
        let gradient = chain.run(checkpointing: false)[1].map { Double($0) }
        var differences: [Double] = []
        for index in 0..<gradient.count {
            let (row, column) = (index / 6, index % 6)
            let own = chain.table.value[row, column], step: Float = 1 / 64
            func loss(_ value: Float) -> Double {
                chain.table.value[row, column] = value
                return Double(chain.run(checkpointing: false)[0][0])
            }
            differences.append((loss(own + step) - loss(own - step)) / Double(2 * step))
            chain.table.value[row, column] = own
        }
        // A third-order remainder of the step, and f32 losses.
        compare(gradient, differences, 2e-3, "table")
    }

    @Test("takes no memory from the system after the second step")
    func allocations() {
        for checkpointing in [false, true] {
            let chain = Chain(.bfloat16)
            _ = chain.run(checkpointing: checkpointing)
            _ = chain.run(checkpointing: checkpointing)
            let pool = chain.bench.workspace.pool
            let bytes = pool.reservedBytes
            for _ in 0..<5 { _ = chain.run(checkpointing: checkpointing) }
            #expect(pool.reservedBytes == bytes)
        }
    }

    @Test("a variable that is used twice gathers both gradients, whatever the order")
    func usedTwice() {
        var random = Random(2)
        let bench = Bench(.float32)
        let x = random.grid(3, 4), w = random.grid(4, 4), weights = random.grid(3, 4)
        let tape = Tape(bench.workspace)
        let input = tape.watch(bench.tensor(x))
        let linear = Linear(weight: Weight(bench.tensor(w)))
        // y = x + x Wᵀ, z = y + x Wᵀ: gradients are handed on, added to, and handed on again.
        let y = linear(tape, input, residual: input)
        let z = linear(tape, input, residual: y)
        tape.backward(from: tape.apply(WeightedSum(weights: weights), z))
        let expected = (0..<12).map { index in
            weights.values[index]
                + 2 * (0..<4).reduce(0.0) { $0 + weights[index / 4, $1] * w[$1, index % 4] }
        }
        compare(input.gradient?.values.map { Double($0) } ?? [], expected, 1e-6, "x")
    }

    @Test("gradients that come rounded to bf16 are added as f32")
    func roundedGradients() {
        var random = Random(4)
        let bench = Bench(.bfloat16), values = random.grid(3, 4), weights = random.grid(3, 4)
        let tape = Tape(bench.workspace)
        let x = tape.watch(bench.workspace.copy(bench.tensor(values), as: .bfloat16))
        let gated = tape.apply(GatedSiLU(), x, x)
        let wide = tape.watch(bench.workspace.copy(gated.value, as: .float32))
        tape.backward(from: tape.apply(WeightedSum(weights: weights), wide))
        let both = InputGradients(slots: [x.slot, x.slot], workspace: bench.workspace)
        GatedSiLU().backward(
            [wide.gradient], saved: GatedSiLU.Saved(gate: x.value, up: x.value), into: both,
            in: bench.workspace)
        let expected = (0..<12).map { index in
            let v = Double(x.value[index / 4, index % 4]), s = 1 / (1 + exp(-v))
            return weights.values[index] * v * s * (2 + v * (1 - s))
        }
        #expect(x.gradient?.type == .float32)
        compare(x.gradient?.values.map { Double($0) } ?? [], expected, 0.02, "x")
    }

    @Test("a norm keeps its input rounded, and its output not at all")
    func recomputation() {
        var random = Random(5)
        let bench = Bench(.bfloat16)
        let x = bench.tensor(random.grid(64, 64)), weight = bench.tensor(random.grid(1, 64))
        let tape = Tape(bench.workspace), pool = bench.workspace.pool
        let input = tape.watch(x)
        var saved: [SavedTensor] = []
        func bits(_ tensor: Tensor) -> [UInt32] { tensor.values.map(\.bitPattern) }
        var before: [[UInt32]] = []
        let bytes = pool.usedBytes
        for _ in 0..<10 {
            let normed = tape.apply(RMSNorm(epsilon: 1e-5), input, Variable(constant: weight))
            saved.append(SavedTensor(normed.value))
            before.append(bits(normed.value))
        }
        // Every norm's 64 factors and its input, rounded.
        #expect(pool.usedBytes - bytes == 10 * (64 * 4 + 64 * 64 * 2))
        let rounded = bench.workspace.copy(bench.workspace.copy(x, as: .bfloat16), as: .float32)
        let again = Tape(bench.workspace).apply(
            RMSNorm(epsilon: 1e-5), Variable(constant: rounded), Variable(constant: weight))
        #expect(saved.allSatisfy { bits($0.load()) == bits(again.value) })
        #expect(before.allSatisfy { $0 == before[0] })
    }

    @Test("what needs no gradient is neither saved nor walked")
    func constants() {
        let bench = Bench(.float32)
        let tape = Tape(bench.workspace)
        let x = Variable(constant: bench.tensor(Grid(1, 2) { _, _ in 1 }))
        let y = tape.apply(RMSNorm(epsilon: 1), x, x)
        #expect(!y.needsGradient && y.gradient == nil)
        tape.backward(from: y)
        let silent = Tape(bench.workspace, isRecording: false)
        let parameter = Parameter(name: "p", value: bench.tensor(Grid(1, 2) { _, _ in 1 }))
        #expect(!silent.apply(RMSNorm(epsilon: 1), x, parameter.variable).needsGradient)
    }
}

@Suite("Tensors")
struct TensorTests {
    @Test("rows of bf16 are padded to pairs with zero, also in used memory")
    func padding() {
        let bench = Bench(.bfloat16)
        for _ in 0..<3 {
            let dirty = bench.tensor(Grid(40, 40) { _, _ in 7 })
            #expect(dirty[39, 39] == 7)
            let odd = bench.tensor(Grid(5, 3) { row, _ in Double(row) }, .bfloat16)
            #expect(odd.stride == 4 && odd.values == (0..<15).map { Float($0 / 3) })
            for row in 0..<5 {
                let bits = odd.buffer.base.load(fromByteOffset: (row * 4 + 3) * 2, as: UInt16.self)
                #expect(bits == 0)
            }
        }
    }

    @Test("may be empty")
    func empty() {
        let bench = Bench(.bfloat16)
        for (rows, columns) in [(0, 5), (5, 0), (0, 0)] {
            let tensor = bench.workspace.zeros(rows, columns, .bfloat16)
            #expect(tensor.count == 0 && tensor.values.isEmpty)
            #expect(bench.workspace.converted(tensor, to: .float32).values.isEmpty)
        }
    }

    @Test("memory goes back to the pool")
    func pool() {
        let bench = Bench(.float32), pool = bench.workspace.pool
        for _ in 0..<10 { _ = bench.workspace.zeros(100, 100) }
        #expect(pool.usedBytes == 0 && pool.reservedBytes == 100 * 100 * 4)
    }

    @Test("what several tensors left, one of another size takes")
    func holes() {
        let bench = Bench(.float32), pool = bench.workspace.pool
        var tensors: [Tensor?] = (0..<9).map { _ in bench.workspace.zeros(16, 16) }
        let bytes = pool.reservedBytes
        for index in [3, 5, 4] { tensors[index] = nil }
        tensors.append(bench.workspace.zeros(3 * 16, 16))
        #expect(pool.reservedBytes == bytes)
        tensors.append(bench.workspace.zeros(1, 16))
        #expect(pool.reservedBytes == bytes + 64)
    }

    @Test("tensors never share memory, whatever lives how long")
    func separate() {
        var random = Random(8)
        let bench = Bench(.float32), pool = bench.workspace.pool
        var live: [(tensor: Tensor, value: Float)] = []
        for round in 0..<2000 {
            if random.word() % 2 == 0 || live.isEmpty {
                let tensor = bench.workspace.zeros(1, Int(random.word() % 700))
                for column in 0..<tensor.columnCount { tensor[0, column] = Float(round) }
                live.append((tensor, Float(round)))
            } else {
                let (tensor, value) = live.remove(at: Int(random.word() % UInt64(live.count)))
                #expect(tensor.values.allSatisfy { $0 == value })
            }
        }
        let used = live.reduce(0) { $0 + max(64, ($1.tensor.count * 4 + 63) / 64 * 64) }
        #expect(pool.usedBytes == used)
        live = []
        #expect(pool.usedBytes == 0)
    }
}
