/// The `checkpoint:` section.
public struct CheckpointRecipe: RecipeSection {
    /// Steps from one checkpoint to the next.
    public var everySteps = 50
    /// How many of the latest checkpoints stay.
    public var keep = 2

    /// Creates the defaults.
    public init() {}

    /// The keys, in the order they are written.
    public static let fields: [RecipeField<Self>] = [
        .init(
            "every_steps", \.everySteps, allowed: 1...1_000_000_000,
            "Steps from one checkpoint to the next."),
        .init("keep", \.keep, allowed: 1...1_000_000, "How many of the latest checkpoints stay."),
    ]
}
