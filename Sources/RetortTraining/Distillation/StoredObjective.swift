import RetortModels
import RetortTensor

/// Labels mixed with soft targets that were stored; no teacher is in memory.
struct StoredObjective: Objective {
    private let student: Decoder
    private let recipe: DistillationRecipe
    private let targets: SoftTargetFile
    /// The document of each line of the data, and its rows that the student has too.
    private let documents: [Int: (index: Int, rows: [AlignedRow])]
    private let loss: SoftLoss
    private let checkpointing: Bool

    /// Matches a file with the data.
    ///
    /// - Parameters:
    ///   - recipe: The run's.
    ///   - section: Its `distillation` section.
    ///   - targets: The file.
    ///   - student: The model that is trained.
    ///   - data: What is learned from.
    /// - Throws: ``SoftTargetError`` for a file of other data or of another tokenizer, and
    ///   ``DistillationError``.
    init(
        _ recipe: Recipe, _ section: DistillationRecipe, targets: SoftTargetFile, student: Model,
        data: TrainingData
    ) throws {
        self.student = student.decoder
        self.recipe = section
        self.targets = targets
        checkpointing = recipe.training.gradientCheckpointing
        switch (section.loss, targets.description.mode) {
        case (.uld, .topK): loss = .ranked
        case (.uld, .samples): throw DistillationError.samplesAcrossTokenizers(path: targets.path)
        case (_, .topK): loss = .topK(section.topK.form)
        case (_, .samples): loss = .sampled
        }
        if loss == .sampled, section.temperature != 1 {
            throw DistillationError.temperatureOfSamples(path: targets.path)
        }
        documents =
            section.loss == .uld
            ? try Self.aligned(targets, data)
            : try Self.same(targets, data, student: student, recipe)
    }

    var parameters: [Parameter] { [] }

    /// The data are the file's own documents.
    private static func same(
        _ targets: SoftTargetFile, _ data: TrainingData, student: Model, _ recipe: Recipe
    ) throws -> [Int: (index: Int, rows: [AlignedRow])] {
        let vocabulary = student.description.vocabularySize
        guard targets.description.vocabularySize <= vocabulary else {
            throw DistillationError.otherVocabulary(
                teacher: targets.path, count: targets.description.vocabularySize,
                studentCount: vocabulary)
        }
        let isOfText = recipe.data.format != .tokens && !recipe.data.train.isEmpty
        if isOfText || !targets.description.tokenizerFingerprint.isEmpty {
            try targets.check(try student.text().tokenizer)
        }
        try targets.check(data.examples)
        var documents: [Int: (index: Int, rows: [AlignedRow])] = [:]
        let kind = targets.description.tokens
        for (index, example) in data.examples.enumerated() {
            let rows = kind.positions(in: example).enumerated().map {
                AlignedRow(student: Int($0.element), teacher: $0.offset)
            }
            documents[example.line] = (index, rows)
        }
        return documents
    }

    /// The data are the same texts in the tokens of another tokenizer.
    private static func aligned(
        _ targets: SoftTargetFile, _ data: TrainingData
    ) throws -> [Int: (index: Int, rows: [AlignedRow])] {
        let own = Dictionary(
            data.examples.map { ($0.line, $0) }, uniquingKeysWith: { first, _ in first })
        var documents: [Int: (index: Int, rows: [AlignedRow])] = [:]
        var count = 0
        for group in targets.groups {
            for (index, other) in zip(group, try targets.examples(group)) {
                guard let example = own[other.line] else { continue }
                let places = targets.description.tokens.positions(in: other)
                let rows = TokenAlignment.rows(example, other).compactMap { row in
                    places.firstIndex(of: Int32(row.teacher)).map {
                        AlignedRow(student: row.student, teacher: $0)
                    }
                }
                count += rows.count
                documents[other.line] = (index, rows)
            }
        }
        guard count > 0 else { throw DistillationError.nothingAligned(teacher: targets.path) }
        return documents
    }

    func prepare(step: Int, _ batches: [Batch]) throws -> [MicroStep] {
        let taught = batches.map { batch in
            batch.examples.reduce(0) { $0 + (documents[$1.line]?.rows.count ?? 0) }
        }
        let counts = StepCounts(
            supervised: max(1, batches.reduce(0) { $0 + $1.supervisedCount }),
            taught: max(1, taught.reduce(0, +)))
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
            guard let document = documents[example.line] else { continue }
            let stored = try targets.document(document.index).targets
            for row in document.rows { rows[place.lowerBound + row.student] = first + row.teacher }
            first += stored.rowCount
            parts.append(stored)
        }
        let hidden = student.hiddenStates(
            batch.ids, context, on: tape, checkpointing: checkpointing)
        let mixture = Mixture(recipe, counts)
        let empty = SoftTargets.samples(count: 1, ids: [], weights: [])
        let loss = Distillation(
            labels: batch.labels, signalRows: rows,
            signal: .stored(SoftTargets.joined(parts) ?? empty), loss: loss,
            temperature: Float(recipe.temperature), hardScale: mixture.hardScale,
            softScale: mixture.softScale)
        return mixture.value(student.loss(loss, of: hidden, on: tape))
    }
}
