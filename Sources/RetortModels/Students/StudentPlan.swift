import RetortKernels
import RetortTensor

/// What of a model's files a student is made of.
package struct StudentPlan: Sendable, Equatable {
    /// For each layer of the student the layer of the files.
    package internal(set) var layers: [Int]
    /// The channels of the residual stream that are kept; nil for all.
    package internal(set) var hidden: [Int]?
    /// For each layer of the student the attention heads that are kept; nil for all.
    package internal(set) var heads: [KeptHeads]?
    /// For each layer of the student the feed-forward channels that are kept; nil for all.
    package internal(set) var inner: [[Int]]?
    /// How matrices that lost rows or columns are kept in memory.
    package internal(set) var sliceType = ElementType.float32
    /// How many layers the files have.
    private let layerCount: Int

    /// All of a model.
    package init(_ description: DecoderDescription) {
        layerCount = description.layers.count
        layers = Array(0..<layerCount)
    }

    /// Whether nothing is left out.
    var isWhole: Bool { !slices && layers == Array(0..<layerCount) }

    /// The layers of the files that the student leaves out.
    var omittedLayers: [Int] {
        let kept = Set(layers)
        return (0..<layerCount).filter { !kept.contains($0) }
    }

    /// Keeps some of the student's own layers.
    mutating func keep(_ kept: [Int]) {
        layers = kept.map { layers[$0] }
        heads = heads.map { heads in kept.map { heads[$0] } }
        inner = inner.map { inner in kept.map { inner[$0] } }
    }

    /// Whether any matrix loses rows or columns.
    var slices: Bool { hidden != nil || heads != nil || inner != nil }

    /// What the student computes.
    func applied(to description: DecoderDescription) -> DecoderDescription {
        var student = description
        student.layers = layers.map { description.layers[$0] }
        student.hiddenSize = hidden?.count ?? student.hiddenSize
        for index in layers.indices {
            if let heads = heads?[index] {
                student.layers[index].attention.headCount = heads.queries.count
                student.layers[index].attention.keyValueHeadCount = heads.keyValues.count
            }
            if let inner = inner?[index] {
                student.layers[index].feedForward.innerSize = inner.count
            }
        }
        return student
    }
}

/// The heads of a layer that a student keeps: of every kept group equally many.
package struct KeptHeads: Sendable, Equatable {
    /// Query heads, rising.
    package let queries: [Int]
    /// Key and value heads, rising.
    package let keyValues: [Int]
}
