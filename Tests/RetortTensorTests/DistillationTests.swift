import RetortKernels
import Testing

@testable import RetortTensor

@Suite("Losses against a teacher agree with their definitions")
struct DistillationTests {
    private static let divergences: [Divergence] = [
        .forwardKL, .reverseKL, .generalizedJSD(beta: 0.3), .skewForwardKL(lambda: 0.2),
        .skewReverseKL(lambda: 0.2), .totalVariation,
    ]
    private static let vocabulary = 19

    /// Hidden states, an output matrix, teacher's logits; some tokens with labels, some taught.
    private struct Case {
        var random = Random(21)
        let hidden, weight, teacher: Grid<Double>
        let labels: [Int32]
        let taught: [Int]
        var rows: [Int] { labels.indices.map { taught.contains($0) ? $0 : -1 } }

        init(tokens: Int, teacherVocabulary: Int = vocabulary) {
            hidden = random.grid(tokens, 4)
            weight = random.grid(vocabulary, 4)
            teacher = random.grid(tokens, teacherVocabulary)
            labels = (0..<tokens).map { Int32($0 % 4 == 1 ? -100 : $0 * 5 % vocabulary) }
            taught = (0..<tokens).filter { $0 % 3 != 2 }
        }

        /// The operation: labels a quarter, the teacher's logits a half.
        func head(
            _ bench: Bench, _ loss: SoftLoss, _ temperature: Double,
            shared: VocabularyPairs = .first(.max), softcap: Float? = nil
        ) -> LossHead<Distillation> {
            LossHead(
                weight: Weight(bench.tensor(weight)),
                loss: Distillation(
                    labels: labels, signalRows: rows, signal: .logits(bench.tensor(teacher)),
                    loss: loss, temperature: Float(temperature), hardScale: 0.25, softScale: 0.5,
                    shared: shared, softcap: softcap), wantsGradient: true)
        }

        /// What judges it.
        func reference(
            _ loss: SoftLoss, _ temperature: Double,
            pairs: (student: [Int], teacher: [Int])? = nil, softcap: Double? = nil
        ) -> DistillationReference {
            DistillationReference(
                frozen: weight, teacher: teacher, labels: labels, taught: taught, loss: loss,
                temperature: temperature, scales: (0.25, 0.5), pairs: pairs, softcap: softcap)
        }
    }

    @Test("divergences of full distributions", arguments: divergences)
    func divergence(_ divergence: Divergence) {
        for temperature in [1.0, 2.0] {
            let given = Case(tokens: 7)
            judge(
                given.head(Bench(.float32), .divergence(divergence), temperature),
                given.reference(.divergence(divergence), temperature),
                [Given(given.hidden, isActivation: true), Given(given.weight)],
                "\(divergence), temperature \(temperature)")
        }
    }

    @Test("more tokens than a chunk give what each part gives alone, teachers' logits too")
    func chunks() {
        var random = Random(22)
        let given = Case(tokens: 470)
        let states = random.grid(470, 3), head = random.grid(Self.vocabulary, 3)
        let bench = Bench(.float32)
        func part(_ range: Range<Int>) -> (loss: Double, gradient: [Float]) {
            func rows(_ grid: Grid<Double>) -> Tensor {
                bench.tensor(
                    Grid(range.count, grid.columnCount) { grid[range.lowerBound + $0, $1] })
            }
            let loss = Distillation(
                labels: Array(given.labels[range]),
                signalRows: range.map {
                    given.taught.contains($0) ? $0 - range.lowerBound : -1
                },
                signal: .hidden(rows(states), head: Weight(bench.tensor(head))),
                loss: .divergence(.forwardKL), temperature: 1.5, hardScale: 0.25, softScale: 0.5)
            let tape = Tape(bench.workspace)
            let hidden = tape.watch(rows(given.hidden))
            let value = tape.apply(
                LossHead(
                    weight: Weight(bench.tensor(given.weight)), loss: loss, wantsGradient: true),
                [hidden, nil])[0]
            tape.backward(from: value)
            return (Double(value.value[0, 0]), hidden.gradient?.values ?? [])
        }
        let whole = part(0..<470), first = part(0..<100), second = part(100..<470)
        compare([whole.loss], [first.loss + second.loss], 1e-5, "loss")
        compare(
            whole.gradient.map { Double($0) },
            (first.gradient + second.gradient).map { Double($0) },
            1e-6, "gradient")
        #expect(whole.gradient.contains { $0 != 0 })
    }

    @Test("sorted probabilities of vocabularies of different sizes", arguments: [7, 19, 31])
    func ranked(teacherVocabulary: Int) {
        let given = Case(tokens: 9, teacherVocabulary: teacherVocabulary)
        judge(
            given.head(Bench(.float32), .ranked, 1.5), given.reference(.ranked, 1.5),
            [Given(given.hidden, isActivation: true), nil], "ranked, \(teacherVocabulary)",
            types: [.float32])
    }

