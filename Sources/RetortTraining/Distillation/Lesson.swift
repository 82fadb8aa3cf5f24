import RetortModels

/// Who teaches a run: a live teacher, a file of soft targets, an endpoint, or nobody.
enum Lesson {
    /// The data's own tokens are learned.
    case none
    /// A model in memory.
    case live(LiveTeacher, Model)
    /// A file of soft targets.
    case stored(SoftTargetFile)
    /// Answers of a teacher behind an endpoint.
    case answered(EndpointLesson)

    /// Opens the teacher of a recipe.
    ///
    /// - Parameters:
    ///   - recipe: The run's.
    ///   - student: The model that is trained.
    ///   - isPlan: Whether nothing may be written and nobody asked.
    ///   - observe: Told how the asking of an endpoint goes.
    /// - Throws: ``ModelError``, ``SoftTargetError``, ``EndpointError`` and the errors of the formats.
    init(
        _ recipe: Recipe, student: Model, isPlan: Bool = true,
        observe: @escaping (EndpointTeacher.Event) -> Void = { _ in }
    ) throws {
        if let teacher = recipe.distillation?.teacher {
            let (live, model) = try LiveTeacher.opened(teacher.path, student: student)
            self = .live(live, model)
        } else if let path = recipe.distillation?.targets {
            self = .stored(try SoftTargetFile(path))
        } else if let endpoint = recipe.distillation?.endpoint {
            if isPlan { throw DistillationError.dryRunOfEndpoint }
            self = .answered(try EndpointLesson(recipe, endpoint, observe: observe))
        } else {
            self = .none
        }
    }

    /// The examples of a run: those of its data, or where it names none, a file's own documents.
    ///
    /// - Parameters:
    ///   - path: The data; empty for none.
    ///   - reader: Reads them; not asked for where the file holds them, as the student may have
    ///     no chat template.
    /// - Returns: The examples.
    /// - Throws: The errors of reading.
    func data(_ path: String, _ reader: () throws -> ExampleReader) throws -> TrainingData {
        switch self {
        case .stored(let targets) where path.isEmpty:
            return TrainingData(try targets.groups.flatMap { try targets.examples($0) })
        case .answered(let lesson): return try reader().read(lesson.dataPath)
        default: return try reader().read(path)
        }
    }

    /// What the run minimizes.
    ///
    /// - Parameters:
    ///   - recipe: The run's.
    ///   - student: The model that is trained.
    ///   - data: The examples.
    /// - Returns: The objective.
    /// - Throws: ``DistillationError``, ``SoftTargetError``.
    func objective(
        _ recipe: Recipe, student: Model, data: TrainingData
    ) throws -> any Objective {
        let checkpointing = recipe.training.gradientCheckpointing
        func stored(_ signal: StoredSignal, _ section: DistillationRecipe) -> any Objective {
            StoredObjective(
                student: student.decoder, recipe: section, signal: signal,
                checkpointing: checkpointing)
        }
        guard let section = recipe.distillation else {
            return SupervisedObjective(student, checkpointing: checkpointing)
        }
        switch self {
        case .none: return SupervisedObjective(student, checkpointing: checkpointing)
        case .stored(let file):
            return stored(
                try StoredSignal(file, recipe, section, student: student, data: data), section)
        case .answered(let lesson):
            guard let signal = try lesson.signal(section, student: student, data: data) else {
                return SupervisedObjective(student, checkpointing: checkpointing)
            }
            return stored(signal, section)
        case .live(let teacher, let model):
            guard let divergence = section.divergence else {
                return try CrossTokenizerObjective(
                    recipe, section, teacher: teacher, teacherModel: model, student: student,
                    data: data)
            }
            return try DistillationObjective(
                recipe, section, teacher: teacher, teacherModel: model, divergence: divergence,
                student: student, data: data)
        }
    }

    /// What is learned from, as messages call it.
    func name(_ recipe: Recipe) -> String {
        switch self {
        case .none: "teacher"
        case .live: "teacher \(recipe.distillation?.teacher?.path ?? "")"
        case .stored(let targets): "file of soft targets \(targets.path)"
        case .answered(let lesson): "file of the teacher's answers, \(lesson.dataPath),"
        }
    }

    /// A sum that tells whether the teacher is still the same; nil without one.
    ///
    /// Asked for before a student's own adapter sits beside weights that it shares.
    ///
    /// - Returns: The sum.
    /// - Throws: The errors of reading.
    func fingerprint() throws -> String? {
        switch self {
        case .none: nil
        case .live(_, let model): try Fingerprint.weights(model)
        case .stored(let targets): try Fingerprint.file(targets.path)
        case .answered(let lesson): try Fingerprint.file(lesson.dataPath)
        }
    }
}
