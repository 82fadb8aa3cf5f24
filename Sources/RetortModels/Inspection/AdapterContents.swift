import RetortFiles

/// An adapter as it lies in its files, without the model that it belongs to.
package struct AdapterContents {
    /// The two matrices beside one module.
    package struct Module {
        /// The module as the file calls it: `model.layers.0.self_attn.q_proj`, `blk.0.attn_q`.
        package let name: String
        package fileprivate(set) var a: StoredTensor?
        package fileprivate(set) var b: StoredTensor?
    }

    /// The folder or GGUF file.
    package let source: String
    /// The file that holds the tensors.
    package let path: String
    /// Whether it is a GGUF file, as llama.cpp reads it.
    package let isGGUF: Bool
    /// Its settings; a GGUF file tells its alpha alone.
    package let configuration: AdapterConfiguration
    /// The model that it was trained on, as it says itself; never opened.
    package let baseName: String?
    /// The adapted modules, in the order of the file.
    package private(set) var modules: [Module] = []
    /// All tensors.
    package let tensors: [StoredTensor]

    /// Opens a PEFT folder, or a GGUF file with a llama.cpp adapter.
    ///
    /// - Throws: ``AdapterError`` and the errors of the formats.
    package init(_ path: String) throws {
        if Folder.isFolder(path) {
            try self.init(peftFolder: path)
        } else {
            try self.init(gguf: GGUFFile(path))
        }
    }

    private init(peftFolder folder: String) throws {
        let json = try AdapterConfiguration.json(folder: folder)
        configuration = try AdapterConfiguration(json.value, path: json.path)
        baseName = json.value["base_model_name_or_path"]?.string
        isGGUF = false
        source = folder
        path = folder + "/adapter_model.safetensors"
        tensors = try SafetensorsFile(path).tensors.map(StoredTensor.init)
        try gather(prefix: "base_model.model.", a: ".lora_A.weight", b: ".lora_B.weight")
    }

    /// Takes a GGUF file whose `general.type` is adapter.
    package init(gguf file: GGUFFile) throws {
        configuration = try AdapterConfiguration(gguf: file)
        baseName = file["general.base_model.0.name"]?.string
        isGGUF = true
        source = file.path
        path = file.path
        tensors = ModelFiles.gguf(file).tensors
        try gather(prefix: "", a: ".weight.lora_a", b: ".weight.lora_b")
    }

    private mutating func gather(prefix: String, a: String, b: String) throws(AdapterError) {
        var positions: [ExactKey: Int] = [:]
        for tensor in tensors {
            let name = tensor.name
            let isA = name.hasSuffix(a)
            guard name.hasPrefix(prefix), isA || name.hasSuffix(b), tensor.shape.count == 2,
                prefix.utf8.count + a.utf8.count < name.utf8.count
            else { throw .unknownTensor(path: path, tensor: name.printable) }
            let module = String(name.dropFirst(prefix.count).dropLast((isA ? a : b).count))
            let position = positions[ExactKey(module)] ?? modules.count
            if position == modules.count {
                positions[ExactKey(module)] = position
                modules.append(Module(name: module))
            }
            if isA { modules[position].a = tensor } else { modules[position].b = tensor }
        }
    }

    /// The rank that a module must have: what the settings say, or in a GGUF file its own.
    private func rank(of module: Module) -> Int? {
        isGGUF ? module.a?.shape.first : configuration.rank(of: module.name)
    }

    /// Checks that the matrices come in pairs of the right rank, for the modules that the settings
    /// name, and nothing else.
    ///
    /// - Throws: ``AdapterError``.
    package func check() throws(AdapterError) {
        if modules.isEmpty { throw .noModules(path: path) }
        for module in modules {
            guard let a = module.a, let b = module.b else {
                throw .missingTensor(path: path, tensor: missingName(module))
            }
            for tensor in [a, b] where tensor.format?.isFloat != true {
                throw .unsupportedType(path: path, tensor: tensor.name, type: tensor.typeName)
            }
            let rank = rank(of: module) ?? 0
            guard (1...AdapterConfiguration.largestRank).contains(rank), a.shape[0] == rank else {
                throw .wrongShape(
                    path: path, tensor: a.name, found: a.shape, expected: [rank, a.shape[1]])
            }
            guard b.shape[1] == rank else {
                throw .wrongShape(
                    path: path, tensor: b.name, found: b.shape, expected: [b.shape[0], rank])
            }
            guard isGGUF || configuration.includes(module.name) else {
                throw .unknownTensor(path: path, tensor: a.name.printable)
            }
        }
        guard !isGGUF, case .names(let names) = configuration.targets else { return }
        for name in names
        where !modules.contains(where: { $0.name == name || $0.name.hasSuffix("." + name) }) {
            throw .unadaptedTarget(path: path, target: name.printable)
        }
    }

    private func missingName(_ module: Module) -> String {
        let missing = module.a == nil ? "a" : "b"
        return isGGUF
            ? "\(module.name).weight.lora_\(missing)"
            : "base_model.model.\(module.name).lora_\(missing.uppercased()).weight"
    }

    /// Whether the base's name is a path that leaves the folder.
    package var namesOutsideBase: Bool {
        guard !isGGUF, let baseName else { return false }
        return baseName.hasPrefix("/") || baseName.hasPrefix("~")
            || baseName.split(separator: "/").contains("..")
    }
}
