import Testing

@testable import RetortTraining

@Suite("Batches")
struct BatchTests {
    @Test("labels are those of the next token, and none crosses from one example to the next")
    func labels() {
        let batch = Batch([
            TrainingExample(ids: [1, 2, 3], labels: [1, -100, 3], line: 1),
            TrainingExample(ids: [], labels: [], line: 2),
            TrainingExample(ids: [4], labels: [4], line: 3),
            TrainingExample(ids: [5, 6], labels: [5, 6], line: 4),
        ])
        #expect(batch.ids == [1, 2, 3, 4, 5, 6])
        #expect(batch.labels == [-100, 3, -100, -100, 6, -100])
        #expect(batch.layout.positions == [0, 1, 2, 0, 0, 1])
        #expect(batch.layout.documents == [0..<3, 3..<4, 4..<6])
        #expect(batch.supervisedCount == 2)
        #expect(TrainingExample(ids: [5, 6], labels: [5, 6], line: 4).supervisedCount == 1)
    }
}

@Suite("Batch plan")
struct BatchPlanTests {
    private func recipe(_ change: (inout Recipe) -> Void = { _ in }) -> Recipe {
        var recipe = Recipe()
        recipe.training.epochs = 2
        recipe.training.batchSize = 3
        recipe.training.gradientAccumulationSteps = 2
        recipe.data.maxLength = 50
        change(&recipe)
        return recipe
    }

    private let lengths = (0..<101).map { 1 + $0 * 37 % 50 }

    private func examples(_ plan: BatchPlan, epoch: Int) -> [Int] {
        zip(plan.steps, plan.epochs).filter { $0.1 == epoch }.flatMap { $0.0.joined().joined() }
    }

    @Test("every epoch has every example once, in an order of its own", arguments: [false, true])
    func coverage(packing: Bool) {
        let plan = BatchPlan(lengths: lengths, recipe: recipe { $0.data.packing = packing })
        let orders = [0, 1].map { examples(plan, epoch: $0) }
        for order in orders { #expect(order.sorted() == Array(lengths.indices)) }
        #expect(orders[0] != orders[1])
        #expect(plan.epochs == plan.epochs.sorted() && plan.epochs.count == plan.steps.count)
        for step in plan.steps {
            #expect(step.count <= 2 && !step.isEmpty)
            #expect(step.allSatisfy { (1...3).contains($0.count) })
        }
    }

    @Test("packed rows have room for their examples and are few")
    func packing() {
        let plan = BatchPlan(lengths: lengths, recipe: recipe())
        let rows = plan.steps.joined().joined()
        let sizes = rows.map { $0.reduce(0) { $0 + lengths[$1] } }
        #expect(sizes.allSatisfy { $0 <= 50 })
        // Two epochs; no packing can need fewer rows than the tokens fill.
        let least = 2 * lengths.reduce(0, +) / 50
        #expect(rows.count < least * 11 / 10)
        #expect(BatchPlan.packed([0, 1], [50, 50], limit: 50) == [[0], [1]])
        #expect(BatchPlan.packed([], [], limit: 50) == [])
    }

    @Test("is a function of seed and data, and keeps the order where nothing is drawn")
    func reproducible() {
        let plan = BatchPlan(lengths: lengths, recipe: recipe())
        #expect(plan.steps == BatchPlan(lengths: lengths, recipe: recipe()).steps)
        #expect(plan.steps != BatchPlan(lengths: lengths, recipe: recipe { $0.seed = 43 }).steps)
        let still = BatchPlan(
            lengths: lengths,
            recipe: recipe {
                $0.training.shuffle = false
                $0.data.packing = false
            })
        #expect(examples(still, epoch: 0) == Array(lengths.indices))
        #expect(examples(still, epoch: 1) == Array(lengths.indices))
        // 101 rows: 34 batches of at most 3, 17 steps of at most 2.
        #expect(still.steps.count == 34)
        #expect(still.steps[16].map(\.count) == [3, 2])
    }

    @Test("a number of steps begins as many epochs as it needs", arguments: [1, 17, 18, 100])
    func maximumSteps(count: Int) {
        let plan = BatchPlan(
            lengths: lengths,
            recipe: recipe {
                $0.training.epochs = nil
                $0.training.maxSteps = count
                $0.data.packing = false
            })
        #expect(plan.steps.count == count && plan.epochs.last == (count - 1) / 17)
        #expect(BatchPlan(lengths: [], recipe: recipe()).steps.isEmpty)
    }
}
