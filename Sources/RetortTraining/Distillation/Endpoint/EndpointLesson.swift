import RetortFiles
import RetortModels
import RetortTensor

/// What a teacher behind an endpoint answered: conversations to learn from, and soft targets where its
/// tokens are the student's.
///
/// Journal and answers lie in the run's folder, so that a run that goes on asks nothing twice.
struct EndpointLesson {
    /// The answered conversations.
    let dataPath: String
    private let answers: TeacherAnswers
    /// The line of ``dataPath`` for each conversation; nil where the answer is of no use.
    private let lines: [Int?]
    private let topCount: Int

    /// Asks what is not answered yet and writes the answered conversations.
    ///
    /// - Parameters:
    ///   - recipe: The run's.
    ///   - section: Its endpoint.
    ///   - observe: Told what happens.
    /// - Throws: ``EndpointError``, ``DistillationError`` and errors of files.
    init(
        _ recipe: Recipe, _ section: EndpointRecipe,
        observe: @escaping (EndpointTeacher.Event) -> Void
    ) throws {
        let teacher = try EndpointTeacher(section, seed: recipe.seed)
        let prompts = try TeacherPrompt.read(recipe.data.train)
        let folder = recipe.outputDir + "/endpoint"
        try Folder.create(folder)
        answers = try teacher.answers(
            to: prompts, journal: folder + "/journal.jsonl", observe: observe)
        dataPath = folder + "/answers.jsonl"
        let written = try AnsweredData(
            writing: answers, to: prompts, topLogprobs: 0, path: dataPath)
        guard written.written > 0 else {
            throw DistillationError.noAnswers(path: answers.journalPath)
        }
        lines = written.lines
        topCount = section.topLogprobs
    }

    /// Soft targets in the student's tokens; nil where only texts were asked for.
    ///
    /// - Parameters:
    ///   - section: The `distillation` section.
    ///   - student: The model that is trained.
    ///   - data: The answered conversations in the student's tokens.
    /// - Returns: The targets by line.
    /// - Throws: ``MappingError`` for another tokenizer, and the errors of the journal.
    func signal(
        _ section: DistillationRecipe, student: Model, data: TrainingData
    ) throws -> StoredSignal? {
        guard topCount > 0 else { return nil }
        let mapped = try AnswerMapper(try student.text().tokenizer, topCount: topCount)
            .map(answers)
        let examples = data.byLine
        var rows: [Int: [AlignedRow]] = [:], targets: [Int: SoftTargets] = [:]
        for (line, answer) in zip(lines, mapped) {
            guard let line, let answer, let example = examples[line],
                let range = answer.range(in: example)
            else { continue }
            rows[line] = range.enumerated().filter { $0.element > 0 }.map {
                AlignedRow(student: $0.element - 1, teacher: $0.offset)
            }
            targets[line] = SoftTargets(answer.targets, k: topCount)
        }
        let empty = SoftTargets([], k: topCount)
        return StoredSignal(
            rows: rows, targets: { targets[$0] ?? empty }, loss: .topK(section.topK.form))
    }
}

extension SoftTargets {
    /// The targets of an answer; places that a server left empty have id -1 and no probability.
    fileprivate init(_ targets: [TokenTargets], k: Int) {
        func filled<Value>(_ values: [Value], _ filling: Value) -> [Value] {
            Array(values.prefix(k)) + Array(repeating: filling, count: max(0, k - values.count))
        }
        self = .topK(
            k: k, ids: targets.flatMap { filled($0.ids, -1) },
            logProbabilities: targets.flatMap { filled($0.logProbabilities, -.infinity) },
            tailMass: targets.map(\.tailMass))
    }
}
