import RetortFiles
import RetortKernels
import RetortTensor

extension Decoder {
    /// Puts fresh adapters beside the target modules: A uniform as PyTorch's linear layers, B zero.
    ///
    /// - Parameters:
    ///   - configuration: Ranks, scales and targets.
    ///   - seed: Of A's values, which depend on it and the module alone.
    ///   - source: Named in errors: the recipe.
    /// - Throws: ``AdapterError/unknownTarget(path:target:)``.
    package func addAdapter(
        _ configuration: AdapterConfiguration, seed: UInt64, source: String
    ) throws {
        try checkTargets(configuration, source)
        let stream = RandomStream(seed: seed, .initialization)
        for (index, layer) in linearLayers.enumerated() where configuration.includes(layer.name) {
            let rank = configuration.rank(of: layer.name)
            let inputs = layer.weight.columnCount
            // kaiming_uniform with a = √5: bounds of one over the root of the inputs.
            let bound = 1 / Double(inputs).squareRoot()
            let own = stream[index]
            let a = (0..<rank * inputs).map { Float((2 * own.uniform($0) - 1) * bound) }
            attach(
                workspace.tensor(a, rows: rank, columns: inputs),
                workspace.zeros(layer.weight.rowCount, rank), to: layer, configuration)
        }
        adapterConfiguration = configuration
    }

    /// Names of adapted tensors in a PEFT file.
    static func peftName(_ module: String, _ part: String) -> String {
        "base_model.model.\(module).\(part).weight"
    }

    private func attach(
        _ a: Tensor, _ b: Tensor, to layer: LinearLayer, _ configuration: AdapterConfiguration
    ) {
        layer.adapter = LowRankAdapter(
            a: Parameter(name: Self.peftName(layer.name, "lora_A"), value: a),
            b: Parameter(name: Self.peftName(layer.name, "lora_B"), value: b),
            scale: configuration.scale(of: layer.name), dropout: Float(configuration.dropout))
    }

    private func checkTargets(_ configuration: AdapterConfiguration, _ source: String) throws {
        let modules = linearLayers.map(\.name)
        if case .names(let names) = configuration.targets {
            for name in names
            where !modules.contains(where: { $0 == name || $0.hasSuffix("." + name) }) {
                throw AdapterError.unknownTarget(path: source, target: name)
            }
        }
        guard modules.contains(where: configuration.includes) else {
            throw AdapterError.unknownTarget(path: source, target: "any of the targets")
        }
    }

    /// Puts a stored adapter beside its modules.
    ///
    /// - Parameters:
    ///   - path: A PEFT folder, or a GGUF file with a llama.cpp adapter.
    ///   - family: Names the modules of a GGUF adapter.
    /// - Returns: The adapter's settings.
    /// - Throws: ``AdapterError`` and the errors of the formats.
    package func loadAdapter(_ path: String, family: any ModelFamily.Type) throws
        -> AdapterConfiguration
    {
        let stored =
            Folder.isFolder(path)
            ? try StoredAdapter(peftFolder: path)
            : try StoredAdapter(gguf: path, family: family, decoder: self)
        try checkTargets(stored.configuration, stored.path)
        var used: Set<ExactKey> = []
        for layer in linearLayers where stored.configuration.includes(layer.name) {
            let rank = stored.configuration.rank(of: layer.name)
            let a = try stored.tensor(
                Self.peftName(layer.name, "lora_A"), rank, layer.weight.columnCount, in: workspace)
            let b = try stored.tensor(
                Self.peftName(layer.name, "lora_B"), layer.weight.rowCount, rank, in: workspace)
            attach(a, b, to: layer, stored.configuration)
            for part in ["lora_A", "lora_B"] {
                used.insert(ExactKey(Self.peftName(layer.name, part)))
            }
        }
        if let stray = stored.names.first(where: { !used.contains(ExactKey($0)) }) {
            throw AdapterError.unknownTensor(path: stored.path, tensor: stray)
        }
        adapterConfiguration = stored.configuration
        return stored.configuration
    }

    /// Writes the adapters as a PEFT folder, whole or not at all.
    package func writeAdapter(
        _ configuration: AdapterConfiguration, base: String, to path: String
    ) throws {
        let folder = try AtomicFolder(path, replacing: true)
        try writeAdapterFiles(configuration, base: base, to: folder.partialPath)
        try folder.finish()
    }

