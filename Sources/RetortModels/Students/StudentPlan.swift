/// What of a model's files a student is made of.
package struct StudentPlan: Sendable, Equatable {
    /// For each layer of the student the layer of the files.
    package var layers: [Int]
    /// How many layers the files have.
    private let layerCount: Int

    /// All of a model.
    init(_ description: DecoderDescription) {
        layerCount = description.layers.count
        layers = Array(0..<layerCount)
    }

    /// The layers of the files that the student leaves out.
    var omittedLayers: [Int] {
        let kept = Set(layers)
        return (0..<layerCount).filter { !kept.contains($0) }
    }

    /// What the student computes.
    func applied(to description: DecoderDescription) -> DecoderDescription {
        var student = description
        student.layers = layers.map { description.layers[$0] }
        return student
    }
}
