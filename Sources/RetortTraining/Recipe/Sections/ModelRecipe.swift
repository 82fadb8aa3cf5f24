/// The `model:` section.
public struct ModelRecipe: RecipeSection {
    /// A GGUF file, a Hugging Face folder, or a run folder.
    public var path = ""
    /// How its weights begin; nil for those that are stored.
    public var initialize: Initialization?

    /// Creates the defaults.
    public init() {}

    /// The keys, in the order they are written.
    public static let fields: [RecipeField<Self>] = [
        .init(
            input: "path", \.path, isRequired: true,
            "A GGUF file, a Hugging Face folder, or a run folder."),
        .init(
            "initialize", \.initialize,
            """
            `random`: weights are drawn, and `model.path` is a Hugging Face folder that needs only \
            `config.json` and a tokenizer. Left out: as stored.
            """),
    ]
}

/// How the weights of a model begin, if not as stored.
public enum Initialization: String, RecipeChoice {
    /// Matrices normal with `initializer_range` of `config.json`, norms 1, biases 0.
    case random
}