    /// Writes the files of a PEFT folder into one that is there.
    func writeAdapterFiles(
        _ configuration: AdapterConfiguration, base: String, to folder: String
    ) throws {
        _ = try AtomicFile.write(
            Array((configuration.json(base: base).serialized(.indented(2)) + "\n").utf8),
            to: folder + "/adapter_config.json")
        try writeTensors(
            adapterParameters.map { NamedTensor($0) }, to: folder + "/adapter_model.safetensors",
            metadata: [("format", "pt")])
    }
}

/// An adapter's settings and tensors as a file holds them, under PEFT's names.
private struct StoredAdapter {
    let path: String
    let configuration: AdapterConfiguration
    private let tensors: [ExactKey: (tensor: StoredTensor, rowMap: [Int32]?)]
    let names: [String]

    init(peftFolder path: String) throws {
        let json = try AdapterConfiguration.json(folder: path)
        configuration = try AdapterConfiguration(json.value, path: json.path)
        self.path = path + "/adapter_model.safetensors"
        let file = try SafetensorsFile(self.path)
        names = file.tensors.map(\.name)
        tensors = Dictionary(
            file.tensors.map { (ExactKey($0.name), (StoredTensor($0), nil)) },
            uniquingKeysWith: { first, _ in first })
    }

    /// llama.cpp's adapter: `general.type` adapter, tensors `NAME.weight.lora_a` and `.lora_b`, whose
    /// B has its rows in the order of the base.
    init(gguf path: String, family: any ModelFamily.Type, decoder: Decoder) throws {
        let file = try GGUFFile(path)
        var configuration = try AdapterConfiguration(gguf: file)
        var modules: [ExactKey: (name: String, rowMap: [Int32]?)] = [:]
        for (index, layer) in decoder.layers.enumerated() {
            for linear in layer.linearLayers {
                let parameter = family.parameters.first {
                    $0.huggingFace.replacing("#", with: "\(index)") == linear.name
                }
                guard let parameter else { continue }
                let map =
                    parameter.ggufRows == .rotaryPairs
                    ? RowOrder.interleaved(
                        rows: linear.weight.rowCount,
                        headSize: layer.description.attention.headSize) : nil
                modules[ExactKey(parameter.gguf.replacing("#", with: "\(index)"))] =
                    (linear.name, map)
            }
        }
        var found: [ExactKey: (tensor: StoredTensor, rowMap: [Int32]?)] = [:]
        var names: [String] = [], targets: [String] = []
        var ranks: [AdapterConfiguration.Pattern<Int>] = []
        for tensor in ModelFiles.gguf(file).tensors {
            let isA = tensor.name.hasSuffix(".weight.lora_a")
            guard isA || tensor.name.hasSuffix(".weight.lora_b"), tensor.shape.count == 2,
                let module = modules[
                    ExactKey(String(tensor.name.dropLast(".weight.lora_a".count)))]
            else { throw AdapterError.unknownTensor(path: path, tensor: tensor.name) }
            let name = Decoder.peftName(module.name, isA ? "lora_A" : "lora_B")
            names.append(name)
            found[ExactKey(name)] = (tensor, isA ? nil : module.rowMap)
            if isA {
                targets.append(module.name)
                ranks.append(.init(key: module.name, value: tensor.shape[0]))
            }
        }
        configuration.targets = .names(targets)
        configuration.rank = ranks.first?.value ?? 1
        configuration.rankPattern = ranks.filter { $0.value != configuration.rank }
        self.path = path
        self.configuration = configuration
        self.names = names
        tensors = found
    }

    func tensor(_ name: String, _ rows: Int, _ columns: Int, in workspace: Workspace) throws
        -> Tensor
    {
        guard let (tensor, rowMap) = tensors[ExactKey(name)] else {
            throw AdapterError.missingTensor(path: path, tensor: name)
        }
        guard tensor.shape == [rows, columns] else {
            throw AdapterError.wrongShape(
                path: path, tensor: name, found: tensor.shape, expected: [rows, columns])
        }
        guard let format = tensor.format, format.isFloat else {
            throw AdapterError.unsupportedType(path: path, tensor: name, type: tensor.typeName)
        }
        return workspace.widened(
            try tensor.weight(rows: rows, columns: columns, rowMap: rowMap))
    }
}
