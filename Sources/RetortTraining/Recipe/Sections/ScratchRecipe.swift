import RetortModels

/// The `model.initialize.scratch:` section: a model whose weights are drawn.
///
/// Matrices are normal with `initializer_range` of `config.json`, norms 1, biases 0. The sizes have
/// the names and meanings of `config.json`.
public struct ScratchRecipe: RecipeSection {
    /// The sizes that are not those of the model's configuration.
    public var sizes = ModelSizes()

    /// Creates the defaults.
    public init() {}

    /// The keys, in the order they are written.
    public static let fields: [RecipeField<Self>] = [
        .init("num_hidden_layers", \.sizes.layerCount, allowed: 1...4096, "Layers."),
        .init("hidden_size", \.sizes.hiddenSize, allowed: widths, "Width of the residual stream."),
        .init(
            "intermediate_size", \.sizes.innerSize, allowed: widths,
            "Width of the feed-forward block."),
        .init("num_attention_heads", \.sizes.headCount, allowed: heads, "Query heads."),
        .init(
            "num_key_value_heads", \.sizes.keyValueHeadCount, allowed: heads,
            "Key and value heads; they divide the query heads."),
        .init(
            "head_dim", \.sizes.headSize, allowed: heads,
            """
            Values of a head; left out: hidden_size / num_attention_heads if one of them is given.
            """),
    ]

    private static let widths = 1...1_048_576
    private static let heads = 1...65_536
}
