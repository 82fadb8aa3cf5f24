import RetortFiles
import RetortTensor

/// Finds every parameter of a description under its name in a model's files, exactly once.
struct ModelLoader {
    let files: ModelFiles
    let workspace: Workspace
    private let description: DecoderDescription
    private var source: any WeightSource
    private let plan: StudentPlan
    private let names: [String: ParameterName]
    private var used: Set<ExactKey> = []
    private var missing: [String] = []
    private var siteCount = 0

    init(
        files: ModelFiles, description: DecoderDescription, source: any WeightSource,
        family: any ModelFamily.Type, plan: StudentPlan, workspace: Workspace
    ) {
        self.files = files
        self.source = source
        self.plan = plan
        self.workspace = workspace
        self.description = description
        names = Dictionary(
            family.parameters.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Builds the decoder.
    ///
    /// - Parameter suffixes: Ends of names that are no parameters and need no word.
    /// - Returns: The decoder, and names of tensors that the architecture does not have.
    /// - Throws: ``ModelError``; one error names all parameters that are missing.
    mutating func load(ignoring suffixes: [String]) throws -> (
        decoder: Decoder, unexpected: [String]
    ) {
        let embedding = try linear("embedding", 0, .vocabulary, .hidden, false)
        var layers: [DecoderLayer?] = []
        for (index, layer) in description.layers.enumerated() {
            layers.append(try self.layer(index, layer))
            // A damaged count of layers: enough is known to complain.
            if missing.count > 100 { break }
        }
        let norm = try norm("finalNorm", 0, description.finalNorm)
        let head =
            description.tiesEmbeddings ? nil : try linear("head", 0, .vocabulary, .hidden, false)
        if description.tiesEmbeddings { used.insert(ExactKey(fileName("head", 0) + ".weight")) }
        guard missing.isEmpty, let embedding, let norm else {
            throw ModelError.missingTensors(path: files.path, tensors: missing)
        }
        let omitted = files.parameterNames(names.values, ofLayers: plan.omittedLayers)
        let unexpected = files.tensors.map(\.name).filter { name in
            !used.contains(ExactKey(name)) && !omitted.contains(ExactKey(name))
                && !suffixes.contains { name.hasSuffix($0) }
        }
        let decoder = Decoder(
            description: description, workspace: workspace, embedding: embedding,
            layers: layers.compactMap { $0 }, finalNorm: norm, head: head)
        return (decoder, unexpected)
    }

    private mutating func layer(_ index: Int, _ layer: LayerDescription) throws -> DecoderLayer? {
        var loader = self
        defer { self = loader }
        let inputBias = layer.attention.hasInputBias, innerBias = layer.feedForward.hasBias
        let prefix = "layers.#."
        let attentionNorm = try loader.norm(prefix + "attentionNorm", index, layer.attentionNorm)
        let query = try loader.linear(
            prefix + "attention.query", index, .queries, .hidden, inputBias)
        let key = try loader.linear(prefix + "attention.key", index, .keys, .hidden, inputBias)
        let value = try loader.linear(prefix + "attention.value", index, .keys, .hidden, inputBias)
        let output = try loader.linear(
            prefix + "attention.output", index, .hidden, .queries, layer.attention.hasOutputBias)
        let feedForwardNorm = try loader.norm(
            prefix + "feedForwardNorm", index, layer.feedForwardNorm)
        let gate = try loader.linear(prefix + "feedForward.gate", index, .inner, .hidden, innerBias)
        let up = try loader.linear(prefix + "feedForward.up", index, .inner, .hidden, innerBias)
        let down = try loader.linear(prefix + "feedForward.down", index, .hidden, .inner, innerBias)
        guard let attentionNorm, let query, let key, let value, let output, let feedForwardNorm,
            let gate, let up, let down
        else { return nil }
        return DecoderLayer(
            index: index, description: layer, attentionNorm: attentionNorm, query: query, key: key,
            value: value, output: output, feedForwardNorm: feedForwardNorm, gate: gate, up: up,
            down: down)
    }

    private func fileName(_ name: String, _ layer: Int) -> String {
        names[name].map { files.name(of: $0, layer: plan.layers[layer]) } ?? name
    }

    private mutating func weight(_ wanted: WantedParameter) throws -> Weight? {
        let weight = try source.weight(wanted)
        if weight == nil {
            missing.append(wanted.name)
        } else {
            used.insert(ExactKey(wanted.name))
        }
        return weight
    }

    private mutating func norm(
        _ name: String, _ layer: Int, _ norm: NormDescription
    ) throws -> NormLayer? {
        let wanted = WantedParameter(
            name: fileName(name, layer) + ".weight", kind: .norm, layer: layer, outputs: .hidden,
            inputs: .hidden, rows: 1, columns: description.hiddenSize, pairedHeadSize: nil)
        guard let weight = try weight(wanted) else { return nil }
        return NormLayer(
            name: huggingFaceName(name, layer), weight: workspace.widened(weight),
            description: norm)
    }

    private mutating func linear(
        _ name: String, _ layer: Int, _ outputs: Axis, _ inputs: Axis, _ hasBias: Bool
    ) throws -> LinearLayer? {
        let spelled = fileName(name, layer), paired = pairedHeadSize(name, layer)
        let rows = description.size(of: outputs, layer: layer)
        let weight = try weight(
            WantedParameter(
                name: spelled + ".weight", kind: .matrix, layer: layer, outputs: outputs,
                inputs: inputs, rows: rows, columns: description.size(of: inputs, layer: layer),
                pairedHeadSize: paired))
        guard let weight else { return nil }
        var bias: Tensor?
        if hasBias {
            let stored = try self.weight(
                WantedParameter(
                    name: spelled + ".bias", kind: .bias, layer: layer, outputs: outputs,
                    inputs: outputs, rows: 1, columns: rows, pairedHeadSize: paired))
            guard let stored else { return nil }
            bias = workspace.widened(stored)
        }
        siteCount += 1
        return LinearLayer(
            name: huggingFaceName(name, layer), weight: weight, bias: bias, site: siteCount)
    }

    private func huggingFaceName(_ name: String, _ layer: Int) -> String {
        (names[name]?.huggingFace ?? name).replacing("#", with: "\(layer)")
    }

    /// The size of a head where a GGUF file keeps a matrix as interleaved rotary pairs.
    private func pairedHeadSize(_ name: String, _ layer: Int) -> Int? {
        guard case .gguf = files, names[name]?.ggufRows == .rotaryPairs else { return nil }
        return description.layers[layer].attention.headSize
    }
}

/// The order in which GGUF files of some architectures keep rows of queries and keys.
package enum RowOrder {
    /// For every row of the model its row in the file: in a head of size d, value i of the first half
    /// stands at 2i, value i of the second half at 2i + 1.
    package static func interleaved(rows: Int, headSize: Int) -> [Int32] {
        let half = headSize / 2
        return (0..<rows).map { row in
            let head = row / headSize, i = row % headSize
            return Int32(head * headSize + (i < half ? 2 * i : 2 * (i - half) + 1))
        }
    }
}
