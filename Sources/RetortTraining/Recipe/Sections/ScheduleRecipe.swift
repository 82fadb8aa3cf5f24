/// The `schedule:` section.
public struct ScheduleRecipe: RecipeSection {
    /// The course after warm-up.
    public var name = ScheduleName.cosine
    /// Steps of warm-up as a part of all; nil with ``warmupSteps``, 0.03 if neither is given.
    public var warmupRatio: Double?
    /// Steps of warm-up; nil with ``warmupRatio``.
    public var warmupSteps: Int?

    /// Creates the defaults.
    public init() {}

    /// The keys, in the order they are written.
    public static let fields: [RecipeField<Self>] = [
        .init(
            "name", \.name,
            "Course of the rate after warm-up; cosine and linear end at 0."),
        .init(
            "warmup_ratio", \.warmupRatio, allowed: 0...1,
            "Part of the steps in which the rate rises; 0.03 if warmup_steps is not given either."),
        .init(
            "warmup_steps", \.warmupSteps, allowed: 0...1_000_000_000,
            "Steps in which the rate rises from 0."
        ).insteadOf("warmup_ratio"),
    ]

    /// Gives the schedule a warm-up if none is given.
    public mutating func settle() {
        if warmupRatio == nil, warmupSteps == nil { warmupRatio = 0.03 }
    }
}

/// The course of the learning rate after warm-up.
public enum ScheduleName: String, RecipeChoice {
    /// Half a cosine wave down to 0.
    case cosine
    /// A straight line down to 0.
    case linear
    /// The peak rate to the end.
    case constant
}
