import RetortModels
import RetortTensor

/// Labels mixed with a live teacher of another tokenizer (universal logit distillation).
///
/// The teacher reads the same lines by its own template and tokenizer; the two are compared where they
/// have read the same text, by their sorted probabilities.
struct CrossTokenizerObjective: Objective {
    private let student: Decoder
    private let teacher: LiveTeacher
    private let recipe: DistillationRecipe
    /// Of each line the teacher's tokens, and the places where it and the student can be compared.
    private let lines: [Int: (example: TrainingExample, rows: [AlignedRow])]
    private let checkpointing: Bool

    /// Reads the data with the teacher's tokenizer.
    ///
    /// - Parameters:
    ///   - recipe: The run's.
    ///   - section: Its `distillation` section.
    ///   - teacher: The opened teacher.
    ///   - teacherModel: Its model.
    ///   - student: The model that is trained.
    ///   - data: What the student learns from.
    /// - Throws: ``DataError`` of the teacher's reading, ``DistillationError``.
    init(
        _ recipe: Recipe, _ section: DistillationRecipe, teacher: LiveTeacher, teacherModel: Model,
        student: Model, data: TrainingData
    ) throws {
        try TokenAlignment.check(recipe.data, teacher: teacherModel.path)
        self.student = student.decoder
        self.teacher = teacher
        self.recipe = section
        checkpointing = recipe.training.gradientCheckpointing
        var reading = recipe.data
        // The teacher's tokens may be more; what is too long for the student was left out already.
        reading.maxLength = 1_048_576
        let own = data.byLine
        var lines: [Int: (example: TrainingExample, rows: [AlignedRow])] = [:]
        for other in try ExampleReader(teacherModel, reading).read(reading.train).examples {
            guard let example = own[other.line] else { continue }
            lines[other.line] = (other, TokenAlignment.rows(example, other))
        }
        guard lines.values.contains(where: { !$0.rows.isEmpty }) else {
            throw DistillationError.nothingAligned(teacher: teacherModel.path)
        }
        self.lines = lines
    }

    var parameters: [Parameter] { [] }

    func prepare(step: Int, _ batches: [Batch]) throws -> [MicroStep] {
        let counts = StepCounts(batches) { lines[$0.line]?.rows.count ?? 0 }
        return batches.map { batch in
            MicroStep(batch) { context, tape in evaluate(batch, counts, context, tape) }
        }
    }

    private func evaluate(
        _ batch: Batch, _ counts: StepCounts, _ context: ForwardContext, _ tape: Tape
    ) -> ObjectiveValue {
        let read = Batch(batch.examples.compactMap { lines[$0.line]?.example })
        var rows = [Int](repeating: -1, count: batch.ids.count)
        var document = 0
        for (example, place) in zip(batch.examples, batch.layout.documents) {
            guard let line = lines[example.line] else { continue }
            let first = read.layout.documents[document].lowerBound
            document += 1
            for row in line.rows { rows[place.lowerBound + row.student] = first + row.teacher }
        }
        let reading = teacher.read(read.ids, read.layout, profile: tape.workspace.profile)
        let hidden = student.hiddenStates(
            batch.ids, context, on: tape, checkpointing: checkpointing)
        let mixture = Mixture(recipe, counts)
        let loss = Distillation(
            labels: batch.labels, signalRows: rows, signal: teacher.signal(reading), loss: .ranked,
            temperature: Float(recipe.temperature), hardScale: mixture.hardScale,
            softScale: mixture.softScale)
        return mixture.value(student.loss(loss, of: hidden, on: tape))
    }
}
