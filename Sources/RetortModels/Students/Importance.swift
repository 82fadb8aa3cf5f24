import RetortTensor

/// What a model's parts do on calibration data: the scores by which a student is chosen.
///
/// All are measured in one pass over the whole model, from activations alone.
package struct Importance: Sendable, Equatable {
    /// The influence of every layer (``BlockInfluence``).
    package let layers: [Double]
    /// For every layer the size of what each query head gives.
    package let heads: [[Double]]
    /// For every layer the size of each channel that enters `down`.
    package let inner: [[Double]]
    /// For each channel of the residual stream its size after the norms, summed over all norms.
    package let hidden: [Double]

    /// Measures a model.
    ///
    /// - Parameters:
    ///   - model: The whole model.
    ///   - documents: Token ids, all within the vocabulary.
    ///   - onProgress: Told how many documents are done.
    /// - Throws: ``StudentError/notFinite(path:)``.
    package init(
        of model: Model, on documents: [[Int32]], onProgress: (Int) -> Void = { _ in }
    ) throws {
        let decoder = model.decoder
        let meter = Meter(decoder.description)
        var done = 0
        for batch in Self.batches(documents) {
            var layout = TokenLayout(positions: [], documents: [])
            for document in batch {
                let start = layout.positions.count
                layout.positions += document.indices.map { Int32($0) }
                layout.documents.append(start..<start + document.count)
            }
            meter.documents = layout.documents
            let context = ForwardContext(layout: layout, observe: meter.observe)
            let tape = Tape(decoder.workspace, isRecording: false)
            let hidden = decoder.hiddenStates(Array(batch.joined()), context, on: tape)
            meter.addFinal(hidden.value)
            done += batch.count
            onProgress(done)
        }
        layers = meter.influence.scores
        heads = meter.heads.map(\.scores)
        inner = meter.inner.map(\.scores)
        hidden = meter.norms.map(\.scores).reduce(
            Array(repeating: 0, count: decoder.description.hiddenSize)
        ) { zip($0, $1).map { $0 + $1 } }
        guard (layers + heads.joined() + inner.joined() + hidden).allSatisfy(\.isFinite) else {
            throw StudentError.notFinite(path: model.path)
        }
    }

    /// Lines documents up to about a thousand tokens at once.
    private static func batches(_ documents: [[Int32]]) -> [[[Int32]]] {
        var batches: [[[Int32]]] = []
        var room = 0
        for document in documents where !document.isEmpty {
            if document.count > room {
                batches.append([])
                room = 1024
            }
            batches[batches.count - 1].append(document)
            room -= document.count
        }
        return batches
    }
}

/// Gathers the activations of a forward pass.
private final class Meter {
    var documents: [Range<Int>] = []
    private(set) var influence: BlockInfluence
    private(set) var heads: [WidthImportance]
    private(set) var inner: [WidthImportance]
    /// Two of every layer, and the last.
    private(set) var norms: [WidthImportance]
    private let headSizes: [Int]

    init(_ description: DecoderDescription) {
        let layers = description.layers
        influence = BlockInfluence(layers: layers.count)
        heads = layers.map { WidthImportance(count: $0.attention.headCount) }
        inner = layers.map { WidthImportance(count: $0.feedForward.innerSize) }
        norms = (0...2 * layers.count).map { _ in WidthImportance(count: description.hiddenSize) }
        headSizes = layers.map(\.attention.headSize)
    }

    func observe(_ layer: Int, _ place: LayerActivation, _ value: Tensor) {
        switch place {
        case .input: influence.enter(layer, value)
        case .attentionNorm: norms[2 * layer].add(value, documents)
        case .heads: heads[layer].add(value, documents, size: headSizes[layer])
        case .feedForwardNorm: norms[2 * layer + 1].add(value, documents)
        case .inner: inner[layer].add(value, documents)
        case .output: influence.leave(layer, value)
        }
    }

    func addFinal(_ value: Tensor) { norms[norms.count - 1].add(value, documents) }
}
