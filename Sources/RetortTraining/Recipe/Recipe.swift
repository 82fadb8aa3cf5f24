/// What to train, from what, and how: the only intention of a run.
///
/// Properties are the keys of the YAML file in Swift's spelling. `Recipe()` holds the defaults;
/// ``outputDir``, `model.path` and `data.train` must be set.
public struct Recipe: RecipeSection {
    /// The kind of training.
    public var task = TrainingTask.sft
    /// The folder for checkpoints, metrics and the result; relative to the current folder.
    public var outputDir = ""
    /// The seed of every random number.
    public var seed = 42
    /// The model to train.
    public var model = ModelRecipe()
    /// The adapter to train; nil for the model's own weights.
    public var adapter: AdapterRecipe?
    /// Who teaches; nil without a teacher.
    public var distillation: DistillationRecipe?
    /// What to learn from.
    public var data = DataRecipe()
    /// How many steps of which size.
    public var training = TrainingRecipe()
    /// How gradients change weights.
    public var optimizer = OptimizerRecipe()
    /// How the learning rate changes over the steps.
    public var schedule = ScheduleRecipe()
    /// When the run is saved.
    public var checkpoint = CheckpointRecipe()
    /// What is recorded.
    public var logging = LoggingRecipe()

    /// Creates the defaults.
    public init() {}

    /// Data are needed unless a file of soft targets holds them in the student's own tokens.
    public func missingKey() -> String? {
        let isInFile = distillation.map { $0.targets != nil && $0.loss != .uld } ?? false
        return data.train.isEmpty && !isInFile ? "data.train" : nil
    }

    /// The keys, in the order they are written.
    public static let fields: [RecipeField<Self>] = [
        .init(
            "task", \.task, isRequired: true,
            "The kind of training: `sft`, supervised, or `distill`, from a teacher."
        ).needing("sft unless there is a distillation section") {
            $0.task != .distill || $0.distillation != nil
        },
        .init(
            "output_dir", \.outputDir, isRequired: true,
            "Folder for checkpoints, metrics and the result, from the current folder."),
        .init("seed", \.seed, allowed: 0..., "Seed of shuffling, dropout and initialization."),
        .init("model", section: \.model, "The model to train."),
        .init(
            "adapter", section: \.adapter,
            "The adapter to train; left out, the model's own weights are trained."
        ).needing("left out where model.initialize draws the weights, which are all trained") {
            $0.adapter == nil || $0.model.initialize?.scratch == nil
        },
        .init(
            "distillation", section: \.distillation,
            "Who teaches, and how student and teacher are compared."
        ).only(if: "task is distill") { $0.task == .distill }.needing(
            "a map with teacher or targets"
        ) { $0.distillation.map { $0.teacher != nil || $0.targets != nil } ?? true },
        .init("data", section: \.data, "What to learn from."),
        .init("training", section: \.training, "How many steps of which size."),
        .init("optimizer", section: \.optimizer, "How gradients change weights."),
        .init("schedule", section: \.schedule, "How the learning rate changes over the steps."),
        .init("checkpoint", section: \.checkpoint, "When the run is saved."),
        .init("logging", section: \.logging, "What is recorded."),
    ]
}

/// A kind of training.
public enum TrainingTask: String, RecipeChoice {
    /// Supervised fine-tuning on the data's own tokens.
    case sft
    /// From a teacher's soft targets.
    case distill
}
