/// The `logging:` section.
public struct LoggingRecipe: RecipeSection {
    /// Steps from one line of `metrics.jsonl` to the next.
    public var everySteps = 1

    /// Creates the defaults.
    public init() {}

    /// The keys, in the order they are written.
    public static let fields: [RecipeField<Self>] = [
        .init(
            "every_steps", \.everySteps, allowed: 1...1_000_000_000,
            "Steps from one line of metrics.jsonl to the next.")
    ]
}
