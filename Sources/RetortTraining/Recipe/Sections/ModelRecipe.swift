/// The `model:` section.
public struct ModelRecipe: RecipeSection {
    /// A GGUF file, a Hugging Face folder, or a run folder.
    public var path = ""

    /// Creates the defaults.
    public init() {}

    /// The keys, in the order they are written.
    public static let fields: [RecipeField<Self>] = [
        .init(
            input: "path", \.path, isRequired: true,
            "A GGUF file, a Hugging Face folder, or a run folder.")
    ]
}
