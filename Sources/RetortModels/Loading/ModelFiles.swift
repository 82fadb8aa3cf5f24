import RetortFiles
import RetortKernels

/// The files of a model: a GGUF file, or a Hugging Face folder.
package enum ModelFiles: Sendable {
    case gguf(GGUFFile)
    case huggingFace(HuggingFaceFolder)

    /// Opens what lies at a path.
    ///
    /// - Parameters:
    ///   - path: The file or folder.
    ///   - initialization: Whether a folder must hold weights.
    /// - Throws: The errors of the formats.
    package init(_ path: String, initialization: ModelInitialization = .stored) throws {
        self =
            Folder.isFolder(path)
            ? .huggingFace(try HuggingFaceFolder(path, hasWeights: initialization == .stored))
            : .gguf(try GGUFFile(path))
    }

    /// The path, for messages.
    package var path: String {
        switch self {
        case .gguf(let file): file.path
        case .huggingFace(let folder): folder.path
        }
    }

    /// The file that holds the configuration.
    package var configurationPath: String {
        switch self {
        case .gguf(let file): file.path
        case .huggingFace(let folder): folder.path + "/config.json"
        }
    }

    /// All tensors.
    package var tensors: [StoredTensor] {
        switch self {
        case .gguf(let file):
            file.tensors.map {
                StoredTensor(
                    name: $0.name, shape: $0.dimensions,
                    format: StorageFormat(rawValue: $0.type.rawValue), typeName: $0.type.name,
                    file: $0.file, offset: $0.offset, byteCount: $0.byteCount)
            }
        case .huggingFace(let folder): folder.tensors
        }
    }

    /// What the files call a module.
    func name(of parameter: ParameterName, layer: Int) -> String {
        let spelled =
            switch self {
            case .gguf: parameter.gguf
            case .huggingFace: parameter.huggingFace
            }
        return spelled.replacing("#", with: "\(layer)")
    }

    /// What the files call all parameters of some layers.
    func parameterNames(
        _ parameters: some Sequence<ParameterName>, ofLayers layers: [Int]
    ) -> Set<ExactKey> {
        var names: Set<ExactKey> = []
        for parameter in parameters where parameter.gguf.contains("#") {
            for layer in layers {
                let module = name(of: parameter, layer: layer)
                names.formUnion([ExactKey(module + ".weight"), ExactKey(module + ".bias")])
            }
        }
        return names
    }

    /// The configuration's keys.
    package func configuration() throws -> ModelConfiguration {
        switch self {
        case .huggingFace(let folder):
            let path = configurationPath
            guard let modelType = folder.config["model_type"] else {
                throw ModelError.missingKey(path: path, key: "model_type")
            }
            return ModelConfiguration(
                path: path, source: .huggingFace(folder.config),
                modelType: modelType.string ?? "of no text", embeddingRows: nil,
                rotaryFactors: nil)
        case .gguf(let file):
            guard let architecture = file["general.architecture"] else {
                throw ModelError.missingKey(path: file.path, key: "general.architecture")
            }
            guard let architecture = architecture.string else {
                throw ModelError.badKey(
                    path: file.path, key: "general.architecture", reason: "is not a string")
            }
            return ModelConfiguration(
                path: file.path, source: .gguf(file.metadata, architecture: architecture),
                modelType: architecture,
                embeddingRows: file.tensor(named: "token_embd.weight")?.dimensions.first,
                rotaryFactors: try rotaryFactors(),
                tensorNames: Set(file.tensors.map { ExactKey($0.name) }))
        }
    }

    private func rotaryFactors() throws -> [Float]? {
        guard let tensor = tensors.first(where: { $0.name == "rope_freqs.weight" }) else {
            return nil
        }
        guard tensor.format == .f32, tensor.shape.count == 1 else {
            throw ModelError.unsupportedType(
                path: path, tensor: tensor.name, type: tensor.typeName)
        }
        let count = tensor.shape[0]
        return tensor.file.withBytes { bytes in
            (0..<count).map {
                unsafe bytes.unsafeLoadUnaligned(
                    fromByteOffset: tensor.offset + $0 * 4, as: Float.self)
            }
        }
    }
}
