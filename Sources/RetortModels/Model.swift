import RetortFiles
import RetortKernels
import RetortTensor

/// How activations and matrix inputs are kept.
public enum Precision: String, Sendable, CaseIterable {
    /// bf16 where the processor multiplies it, else f32.
    case auto
    /// Everything f32, for verification.
    case float32
    /// Matrix inputs and saved activations bf16, sums f32.
    case bfloat16
}

/// Where a model's weights come from.
public enum ModelInitialization: Sendable, Equatable {
    /// From its files.
    case stored
    /// From random numbers, in other sizes if asked: a Hugging Face folder then needs only
    /// `config.json` and a tokenizer, and of a GGUF file only the metadata count.
    case random(seed: UInt64, sizes: ModelSizes = ModelSizes())

    /// The sizes that are not those of the files.
    var sizes: ModelSizes {
        switch self {
        case .stored: ModelSizes()
        case .random(_, let sizes): sizes
        }
    }
}

/// A language model whose weights stay where they lie.
public final class Model {
    /// The path it was opened from.
    public let path: String
    /// What it computes.
    public let description: DecoderDescription
    /// Tensors of the files that the architecture does not have.
    public let unexpectedTensors: [String]
    package let files: ModelFiles
    /// What of the files it is made of; nil for all.
    package let plan: StudentPlan?
    package let decoder: Decoder
    package let family: any ModelFamily.Type
    let initialization: ModelInitialization
    let precision: Precision

    /// Opens a GGUF file or a Hugging Face folder.
    ///
    /// - Parameters:
    ///   - path: The file or folder.
    ///   - initialization: Where its weights come from.
    ///   - kernels: The arithmetic to use.
    ///   - precision: How activations are kept.
    /// - Throws: ``ModelError`` and the errors of the formats.
    public convenience init(
        _ path: String, initialization: ModelInitialization = .stored, kernels: Kernels,
        precision: Precision = .auto
    ) throws {
        try self.init(
            ModelFiles(path, initialization: initialization), initialization: initialization,
            kernels: kernels, precision: precision)
    }

    package init(
        _ files: ModelFiles, initialization: ModelInitialization = .stored,
        plan: StudentPlan? = nil, kernels: Kernels, precision: Precision
    ) throws {
        let (family, whole) = try Self.describe(files, initialization.sizes)
        let wanted = plan?.applied(to: whole) ?? whole
        let isBF16 = precision == .bfloat16 || precision == .auto && kernels.hasBF16
        let odd = wanted.productWidths.first { $0 % 2 != 0 }
        if let odd, precision == .bfloat16 {
            throw ModelError.oddSize(path: files.path, size: odd)
        }
        let workspace = Workspace(
            kernels: kernels, activationType: isBF16 && odd == nil ? .bfloat16 : .float32)
        var source: any WeightSource =
            switch initialization {
            case .stored: StoredWeights(files, workspace: workspace)
            case .random(let seed, _): try DrawnWeights(files, seed: seed, workspace: workspace)
            }
        if let plan, plan.slices {
            source = SlicedWeights(source, plan, of: whole, workspace: workspace)
        }
        var loader = ModelLoader(
            files: files, description: wanted, source: source, family: family,
            plan: plan ?? StudentPlan(whole), workspace: workspace)
        let (decoder, unexpected) = try loader.load(ignoring: family.ignoredSuffixes)
        path = files.path
        description = decoder.description
        unexpectedTensors = initialization == .stored ? unexpected : []
        self.files = files
        self.plan = plan
        self.decoder = decoder
        self.family = family
        self.initialization = initialization
        self.precision = precision
    }

    /// Puts a stored adapter beside the weights.
    ///
    /// - Parameter path: A PEFT folder, or a llama.cpp adapter in a GGUF file.
    /// - Throws: ``AdapterError`` and the errors of the formats.
    public func attachAdapter(_ path: String) throws {
        _ = try decoder.loadAdapter(path, family: family)
    }

    /// What a model's configuration says, before its weights are looked for.
    package static func describe(
        _ files: ModelFiles, _ sizes: ModelSizes = ModelSizes()
    ) throws -> (family: any ModelFamily.Type, description: DecoderDescription) {
        var configuration = try files.configuration()
        configuration.changes = sizes.changes
        let family = try family(of: configuration)
        if case .huggingFace(let folder) = files,
            let quantization = folder.config["quantization_config"]?.object
        {
            throw ModelError.unsupportedQuantization(
                path: configuration.path, method: quantization["quant_method"]?.string ?? "unknown")
        }
        var description = try family.describe(configuration)
        // GGUF files do not say whether the output matrix is the embedding; its absence does.
        if case .gguf(let file) = files {
            let head = family.parameters.first { $0.name == "head" }?.gguf ?? "output"
            description.tiesEmbeddings = file.tensor(named: head + ".weight") == nil
        }
        return (family, description)
    }

    private static func family(of configuration: ModelConfiguration) throws
        -> any ModelFamily.Type
    {
        let known = modelFamilies.first { $0.modelTypes.contains(configuration.modelType) }
        if let known { return known }
        let key =
            switch configuration.source {
            case .huggingFace: "model_type"
            case .gguf: "general.architecture"
            }
        throw ModelError.unknownArchitecture(
            path: configuration.path, key: key, value: configuration.modelType,
            known: modelFamilies.flatMap { $0.modelTypes })
    }
}

extension DecoderDescription {
    /// Widths of all matrix inputs.
    var productWidths: [Int] {
        [hiddenSize]
            + layers.flatMap {
                [
                    $0.attention.headSize, $0.attention.headCount * $0.attention.headSize,
                    $0.feedForward.innerSize,
                ]
            }
    }
}
