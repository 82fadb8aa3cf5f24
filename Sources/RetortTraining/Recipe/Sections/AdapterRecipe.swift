/// The `adapter:` section, in PEFT's words.
public struct AdapterRecipe: RecipeSection {
    /// The kind of adapter.
    public var type = AdapterType.lora
    /// A PEFT folder to start from, which also says everything below; nil for a new adapter.
    public var initialAdapter: String?
    /// The inner dimension of the update `B·A`.
    public var rank = 16
    /// The update's weight: it is scaled by `alpha / rank`.
    public var alpha = 32.0
    /// How probable it is that an input element of the adapter is dropped in training.
    public var dropout = 0.0
    /// The matrices that get an adapter.
    public var targetModules = TargetModules.allLinear
    /// Whether the scale is `alpha / √rank` (arXiv:2312.03732).
    public var useRSLoRA = false
    /// Other ranks for some modules; the first pattern that matches counts.
    public var rankPattern: ModulePatterns<Int> = [:]
    /// Other alphas for some modules; the first pattern that matches counts.
    public var alphaPattern: ModulePatterns<Double> = [:]
    /// The layers that get an adapter, counted from 0; nil for all.
    public var layersToTransform: [Int]?

    /// Creates the defaults.
    public init() {}

    /// The keys, in the order they are written.
    public static let fields: [RecipeField<Self>] = [
        .init("type", \.type, "The kind of adapter: `lora` (arXiv:2106.09685)."),
        .init(
            input: "init", \.initialAdapter,
            "PEFT adapter folder to start from; its configuration takes the place of the keys below."
        ),
        new(.init("rank", \.rank, allowed: ranks, "Inner dimension of the update.")),
        new(
            .init(
                "alpha", \.alpha, allowed: alphas,
                "Weight of the update, which is scaled by alpha / rank.")),
        new(
            .init(
                "dropout", \.dropout, allowed: 0..<1,
                "Probability that an input element of the adapter is dropped in training.")),
        new(
            .init(
                "target_modules", \.targetModules,
                "Matrices that get an adapter, by the ends of their names.")),
        new(.init("use_rslora", \.useRSLoRA, "Scale by alpha / sqrt(rank) (arXiv:2312.03732).")),
        new(
            .init(
                "rank_pattern", \.rankPattern, allowed: "a map to ranks from 1 to 65536",
                "Other ranks for some modules; the first pattern that matches counts."
            ) { $0.entries.allSatisfy { ranks.contains($0.value) } }),
        new(
            .init(
                "alpha_pattern", \.alphaPattern, allowed: "a map to numbers above 0",
                "Other alphas for some modules; the first pattern that matches counts."
            ) { $0.entries.allSatisfy { alphas.contains($0.value) } }),
        new(
            .init(
                "layers_to_transform", \.layersToTransform, allowed: 0...65_535,
                "Layers that get an adapter, counted from 0; null for all.")),
    ]

    private static let ranks = 1...65_536
    private static let alphas = Double.leastNonzeroMagnitude...1e6

    /// A key that only a new adapter has.
    private static func new(_ field: RecipeField<Self>) -> RecipeField<Self> {
        field.only(if: "adapter.init is left out") { $0.initialAdapter == nil }
    }
}

/// A kind of adapter.
public enum AdapterType: String, RecipeChoice {
    /// Low-rank adaptation: `W·x + scale · B·(A·x)`.
    case lora
}
