import RetortModels
import RetortTensor

/// Soft targets that are at hand, by the line of the data that they belong to.
struct StoredSignal {
    /// Per line, the student's tokens that have a target, and that target's row among the line's.
    let rows: [Int: [AlignedRow]]
    /// The targets of a line that is among ``rows``.
    let targets: (_ line: Int) throws -> SoftTargets
    /// How they are compared with the student.
    let loss: SoftLoss
}

extension StoredSignal {
    /// The targets of a file, matched with the data.
    ///
    /// - Parameters:
    ///   - file: The file.
    ///   - recipe: The run's.
    ///   - section: Its `distillation` section.
    ///   - student: The model that is trained.
    ///   - data: What is learned from.
    /// - Throws: ``SoftTargetError`` for a file of other data or of another tokenizer, and
    ///   ``DistillationError``.
    init(
        _ file: SoftTargetFile, _ recipe: Recipe, _ section: DistillationRecipe, student: Model,
        data: TrainingData
    ) throws {
        switch (section.loss, file.description.mode) {
        case (.uld, .topK): loss = .ranked
        case (.uld, .samples): throw DistillationError.samplesAcrossTokenizers(path: file.path)
        case (_, .topK): loss = .topK(section.topK.form)
        case (_, .samples): loss = .sampled
        }
        if loss == .sampled, section.temperature != 1 {
            throw DistillationError.temperatureOfSamples(path: file.path)
        }
        let documents: [Int: (index: Int, rows: [AlignedRow])]
        if section.loss == .uld {
            try TokenAlignment.check(recipe.data, teacher: file.path)
            documents = try Self.aligned(file, data)
        } else {
            try Self.check(file, recipe, student: student, data)
            let kind = file.description.tokens
            documents = Dictionary(
                data.examples.enumerated().map { index, example in
                    let rows = kind.positions(in: example).enumerated().map {
                        AlignedRow(student: Int($0.element), teacher: $0.offset)
                    }
                    return (example.line, (index, rows))
                }, uniquingKeysWith: { first, _ in first })
        }
        rows = documents.mapValues(\.rows)
        // Rows that only the teacher's output matrix has are padding.
        let vocabulary = student.description.vocabularySize
        let hasPadding = section.loss != .uld && file.description.vocabularySize > vocabulary
        targets = { line in
            let targets = try file.document(documents[line]?.index ?? 0).targets
            return hasPadding ? targets.within(vocabulary) : targets
        }
    }

    /// Makes sure that the data are the file's own documents, in the student's own tokens.
    private static func check(
        _ file: SoftTargetFile, _ recipe: Recipe, student: Model, _ data: TrainingData
    ) throws {
        let vocabulary = student.description.vocabularySize
        let isOfText = recipe.data.format != .tokens && !recipe.data.train.isEmpty
        if isOfText || !file.description.tokenizerFingerprint.isEmpty {
            try file.check(try student.text().tokenizer)
        } else if file.description.vocabularySize > vocabulary {
            throw DistillationError.otherVocabulary(
                teacher: file.path, count: file.description.vocabularySize,
                studentCount: vocabulary)
        }
        try file.check(data.examples)
        for example in data.examples {
            try DataError.check(
                example.ids, path: file.path, line: example.line, vocabulary: vocabulary)
        }
    }

    /// The file's documents beside the same lines in the tokens of another tokenizer.
    private static func aligned(
        _ file: SoftTargetFile, _ data: TrainingData
    ) throws -> [Int: (index: Int, rows: [AlignedRow])] {
        let own = data.byLine
        var documents: [Int: (index: Int, rows: [AlignedRow])] = [:]
        for group in file.groups {
            for (index, other) in zip(group, try file.examples(group)) {
                guard let example = own[other.line] else { continue }
                let places = file.description.tokens.positions(in: other)
                let rows = TokenAlignment.rows(example, other).compactMap { row in
                    places.firstIndex(of: Int32(row.teacher)).map {
                        AlignedRow(student: row.student, teacher: $0)
                    }
                }
                documents[other.line] = (index, rows)
            }
        }
        guard documents.values.contains(where: { !$0.rows.isEmpty }) else {
            throw DistillationError.nothingAligned(teacher: file.path)
        }
        return documents
    }
}
