import RetortFiles

/// Why no student can be made of a model as it was asked for.
public enum StudentError: Error, Equatable, CustomStringConvertible {
    /// There are not that many layers, or none is kept.
    case layerCount(path: String, wanted: Int, count: Int)
    /// A layer that the model does not have.
    case noLayer(path: String, layer: Int, count: Int)
    /// Layers that do not rise: named twice, or in another order than the model's.
    case layersNotRising(path: String, layer: Int, after: Int)
    /// Influences of another number of layers.
    case otherInfluences(path: String, found: Int, count: Int)
    /// A size that the model does not have, or 0.
    case size(path: String, what: Size, wanted: Int, count: Int)
    /// Heads that do not leave equally many in each group; `group` is how many there are.
    case unequalGroups(path: String, heads: Int, keyValueHeads: Int, group: Int)
    /// Heads that are not whole groups of so many.
    case partialGroup(path: String, heads: Int, group: Int)
    /// A width that is no multiple of the number of heads.
    case indivisible(path: String, hidden: Int, heads: Int)
    /// Layers of different sizes, of which no configuration can tell.
    case unequalLayers(path: String)
    /// Activations that are NaN or infinite.
    case notFinite(path: String)
    /// The model is a student itself, of which no file holds all.
    case isStudent(path: String)
    /// There is an adapter beside the model's weights.
    case hasAdapter(path: String)
    /// Something is to be chosen by importance, and there are no data to measure it on.
    case noCalibration(path: String)

    /// What can be made narrower.
    public enum Size: String, Sendable {
        /// The residual stream.
        case hidden = "channels of the residual stream"
        /// Query heads.
        case heads = "heads"
        /// Key and value heads.
        case keyValueHeads = "key and value heads"
        /// The feed-forward block.
        case inner = "feed-forward channels"
    }

    /// One sentence: where, what, what to do.
    public var description: String {
        switch self {
        case .layerCount(let path, let wanted, let count):
            "\(path): \(wanted) layers cannot be kept; the model has \(count), keep 1 to \(count)."
        case .noLayer(let path, let layer, let count):
            "\(path): there is no layer \(layer); the model's are 0 to \(count - 1)."
        case .layersNotRising(let path, let layer, let after):
            "\(path): layer \(layer) is named after layer \(after); name each layer to keep once, "
                + "in the model's order."
        case .otherInfluences(let path, let found, let count):
            "\(path): has \(count) layers, but influences of \(found) are given; measure this model."
        case .size(let path, let what, let wanted, let count):
            "\(path): \(wanted) \(what.rawValue) cannot be kept; keep 1 to \(count)."
        case .unequalGroups(let path, let heads, let keyValueHeads, let group):
            "\(path): \(heads) heads cannot share \(keyValueHeads) key and value heads; keep the "
                + "same number for each, 1 to \(group)."
        case .partialGroup(let path, let heads, let group):
            "\(path): \(heads) heads are not whole groups of \(group); keep a multiple of \(group), or "
                + "say how many key and value heads they share."
        case .indivisible(let path, let hidden, let heads):
            "\(path): a width of \(hidden) is no multiple of \(heads) heads, which transformers "
                + "asks for; \(Self.near(hidden, heads))."
        case .unequalLayers(let path):
            "\(path): its layers differ in size; only layers as a whole can be left out."
        case .notFinite(let path):
            "\(path): gives values that are NaN or infinite on the calibration data; importance "
                + "cannot be measured."
        case .isStudent(let path):
            "\(path): the model in memory keeps only a part of this one; write it, and prune what is "
                + "written."
        case .hasAdapter(let path):
            "\(path): has an adapter beside its weights, which a student would lose; merge it first "
                + "with retort merge."
        case .noCalibration(let path):
            "\(path): importance is measured on data; name a file of them as calibration."
        }
    }

    private static func near(_ hidden: Int, _ heads: Int) -> String {
        let below = hidden / heads * heads
        return below == 0
            ? "keep at most \(hidden) heads" : "keep \(below) channels, or other heads"
    }
}
