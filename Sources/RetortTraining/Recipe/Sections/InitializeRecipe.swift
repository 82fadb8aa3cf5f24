/// The `model.initialize:` section: how the weights begin, if not as stored.
public struct InitializeRecipe: RecipeSection {
    /// How many layers are kept; nil for all.
    public var keepLayers: Int?
    /// Which layers those are.
    public var layers = KeptLayers.uniform
    /// Draws all weights; nil for those that are stored.
    public var scratch: ScratchRecipe?

    /// Creates the defaults.
    public init() {}

    /// `random` for weights that are drawn in the model's own sizes.
    public static var shorthand: (word: String, section: Self)? {
        var section = Self()
        section.scratch = ScratchRecipe()
        return ("random", section)
    }

    /// The keys, in the order they are written.
    public static let fields: [RecipeField<Self>] = [
        .init(
            "keep_layers", \.keepLayers, allowed: 1...4096,
            "How many of the model's layers are kept; the other weights are as stored."
        ).needing("as many as model.initialize.layers lists") { $0.isOfListedCount },
        .init(
            "layers", \.layers,
            """
            Which layers are kept: `uniform` (spread evenly, the first and the last among them), \
            `first`, `last`, or a list of them, counted from 0.
            """
        ).only(if: "model.initialize.keep_layers is given, or it is a list") {
            $0.keepLayers != nil || $0.layers.list != nil
        },
        .init(
            "scratch", section: \.scratch,
            "Weights are drawn, and `model.path` needs no weights; `random` for short."
        ).insteadOf("keep_layers"),
    ]

    private var isOfListedCount: Bool {
        guard let keepLayers, let list = layers.list else { return true }
        return keepLayers == list.count
    }

    /// Counts the layers of a list.
    public mutating func settle() { keepLayers = keepLayers ?? layers.list?.count }
}

/// The `model.initialize.scratch:` section: weights that are drawn.
///
/// Matrices are normal with `initializer_range` of `config.json`, norms 1, biases 0.
public struct ScratchRecipe: RecipeSection {
    /// Creates the defaults.
    public init() {}

    /// The keys, in the order they are written.
    public static let fields: [RecipeField<Self>] = []
}
