import RetortKernels
import RetortModels
import RetortTensor

/// Labels mixed with what a live teacher says of the same tokens.
///
/// `α T² mean(soft) + (1 - α) mean(cross-entropy) + Σ weight · mean(matched layer)`: each mean is over
/// the tokens of the whole step that have that part.
struct DistillationObjective: Objective {
    private let student: Model
    private let teacher: LiveTeacher
    private let alignment: VocabularyAlignment
    private let recipe: DistillationRecipe
    private let divergence: Divergence
    private let checkpointing: Bool
    private let hiddenMatching: HiddenMatching?
    private let attentionMatching: AttentionMatching?
    private let onPolicy: OnPolicy?

    /// Opens the teacher and checks that the two fit.
    ///
    /// - Parameters:
    ///   - recipe: The run's.
    ///   - section: Its `distillation` section.
    ///   - teacher: The opened teacher.
    ///   - teacherModel: Its model.
    ///   - divergence: How distributions are compared.
    ///   - student: The model that is trained.
    ///   - data: What is learned from.
    /// - Throws: ``DistillationError`` and the errors of the formats.
    init(
        _ recipe: Recipe, _ section: DistillationRecipe, teacher: LiveTeacher, teacherModel: Model,
        divergence: Divergence, student: Model, data: TrainingData
    ) throws {
        self.student = student
        self.teacher = teacher
        self.recipe = section
        self.divergence = divergence
        checkpointing = recipe.training.gradientCheckpointing
        alignment = try VocabularyAlignment(
            student: student, teacher: teacherModel, hasText: recipe.data.format != .tokens)
        try alignment.check(data, student: student)
        guard data.examples.contains(where: { !section.tokens.positions(in: $0).isEmpty }) else {
            throw DistillationError.nothingTaught(
                data: recipe.data.train, tokens: section.tokens.rawValue)
        }
        hiddenMatching = try section.hiddenStates.map {
            try HiddenMatching(
                $0, student: student.decoder, teacher: teacher.decoder, seed: recipe.seed)
        }
        attentionMatching = try section.attention.map {
            if recipe.training.gradientCheckpointing {
                throw DistillationError.attentionWithCheckpointing
            }
            return try AttentionMatching($0, student: student.decoder, teacher: teacher.decoder)
        }
        onPolicy = try section.onPolicy.map { [alignment] in
            let endTokens = recipe.data.format == .tokens ? [] : try student.text().endTokens
            return OnPolicy(
                $0, student: student, endTokens: endTokens, seed: recipe.seed,
                isKnown: alignment.isKnown)
        }
    }

    var parameters: [Parameter] { hiddenMatching?.projections.compactMap { $0 } ?? [] }

    func prepare(step: Int, _ batches: [Batch]) throws -> [MicroStep] {
        var batches = batches
        if let onPolicy { batches = try onPolicy.answered(batches, step: step) }
        let taught = batches.map { $0.taughtTokens(recipe.tokens) }
        let counts = StepCounts(
            supervised: max(1, batches.reduce(0) { $0 + $1.supervisedCount }),
            taught: max(1, taught.reduce(0) { $0 + $1.count }))
        return zip(batches, taught).map { batch, taught in
            MicroStep(batch) { context, tape in
                evaluate(batch, taught, counts, context, tape)
            }
        }
    }

    private func evaluate(
        _ batch: Batch, _ taught: [Int], _ counts: StepCounts, _ context: ForwardContext,
        _ tape: Tape
    ) -> ObjectiveValue {
        let reading = teacher.read(
            alignment.translated(batch.ids), batch.layout,
            states: Set(hiddenMatching?.pairs.map(\.teacher) ?? []),
            attention: Set(attentionMatching?.pairs.map(\.teacher) ?? []),
            profile: tape.workspace.profile)
        var states: [Int: Variable] = [:], queries: [Int: AttentionMatching.Student] = [:]
        let kept = Set(hiddenMatching?.pairs.map(\.student) ?? [])
        var context = context
        if let attentionMatching {
            context.observeAttention = { layer, q, k, rotary in
                guard attentionMatching.pairs.contains(where: { $0.student == layer + 1 }) else {
                    return
                }
                queries[layer + 1] = .init(q: q, k: k, rotary: rotary)
            }
        }
        let hidden = student.decoder.hiddenStates(
            batch.ids, context, on: tape, checkpointing: checkpointing,
            observe: { number, state in
                if kept.contains(number) { states[number] = state }
            })
        var value = mixedLoss(batch, taught, counts, reading, hidden, tape)
        hiddenMatching?.add(
            to: &value, states, reading.states, tokens: taught, count: counts.taught, on: tape)
        attentionMatching?.add(
            to: &value, queries, reading.attention, batch.layout, tokens: taught,
            count: counts.taught, on: tape)
        return value
    }

    private func mixedLoss(
        _ batch: Batch, _ taught: [Int], _ counts: StepCounts, _ reading: LiveTeacher.Reading,
        _ hidden: Variable, _ tape: Tape
    ) -> ObjectiveValue {
        var rows = [Int](repeating: -1, count: batch.ids.count)
        for token in taught { rows[token] = token }
        let mixture = Mixture(recipe, counts)
        let loss = Distillation(
            labels: batch.labels, signalRows: rows, signal: teacher.signal(reading),
            loss: .divergence(divergence), temperature: Float(recipe.temperature),
            hardScale: mixture.hardScale, softScale: mixture.softScale, shared: alignment.shared)
        return mixture.value(student.decoder.loss(loss, of: hidden, on: tape))
    }
}

/// What a whole step counts.
struct StepCounts {
    /// Tokens with a label, at least 1.
    var supervised: Int
    /// Tokens with a soft part, at least 1.
    var taught: Int
}

extension StepCounts {
    /// Counts the tokens of batches whose examples have so many soft parts.
    init(_ batches: [Batch], taughtTokens: (TrainingExample) -> Int) {
        supervised = max(1, batches.reduce(0) { $0 + $1.supervisedCount })
        taught = max(
            1,
            batches.reduce(0) { $0 + $1.examples.reduce(0) { $0 + taughtTokens($1) } })
    }
}

/// How hard and soft part are weighted: `α T²` and `1 - α`, over the step's counts.
struct Mixture {
    let hardWeight: Double
    let softWeight: Double
    let counts: StepCounts

    init(_ recipe: DistillationRecipe, _ counts: StepCounts) {
        hardWeight = 1 - recipe.alpha
        softWeight = recipe.alpha * recipe.temperature * recipe.temperature
        self.counts = counts
    }

    var hardScale: Float { Float(hardWeight / Double(counts.supervised)) }
    var softScale: Float { Float(softWeight / Double(counts.taught)) }

    /// The loss that a head computed, with its parts in f64.
    func value(_ result: (loss: Variable, tokenLosses: Tensor)) -> ObjectiveValue {
        var value = ObjectiveValue()
        value.losses.append(result.loss)
        value.add(
            "hard_loss", result.tokenLosses.sum(ofRow: 0) / Double(counts.supervised),
            weight: hardWeight)
        value.add(
            "soft_loss", result.tokenLosses.sum(ofRow: 1) / Double(counts.taught),
            weight: softWeight)
        return value
    }
}

extension Batch {
    /// The tokens that have a soft part; the last of a document has none, for nothing follows it.
    func taughtTokens(_ kind: DistilledTokens) -> [Int] {
        zip(layout.documents, examples).enumerated().flatMap { index, document in
            let own = answers[index].map { $0.map { Int32($0) } }
            return (own ?? kind.positions(in: document.1)).map {
                document.0.lowerBound + Int($0)
            }
        }
    }
}