    @Test("only shared tokens are compared, at whatever places they stand")
    func sharedTokens() {
        let given = Case(tokens: 6, teacherVocabulary: 23)
        let pairs: (student: [Int], teacher: [Int]) = ([0, 1, 4, 7, 18], [3, 2, 22, 0, 9])
        let places = VocabularyPairs.pairs(
            student: pairs.student.map { Int32($0) }, teacher: pairs.teacher.map { Int32($0) })
        let inputs = [Given(given.hidden, isActivation: true), nil]
        let loss = SoftLoss.divergence(.reverseKL), first = Array(0..<17)
        judge(
            given.head(Bench(.float32), loss, 1, shared: places),
            given.reference(loss, 1, pairs: pairs), inputs, "pairs")
        judge(
            given.head(Bench(.float32), loss, 1, shared: .first(17)),
            given.reference(loss, 1, pairs: (first, first)), inputs, "first 17")
    }

    @Test("logits with a cap")
    func softcap() {
        let given = Case(tokens: 5)
        judge(
            given.head(Bench(.float32), .divergence(.forwardKL), 2, softcap: 0.75),
            given.reference(.divergence(.forwardKL), 2, softcap: 0.75),
            [Given(given.hidden, isActivation: true), nil], "softcap")
    }

    /// Three stored tokens of each row, or draws.
    private func stored(_ tokens: Int, draws: Bool) -> SoftTargets {
        let ids = (0..<tokens * 3).map { Int32(($0 * 7 + $0 / 3) % Self.vocabulary) }
        if draws {
            let weights = (0..<tokens * 3).map { Float($0 % 5 + 1) / 8 }
            // A repeat.
            return .samples(count: 3, ids: [ids[0]] + ids.dropLast(), weights: weights)
        }
        let logs = (0..<tokens).flatMap { row -> [Float] in [-0.75 - Float(row) / 64, -1.5, -3] }
        let tail = (0..<tokens).map { row -> Float in
            let top = logs[row * 3..<row * 3 + 3].map { Float(Double($0).exponential) }
            return 1 - top.reduce(0, +)
        }
        return .topK(k: 3, ids: ids, logProbabilities: logs, tailMass: tail)
    }

    @Test(
        "stored targets",
        arguments: [
            (SoftLoss.topK(.tail), 1.0), (.topK(.renormalized), 2.0),
            (.topK(.renormalizedBoth), 0.5), (.sampled, 1.0), (.ranked, 1.0),
        ])
    func storedTargets(_ loss: SoftLoss, _ temperature: Double) {
        let given = Case(tokens: 8)
        let targets = stored(8, draws: loss == .sampled)
        let bench = Bench(.float32)
        judge(
            LossHead(
                weight: Weight(bench.tensor(given.weight)),
                loss: Distillation(
                    labels: given.labels.map { _ in -100 }, signalRows: Array(0..<8),
                    signal: .stored(targets), loss: loss, temperature: Float(temperature),
                    hardScale: 0, softScale: 0.5), wantsGradient: true),
            StoredTargetsReference(
                frozen: given.weight, targets: targets, loss: loss, temperature: temperature,
                scale: 0.5),
            [Given(given.hidden, isActivation: true), nil], "\(loss)",
            types: loss == .ranked ? [.float32] : [.float32, .bfloat16])
    }

    @Test("hidden states", arguments: HiddenDistance.allCases)
    func hiddenStates(_ distance: HiddenDistance) {
        var random = Random(23)
        let student = random.grid(6, 21), teacher = random.grid(6, 21)
        judge(
            HiddenMatch(
                teacher: Bench(.float32).tensor(teacher), tokens: [0, 2, 5], distance: distance,
                scale: 0.5),
            HiddenMatchReference(
                teacher: teacher, tokens: [0, 2, 5], distance: distance, scale: 0.5),
            [Given(student, isActivation: true)], "\(distance)")
    }

    @Test("attention maps, heads in groups, documents apart")
    func attention() {
        var random = Random(24)
        let shape = AttentionShape(headCount: 4, keyValueHeadCount: 2, headSize: 4, scale: 0.5)
        let layout = TokenLayout(
            positions: [0, 1, 2, 3, 4, 0, 1, 2], documents: [0..<5, 5..<8])
        let (q, k) = (random.grid(8, 16), random.grid(8, 8))
        let (teacherQ, teacherK) = (random.grid(8, 16), random.grid(8, 8))
        let bench = Bench(.float32)
        judge(
            AttentionMatch(
                shape: shape, layout: layout, rotary: nil,
                teacher: .init(
                    bench.tensor(teacherQ), bench.tensor(teacherK), shape, nil, layout.positions,
                    in: bench.workspace), tokens: [0, 1, 3, 4, 6, 7], scale: 0.5),
            AttentionMatchReference(
                shape: shape, layout: layout, teacher: (teacherQ, teacherK),
                tokens: [0, 1, 3, 4, 6, 7], scale: 0.5),
            [Given(q, isActivation: true), Given(k, isActivation: true)], "attention",
            types: [.float32])
    }
}
