import RetortModels

/// The `training:` section.
public struct TrainingRecipe: RecipeSection {
    /// Passes over the data; nil with ``maxSteps``, 2 if neither is given.
    public var epochs: Int?
    /// Optimizer steps; nil with ``epochs``.
    public var maxSteps: Int?
    /// Rows of a micro-batch.
    public var batchSize = 2
    /// Micro-batches of a step.
    public var gradientAccumulationSteps = 1
    /// The gradient's largest norm, over all trained tensors; nil for no clipping.
    public var maxGradNorm: Double? = 1.0
    /// The arithmetic of large products and the storage of saved activations.
    public var precision = Precision.auto
    /// Whether layers are computed a second time instead of saving their activations.
    public var gradientCheckpointing = false
    /// Whether the order of the examples is drawn anew for each epoch.
    public var shuffle = true

    /// Creates the defaults.
    public init() {}

    /// The keys, in the order they are written.
    public static let fields: [RecipeField<Self>] = [
        .init(
            "epochs", \.epochs, allowed: 1...1_000_000,
            "Passes over the data; 2 if max_steps is not given either."),
        .init("max_steps", \.maxSteps, allowed: 1...1_000_000_000, "Optimizer steps.")
            .insteadOf("epochs"),
        .init(
            "batch_size", \.batchSize, allowed: 1...65_536,
            "Rows of a micro-batch; rows of max_length tokens when packing."),
        .init(
            "gradient_accumulation_steps", \.gradientAccumulationSteps, allowed: 1...65_536,
            "Micro-batches of a step; the step's loss is the mean over all its trained tokens."),
        .init(
            "max_grad_norm", \.maxGradNorm, allowed: .leastNonzeroMagnitude...1e9,
            "Largest norm of the gradient over all trained tensors; null for no clipping."),
        .init(
            "precision", \.precision,
            "Arithmetic; `auto` is `bfloat16` where the processor has products for it."),
        .init(
            "gradient_checkpointing", \.gradientCheckpointing,
            "Whether layers are computed twice to save memory."),
        .init("shuffle", \.shuffle, "Whether the order of the examples is drawn for each epoch."),
    ]

    /// Gives the run a length if it has none.
    public mutating func settle() {
        if epochs == nil, maxSteps == nil { epochs = 2 }
    }
}

extension Precision: RecipeChoice {}
