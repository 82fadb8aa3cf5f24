import RetortFiles

/// Why no student can be made of a model as it was asked for.
public enum StudentError: Error, Equatable, CustomStringConvertible {
    /// There are not that many layers, or none is kept.
    case layerCount(path: String, wanted: Int, count: Int)
    /// A layer that the model does not have.
    case noLayer(path: String, layer: Int, count: Int)
    /// Layers that do not rise: named twice, or in another order than the model's.
    case layersNotRising(path: String, layer: Int, after: Int)

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
        }
    }
}
