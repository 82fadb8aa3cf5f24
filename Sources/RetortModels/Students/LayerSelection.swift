/// Which layers of a model a student keeps; they stay in their order.
public enum LayerSelection: Sendable, Equatable {
    /// So many, spread evenly: of `n` layers `k` are kept, and the i-th kept is layer
    /// `i · (n − 1) / (k − 1)`, rounded to the nearest, half up; so the first and the last stay. One alone is
    /// the first.
    case uniform(Int)
    /// The first ones.
    case first(Int)
    /// The last ones.
    case last(Int)
    /// So many with the largest influence (``Importance``), given for every layer; of equal ones the
    /// first.
    case influential(Int, [Double])
    /// These, counted from 0.
    case listed([Int])

    /// The layers that are kept, counted from 0.
    ///
    /// - Parameters:
    ///   - count: How many the model has.
    ///   - path: The model, for messages.
    /// - Returns: Their indices, rising.
    /// - Throws: ``StudentError`` if the model does not have them.
    public func layers(of count: Int, path: String) throws(StudentError) -> [Int] {
        switch self {
        case .uniform(let kept):
            try Self.check(kept, count, path)
            return (0..<kept).map { index in
                let gaps = max(1, kept - 1)
                return (2 * index * (count - 1) + gaps) / (2 * gaps)
            }
        case .first(let kept):
            try Self.check(kept, count, path)
            return Array(0..<kept)
        case .last(let kept):
            try Self.check(kept, count, path)
            return Array(count - kept..<count)
        case .influential(let kept, let influences):
            try Self.check(kept, count, path)
            guard influences.count == count else {
                throw .otherInfluences(path: path, found: influences.count, count: count)
            }
            return influences.largest(kept)
        case .listed(let layers):
            try Self.check(layers.count, count, path)
            for (place, layer) in layers.enumerated() {
                guard (0..<count).contains(layer) else {
                    throw .noLayer(path: path, layer: layer, count: count)
                }
                if place > 0, layers[place - 1] >= layer {
                    throw .layersNotRising(path: path, layer: layer, after: layers[place - 1])
                }
            }
            return layers
        }
    }

    private static func check(_ kept: Int, _ count: Int, _ path: String) throws(StudentError) {
        guard kept >= 1, kept <= count else {
            throw .layerCount(path: path, wanted: kept, count: count)
        }
    }
}
