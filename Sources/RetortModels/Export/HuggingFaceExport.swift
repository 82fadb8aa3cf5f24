import RetortFiles
import RetortKernels

/// Writes a folder that transformers loads.
struct HuggingFaceExport {
    let model: Model
    let type: ExportType
    /// The most bytes of tensors in one file, where a tensor alone is not larger.
    var shardSize = 5_000_000_000

    init(model: Model, type: ExportType) {
        self.model = model
        self.type = type
    }

    /// A tensor and how it will be stored.
    private typealias Entry = (tensor: ModelTensor, type: SafetensorsType, format: StorageFormat)

    func write(
        to path: String, replacing: Bool, _ progress: (Double) -> Void
    ) throws -> ExportReport {
        let entries = try model.modelTensors().map(entry)
        let config = try model.huggingFaceConfiguration(type)
        let folder = try AtomicFolder(path, replacing: replacing)
        let partial = folder.partialPath
        try HuggingFaceTokenizer.write(config, to: partial + "/config.json")
        var notes: [ExportNote] = []
        if try !writeTokenizer(to: partial) { notes.append(.noTokenizer(path: model.path)) }
        try withoutActuallyEscaping(progress) { progress in
            var progress = ExportProgress(entries.map(\.tensor), progress)
            try writeShards(entries, to: partial, &progress)
            try ExportCheck(model: model).compareModel(
                partial, shown: path, entries.map { ($0.tensor, $0.format) }, &progress)
        }
        let size = try Folder.size(partial)
        try folder.finish()
        return ExportReport(path: path, byteCount: size, notes: notes)
    }

    private func entry(_ tensor: ModelTensor) throws -> Entry {
        let format = type.format ?? tensor.baseFormat
        switch format {
        case .f32: return (tensor, .float32, format)
        case .f16: return (tensor, .float16, format)
        case .bf16: return (tensor, .bfloat16, format)
        default:
            throw ExportError.baseTypeNotInFormat(
                tensor: tensor.huggingFaceName, type: format.name, format: .huggingFace)
        }
    }

    private func writeTokenizer(to folder: String) throws -> Bool {
        switch model.files {
        case .huggingFace(let source):
            return try HuggingFaceTokenizer.copy(from: source.path, to: folder)
        case .gguf(let file):
            try HuggingFaceTokenizer.write(
                model.generationConfiguration(file), to: folder + "/generation_config.json")
            return try HuggingFaceTokenizer.make(
                from: file, length: model.description.maximumPosition, to: folder)
        }
    }

    private func writeShards(
        _ entries: [Entry], to folder: String, _ progress: inout ExportProgress
    ) throws {
        var shards: [[Entry]] = [[]]
        var size = 0, total = 0
        for entry in entries {
            let bytes = entry.type.byteCount(shape: entry.tensor.shape) ?? 0
            if size + bytes > shardSize, size > 0 {
                shards.append([])
                size = 0
            }
            shards[shards.count - 1].append(entry)
            size += bytes
            total += bytes
        }
        if shards.count == 1 {
            return try write(shards[0], to: folder + "/model.safetensors", &progress)
        }
        var map = JSONObject()
        for (index, shard) in shards.enumerated() {
            let name = "model-\(Self.padded(index + 1))-of-\(Self.padded(shards.count)).safetensors"
            try write(shard, to: folder + "/" + name, &progress)
            for entry in shard { map[entry.tensor.huggingFaceName] = .string(name) }
        }
        let index = JSONObject([
            ("metadata", .object(JSONObject([("total_size", .integer(total))]))),
            ("weight_map", .object(map)),
        ])
        try HuggingFaceTokenizer.write(index, to: folder + "/model.safetensors.index.json")
    }

    private static func padded(_ number: Int) -> String {
        let digits = "\(number)"
        return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }

    private func write(
        _ entries: [Entry], to path: String, _ progress: inout ExportProgress
    ) throws {
        var writer = try SafetensorsWriter(
            path,
            entries.map { .init($0.tensor.huggingFaceName, $0.type, shape: $0.tensor.shape) },
            metadata: [("format", "pt")])
        for (tensor, _, format) in entries {
            try tensor.forEachPart { _, rows in
                try writer.append(
                    model.stored(tensor, rows, as: format), to: tensor.huggingFaceName)
                progress.add(rows.count * tensor.columnCount)
            }
        }
        _ = try writer.finish()
    }
}

extension Model {
    /// Rows of a tensor in a storage format, or an error that names it.
    func stored(_ tensor: ModelTensor, _ rows: [Int32], as format: StorageFormat) throws -> [UInt8]
    {
        do throws(UnstorableValue) {
            return try tensor.stored(rows, as: format, in: decoder.workspace)
        } catch {
            throw ExportError.unstorable(
                path: path, tensor: tensor.huggingFaceName, type: format.name)
        }
    }
}
