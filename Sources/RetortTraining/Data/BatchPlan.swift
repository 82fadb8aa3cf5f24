import RetortTensor

/// Which examples each step of a run learns from: a function of the recipe and the data alone, so
/// that a resumed run continues where it was without any stored position but the step.
package struct BatchPlan {
    /// Indices of examples: per step, per micro-batch, per row.
    package let steps: [[[[Int]]]]
    /// The epoch of each step, from 0.
    package let epochs: [Int]

    /// Plans a run.
    ///
    /// - Parameters:
    ///   - lengths: Tokens of every example.
    ///   - recipe: Batch size, packing, epochs or steps, seed.
    package init(lengths: [Int], recipe: Recipe) {
        let training = recipe.training
        let stream = RandomStream(seed: UInt64(recipe.seed), .shuffle)
        var steps: [[[[Int]]]] = []
        var epochs: [Int] = []
        let wanted = training.maxSteps ?? Int.max
        let epochCount = training.epochs ?? Int.max
        var epoch = 0
        while epoch < epochCount, steps.count < wanted, !lengths.isEmpty {
            let order =
                training.shuffle
                ? stream[epoch].permutation(lengths.count) : Array(lengths.indices)
            let rows =
                recipe.data.packing
                ? Self.packed(order, lengths, limit: recipe.data.maxLength) : order.map { [$0] }
            let batches = Self.chunks(rows, of: training.batchSize)
            for step in Self.chunks(batches, of: training.gradientAccumulationSteps)
            where steps.count < wanted {
                steps.append(step)
                epochs.append(epoch)
            }
            epoch += 1
        }
        self.steps = steps
        self.epochs = epochs
    }

    /// Rows still open for more; older ones are closed.
    private static let openRows = 32

    /// Fills rows of at most `limit` tokens: each example goes into the fullest open row that has room.
    static func packed(_ order: [Int], _ lengths: [Int], limit: Int) -> [[Int]] {
        var rows: [[Int]] = []
        var open: [(row: Int, room: Int)] = []
        for example in order {
            let length = lengths[example]
            let fitting = open.indices.filter { open[$0].room >= length }
            if let best = fitting.min(by: { open[$0].room < open[$1].room }) {
                rows[open[best].row].append(example)
                open[best].room -= length
            } else {
                if open.count == openRows { open.removeFirst() }
                open.append((rows.count, limit - length))
                rows.append([example])
            }
        }
        return rows
    }

    private static func chunks<Element>(_ elements: [Element], of size: Int) -> [[Element]] {
        stride(from: 0, to: elements.count, by: size).map {
            Array(elements[$0..<min($0 + size, elements.count)])
        }
    }
}
