import RetortModels
import RetortTensor

/// Labels mixed with soft targets that are at hand; no teacher is in memory.
struct StoredObjective: Objective {
    let student: Decoder
    let recipe: DistillationRecipe
    let signal: StoredSignal
    let checkpointing: Bool

    var parameters: [Parameter] { [] }

    func prepare(step: Int, _ batches: [Batch]) throws -> [MicroStep] {
        let counts = StepCounts(batches) { signal.rows[$0.line]?.count ?? 0 }
        return batches.map { batch in
            MicroStep(batch) { context, tape in try evaluate(batch, counts, context, tape) }
        }
    }

    private func evaluate(
        _ batch: Batch, _ counts: StepCounts, _ context: ForwardContext, _ tape: Tape
    ) throws -> ObjectiveValue {
        var rows = [Int](repeating: -1, count: batch.ids.count)
        var parts: [SoftTargets] = [], first = 0
        for (example, place) in zip(batch.examples, batch.layout.documents) {
            guard let own = signal.rows[example.line], !own.isEmpty else { continue }
            let stored = try signal.targets(example.line)
            for row in own { rows[place.lowerBound + row.student] = first + row.teacher }
            first += stored.rowCount
            parts.append(stored)
        }
        let hidden = student.hiddenStates(
            batch.ids, context, on: tape, checkpointing: checkpointing)
        let mixture = Mixture(recipe, counts)
        let empty = SoftTargets.samples(count: 1, ids: [], weights: [])
        let loss = Distillation(
            labels: batch.labels, signalRows: rows,
            signal: .stored(SoftTargets.joined(parts) ?? empty), loss: signal.loss,
            temperature: Float(recipe.temperature), hardScale: mixture.hardScale,
            softScale: mixture.softScale)
        return mixture.value(student.loss(loss, of: hidden, on: tape))
    }
}
