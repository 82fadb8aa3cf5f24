/// The `data:` section.
public struct DataRecipe: RecipeSection {
    /// The examples to train on, one JSON object a line.
    public var train = ""
    /// Examples to measure the loss on after each epoch.
    public var validation: String?
    /// What a line holds.
    public var format = DataFormat.messages
    /// The most tokens of an example, and of a packed row.
    public var maxLength = 512
    /// What happens to longer examples.
    public var overlength = Overlength.error
    /// Whether several examples share a row, each seeing only itself.
    public var packing = true
    /// Which tokens count in the loss; nil for `assistant` in conversations, else `all`.
    public var trainOn: TrainedTokens?

    /// Creates the defaults.
    public init() {}

    /// The keys, in the order they are written.
    public static let fields: [RecipeField<Self>] = [
        .init(
            input: "train", \.train,
            "Examples to train on, as JSONL; may be left out with distillation.targets."
        ).only(if: "it is a path") { !$0.train.isEmpty },
        .init(input: "validation", \.validation, "Examples to measure after each epoch, as JSONL."),
        .init(
            "format", \.format,
            """
            What a line holds: `{"messages":[{"role","content"}, …]}`, `{"text"}`, or \
            `{"input_ids","labels"}` (label -100: not trained).
            """),
        .init(
            "max_length", \.maxLength, allowed: 2...1_048_576,
            "Most tokens of an example, and of a packed row."),
        .init("overlength", \.overlength, "What happens to longer examples."),
        .init(
            "packing", \.packing, "Whether several examples share a row, each seeing only itself."),
        .init(
            "train_on", \.trainOn,
            """
            Tokens that count in the loss: the assistant's turns, or all (with `tokens`: all that \
            have a label). Left out: `assistant` for `messages`, else `all`.
            """
        ).needing("all unless data.format is messages") {
            $0.format == .messages || $0.trainOn != .assistant
        },
    ]

    /// Chooses the trained tokens by the format.
    public mutating func settle() {
        trainOn = trainOn ?? (format == .messages ? .assistant : .all)
    }
}

/// What a line of a data file holds.
public enum DataFormat: String, RecipeChoice {
    /// A conversation: `{"messages": […]}`.
    case messages
    /// Running text: `{"text": …}`.
    case text
    /// Token ids and labels: `{"input_ids": […], "labels": […]}`.
    case tokens
}

/// What happens to examples with too many tokens.
public enum Overlength: String, RecipeChoice {
    /// The run is refused.
    case error
    /// They are left out.
    case drop
    /// Their ends are cut off.
    case truncate
}

/// Which tokens count in the loss.
public enum TrainedTokens: String, RecipeChoice {
    /// What the assistant says, and the token that ends its turn.
    case assistant
    /// All that have a label.
    case all
}
