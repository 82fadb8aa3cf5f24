import RetortFiles
import RetortKernels
import RetortTensor

extension Model {
    /// All parameters in the order of the forward pass; a tied output matrix is not one.
    func modelTensors() -> [ModelTensor] {
        var collector = TensorCollector(model: self)
        collector.add(decoder.embedding, "embedding", layer: nil, isVocabulary: true)
        for layer in decoder.layers { collector.add(layer) }
        collector.add(decoder.finalNorm, "finalNorm", layer: nil)
        if decoder.head !== decoder.embedding {
            collector.add(decoder.head, "head", layer: nil, isVocabulary: true)
        }
        return collector.tensors
    }
}

/// Pairs every layer's weights with their names in both worlds.
private struct TensorCollector {
    private let names: [String: ParameterName]
    private let formats: [ExactKey: StorageFormat]
    private let files: ModelFiles
    private let plan: StudentPlan
    private(set) var tensors: [ModelTensor] = []

    init(model: Model) {
        names = Dictionary(
            model.family.parameters.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var formats: [ExactKey: StorageFormat] = [:]
        for tensor in model.files.tensors { formats[ExactKey(tensor.name)] = tensor.format }
        self.formats = formats
        files = model.files
        plan = model.plan ?? StudentPlan(model.description)
    }

    mutating func add(_ layer: DecoderLayer) {
        let headSize = layer.description.attention.headSize, index = layer.index
        add(layer.attentionNorm, "layers.#.attentionNorm", layer: index)
        for (part, linear) in [
            ("query", layer.query), ("key", layer.key), ("value", layer.value),
            ("output", layer.output),
        ] {
            add(linear, "layers.#.attention." + part, layer: index, headSize: headSize)
        }
        add(layer.feedForwardNorm, "layers.#.feedForwardNorm", layer: index)
        for (part, linear) in [("gate", layer.gate), ("up", layer.up), ("down", layer.down)] {
            add(linear, "layers.#.feedForward." + part, layer: index)
        }
    }

    mutating func add(_ norm: NormLayer, _ name: String, layer: Int?) {
        let names = fileNames(name, layer)
        tensors.append(
            ModelTensor(
                names, "weight", Weight(norm.weight.standing), trained: norm.parameter,
                isMatrix: false, baseFormat: format(names, "weight")))
    }

    mutating func add(
        _ linear: LinearLayer, _ name: String, layer: Int?, headSize: Int? = nil,
        isVocabulary: Bool = false
    ) {
        let names = fileNames(name, layer, rows: linear.weight.rowCount, headSize: headSize)
        tensors.append(
            ModelTensor(
                names, "weight", linear.weight, trained: linear.parameter,
                adapter: linear.adapter, isMatrix: true, isVocabulary: isVocabulary,
                baseFormat: linear.weight.format))
        guard let bias = linear.bias else { return }
        tensors.append(
            ModelTensor(
                names, "bias", Weight(bias.standing), trained: linear.biasParameter,
                isMatrix: false, baseFormat: format(names, "bias")))
    }

    private typealias Names = (huggingFace: String, gguf: String, stored: String, order: [Int32]?)

    private func fileNames(
        _ name: String, _ layer: Int?, rows: Int = 0, headSize: Int? = nil
    ) -> Names {
        func numbered(_ name: String) -> String {
            layer.map { name.replacing("#", with: "\($0)") } ?? name
        }
        let entry = names[name]
        var order: [Int32]?
        if let headSize, headSize % 2 == 0, entry?.ggufRows == .rotaryPairs {
            order = RowOrder.interleaved(rows: rows, headSize: headSize).inverted
        }
        let stored = entry.map { files.name(of: $0, layer: layer.map { plan.layers[$0] } ?? 0) }
        return (
            numbered(entry?.huggingFace ?? name), numbered(entry?.gguf ?? name), stored ?? name,
            order
        )
    }

    private func format(_ names: Names, _ part: String) -> StorageFormat {
        formats[ExactKey("\(names.stored).\(part)")] ?? .f32
    }
}

extension [Int32] {
    /// Of a permutation: what each place received.
    var inverted: [Int32] {
        var result = self
        for (place, value) in enumerated() { result[Int(value)] = Int32(place) }
        return result
    }
}
