import RetortFiles
import RetortKernels

/// Writes a GGUF file that llama.cpp loads.
struct GGUFExport {
    let model: Model
    let type: ExportType

    /// What stands in the file: a parameter, bytes of the base, or numbers made here.
    private enum Content {
        case parameter(ModelTensor, StorageFormat)
        case copied(GGUFTensor)
        case made([Float])
    }

    func write(to path: String, _ progress: (Double) -> Void) throws -> ExportReport {
        let tensors = model.modelTensors()
        let formats = tensors.map { (tensor: $0, format: format(of: $0)) }
        var notes = fallbacks(formats)
        let metadata: GGUFMetadata
        var contents: [(entry: GGUFEntry, content: Content)]
        switch model.files {
        case .gguf(let file):
            metadata = keys(of: file, formats.map(\.format))
            contents = ordered(formats, as: file)
        case .huggingFace(let folder):
            let made = try GGUFModelMetadata(model, folder)
            notes += made.notes
            metadata = finished(made.metadata, formats.map(\.format))
            contents = formats.map(content)
            if let factors = rotaryFactors {
                let entry = GGUFEntry("rope_freqs.weight", .f32, dimensions: [factors.count])
                contents.insert((entry, .made(factors)), at: 0)
            }
        }
        let staged = try StagedFile(path)
        try withoutActuallyEscaping(progress) { progress in
            var progress = ExportProgress(tensors, progress)
            try staged.write { path in
                var writer = try GGUFWriter(path, metadata: metadata, contents.map(\.entry))
                for (entry, content) in contents {
                    try write(content, entry.name, to: &writer, &progress)
                }
                _ = try writer.finish()
            }
            let kept = try ExportCheck(model: model).compareModel(
                staged.stagedPath, shown: path, formats, &progress)
            if let kept, kept < 0.9 { notes.append(.changeLost(kept: kept)) }
        }
        let size = try MappedFile(staged.stagedPath).size
        try staged.finish()
        return ExportReport(path: path, byteCount: size, notes: notes)
    }

    /// Norms and biases stay f32; what blocks do not fill is f16; the embedding and the output matrix,
    /// which 4 bits hurt most, have 8.
    private func format(of tensor: ModelTensor) -> StorageFormat {
        if case .gguf = model.files, type == .base { return tensor.baseFormat }
        guard tensor.isMatrix else { return .f32 }
        guard let wanted = type.format else { return tensor.baseFormat }
        let format = tensor.isVocabulary && !wanted.isFloat ? .q8_0 : wanted
        return format.rowBytes(tensor.columnCount) == nil ? .f16 : format
    }

    private func fallbacks(_ formats: [(tensor: ModelTensor, format: StorageFormat)])
        -> [ExportNote]
    {
        guard let wanted = type.format, !wanted.isFloat else { return [] }
        let names = formats.filter { $0.tensor.isMatrix && $0.format == .f16 }.map(
            \.tensor.ggufName)
        return names.isEmpty ? [] : [.storedOtherwise(tensors: names, wanted: type, type: .f16)]
    }

    private func content(
        _ tensor: ModelTensor, _ format: StorageFormat
    ) -> (entry: GGUFEntry, content: Content) {
        let type = GGMLType(rawValue: format.rawValue) ?? .f32
        return (
            GGUFEntry(tensor.ggufName, type, dimensions: tensor.shape), .parameter(tensor, format)
        )
    }

    /// The tensors of the base in their order; what is no parameter keeps its bytes.
    private func ordered(
        _ formats: [(tensor: ModelTensor, format: StorageFormat)], as file: GGUFFile
    ) -> [(entry: GGUFEntry, content: Content)] {
        let known = Dictionary(
            formats.map { (ExactKey($0.tensor.storedName), $0) },
            uniquingKeysWith: { first, _ in first })
        let parameters = model.files.parameterNames(
            model.family.parameters, ofLayers: Array(0..<model.storedLayerCount))
        let stored: [(entry: GGUFEntry, content: Content)] = file.tensors.compactMap { stored in
            let key = ExactKey(stored.name)
            if let (tensor, format) = known[key] { return content(tensor, format) }
            // Of a student's model there are layers that it does not have.
            return parameters.contains(key)
                ? nil
                : (
                    GGUFEntry(stored.name, stored.type, dimensions: stored.dimensions),
                    .copied(stored)
                )
        }
        // One that was drawn may have more layers than the file.
        let names = Set(file.tensors.map { ExactKey($0.name) })
        return stored
            + formats.filter { !names.contains(ExactKey($0.tensor.storedName)) }.map(content)
    }

    /// The base's keys; those of a split file's parts make no sense in one file.
    private func keys(of file: GGUFFile, _ formats: [StorageFormat]) -> GGUFMetadata {
        var metadata = file.metadata
        for key in ["split.no", "split.count", "split.tensors.count"] { metadata[key] = nil }
        if let plan = model.changedPlan { metadata.describe(model, plan) }
        return type == .base ? metadata : finished(metadata, formats)
    }

    private func finished(_ metadata: GGUFMetadata, _ formats: [StorageFormat]) -> GGUFMetadata {
        var metadata = metadata
        let wide = formats.first { $0 != .f32 } ?? .f32
        let fallback = ExportType(rawValue: wide.name)?.fileType
        if let fileType = type.fileType ?? fallback {
            metadata["general.file_type"] = .uint32(fileType)
        }
        metadata["general.quantization_version"] = .uint32(2)
        return metadata
    }

    /// Llama 3.1's scaling is stored as factors of the frequencies.
    private var rotaryFactors: [Float]? {
        let rotary = model.description.layers.first?.attention.rotary
        guard let rotary, case .llama3 = rotary.scaling else { return nil }
        return rotary.frequencyFactors
    }

    private func write(
        _ content: Content, _ name: String, to writer: inout GGUFWriter,
        _ progress: inout ExportProgress
    ) throws {
        switch content {
        case .parameter(let tensor, let format):
            try tensor.forEachPart(order: tensor.ggufOrder) { _, rows in
                try writer.append(model.stored(tensor, rows, as: format), to: name)
                progress.add(rows.count * tensor.columnCount)
            }
        case .copied(let tensor):
            let range = tensor.offset..<tensor.offset + tensor.byteCount
            try tensor.file.withBytes(range) { try writer.append($0, to: name) }
        case .made(let numbers):
            let workspace = model.decoder.workspace
            let row = workspace.tensor(numbers, rows: 1, columns: numbers.count)
            try writer.append(workspace.kernels.storedRows(row.matrix, [0]), to: name)
        }
    }
}
