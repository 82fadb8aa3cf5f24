import RetortModels
import RetortTensor

/// Hidden states of chosen layers that a student matches, through a learned projection where its
/// width differs from the teacher's.
struct HiddenMatching {
    let pairs: [MatchedLayers.LayerPair]
    /// Per pair `[teacher's width, student's width]`, or nil where the widths are the same.
    let projections: [Parameter?]
    private let recipe: HiddenStatesRecipe

    /// Chooses the layers and draws the projections.
    ///
    /// - Parameters:
    ///   - recipe: The section.
    ///   - student: Who learns.
    ///   - teacher: Who teaches.
    ///   - seed: Of the run.
    /// - Throws: ``DistillationError/noLayer(key:layer:count:)``.
    init(
        _ recipe: HiddenStatesRecipe, student: Decoder, teacher: Decoder, seed: Int
    ) throws(DistillationError) {
        self.recipe = recipe
        pairs = try recipe.layers.resolved(
            student: student.layers.count, teacher: teacher.layers.count, lowest: 0,
            key: "distillation.hidden_states.layers")
        let widths = (student.description.hiddenSize, teacher.description.hiddenSize)
        guard widths.0 != widths.1 else {
            projections = pairs.map { _ in nil }
            return
        }
        let stream = RandomStream(seed: UInt64(seed), .projection)
        projections = pairs.indices.map { index in
            let deviation = 1 / Float(widths.0).squareRoot()
            let values = (0..<widths.1 * widths.0).map {
                Float(stream[index].normal($0)) * deviation
            }
            return Parameter(
                name: "distillation.projection.\(index)",
                value: student.workspace.tensor(values, rows: widths.1, columns: widths.0))
        }
    }

    /// Adds the mean distance over all pairs to a loss.
    ///
    /// - Parameters:
    ///   - value: The loss so far.
    ///   - states: The student's, by number.
    ///   - teacher: The teacher's, by number.
    ///   - tokens: Those that count.
    ///   - count: How many count in the step.
    ///   - tape: Records.
    func add(
        to value: inout ObjectiveValue, _ states: [Int: Variable], _ teacher: [Int: Tensor],
        tokens: [Int], count: Int, on tape: Tape
    ) {
        let share = 1 / Double(count * pairs.count)
        var sum = 0.0
        for (pair, projection) in zip(pairs, projections) {
            guard var state = states[pair.student], let target = teacher[pair.teacher] else {
                preconditionFailure("every layer of a pair is kept")
            }
            if let projection {
                state = Linear(weight: Weight(projection.value))(
                    tape, state, weight: projection.variable)
            }
            let outputs = tape.apply(
                HiddenMatch(
                    teacher: target, tokens: tokens, distance: recipe.loss,
                    scale: Float(recipe.weight * share)), [state])
            value.losses.append(outputs[0])
            sum += outputs[1].value.sum(ofRow: 0) * share
        }
        value.add("hidden_loss", sum, weight: recipe.weight)
    }
}
