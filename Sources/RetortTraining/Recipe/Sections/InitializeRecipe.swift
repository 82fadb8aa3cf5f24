/// The `model.initialize:` section: how the weights begin, if not as stored.
public struct InitializeRecipe: RecipeSection {
    /// How many layers are kept; nil for all.
    public var keepLayers: Int?
    /// Which layers those are.
    public var layers = KeptLayers.uniform
    /// Data to measure the layers' importance on.
    public var calibration: String?
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
            `first`, `last`, `importance` (those that change the most what passes through them), or \
            a list of them, counted from 0.
            """
        ).only(if: "model.initialize.keep_layers is given, or it is a list") {
            $0.keepLayers != nil || $0.layers.list != nil
        }.needing("given with model.initialize.calibration if it is importance") {
            $0.layers != .importance || $0.calibration != nil
        },
        .init(
            input: "calibration", \.calibration,
            "Data to measure importance on, as JSONL in any of the formats of `data`."
        ).only(if: "model.initialize.layers is importance") { $0.layers == .importance },
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
