/// The `model:` section.
public struct ModelRecipe: RecipeSection {
    /// A GGUF file, a Hugging Face folder, or a run folder.
    public var path = ""
    /// How its layers and weights begin; nil for those that are stored.
    public var initialize: InitializeRecipe?

    /// Creates the defaults.
    public init() {}

    /// The keys, in the order they are written.
    public static let fields: [RecipeField<Self>] = [
        .init(
            input: "path", \.path, isRequired: true,
            "A GGUF file, a Hugging Face folder, or a run folder."),
        .init(
            "initialize", section: \.initialize,
            """
            What is kept of the model, or `random`: weights are drawn, and `model.path` is a \
            Hugging Face folder that needs only `config.json` and a tokenizer. Left out: as stored.
            """
        ).needing("random, or a map with keep_layers, layers or scratch") {
            $0.initialize.map { $0.keepLayers != nil || $0.scratch != nil } ?? true
        },
    ]
}
