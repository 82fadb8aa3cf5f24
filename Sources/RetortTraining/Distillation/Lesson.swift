import RetortModels

/// Who teaches a run, opened once; nobody where the data's own tokens are learned.
struct Lesson {
    private let recipe: Recipe
    private let student: Model
    private let live: (teacher: LiveTeacher, model: Model)?

    /// Opens the teacher of a recipe.
    ///
    /// - Parameters:
    ///   - recipe: The run's.
    ///   - student: The model that is trained.
    /// - Throws: ``ModelError`` and the errors of the formats.
    init(_ recipe: Recipe, student: Model) throws {
        self.recipe = recipe
        self.student = student
        live = try recipe.distillation?.teacher.map {
            try LiveTeacher.opened($0.path, student: student)
        }
    }

    /// What the run minimizes.
    ///
    /// - Parameter data: The examples.
    /// - Throws: ``DistillationError``.
    func objective(_ data: TrainingData) throws -> any Objective {
        guard let section = recipe.distillation, let live, let divergence = section.divergence
        else {
            return SupervisedObjective(
                student, checkpointing: recipe.training.gradientCheckpointing)
        }
        return try DistillationObjective(
            recipe, section, teacher: live.teacher, teacherModel: live.model,
            divergence: divergence, student: student, data: data)
    }

    /// A sum that tells whether the teacher is still the same; nil without one.
    func fingerprint() throws -> String? { try live.map { try Fingerprint.model($0.model) } }
}
