import RetortModels

/// Who teaches a run: a live teacher, a file of soft targets, or nobody.
enum Lesson {
    /// The data's own tokens are learned.
    case none
    /// A model in memory.
    case live(LiveTeacher, Model)
    /// A file of soft targets.
    case stored(SoftTargetFile)

    /// Opens the teacher of a recipe.
    ///
    /// - Parameters:
    ///   - recipe: The run's.
    ///   - student: The model that is trained.
    /// - Throws: ``ModelError``, ``SoftTargetError`` and the errors of the formats.
    init(_ recipe: Recipe, student: Model) throws {
        if let teacher = recipe.distillation?.teacher {
            let (live, model) = try LiveTeacher.opened(teacher.path, student: student)
            self = .live(live, model)
        } else if let path = recipe.distillation?.targets {
            self = .stored(try SoftTargetFile(path))
        } else {
            self = .none
        }
    }

    /// The examples of a run: those of its data, or where it names none, a file's own documents.
    ///
    /// - Parameters:
    ///   - path: The data; empty for none.
    ///   - reader: Reads them.
    /// - Throws: The errors of reading.
    func data(_ path: String, _ reader: ExampleReader) throws -> TrainingData {
        guard path.isEmpty, case .stored(let targets) = self else { return try reader.read(path) }
        return TrainingData(try targets.groups.flatMap { try targets.examples($0) })
    }

    /// What the run minimizes.
    ///
    /// - Parameters:
    ///   - recipe: The run's.
    ///   - student: The model that is trained.
    ///   - data: The examples.
    /// - Throws: ``DistillationError``, ``SoftTargetError``.
    func objective(
        _ recipe: Recipe, student: Model, data: TrainingData
    ) throws -> any Objective {
        guard let section = recipe.distillation else {
            return SupervisedObjective(
                student, checkpointing: recipe.training.gradientCheckpointing)
        }
        switch self {
        case .none:
            return SupervisedObjective(
                student, checkpointing: recipe.training.gradientCheckpointing)
        case .stored(let targets):
            return try StoredObjective(
                recipe, section, targets: targets, student: student, data: data)
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

    /// A sum that tells whether the teacher is still the same; nil without one.
    func fingerprint() throws -> String? {
        switch self {
        case .none: nil
        case .live(_, let model): try Fingerprint.model(model)
        case .stored(let targets): try Fingerprint.file(targets.path)
        }
    }
}
