import RetortFiles
import RetortTensor

extension Model {
    /// Writes the model for other programs, with what was trained or its adapter merged.
    ///
    /// The result is written aside, read again, compared with the model, and only then put at its
    /// path; if anything fails, nothing is left.
    ///
    /// - Parameters:
    ///   - path: Where it will appear: a folder for `huggingface` and `peft`, else a file. A file
    ///     there is replaced, a folder must be empty.
    ///   - format: What to write.
    ///   - type: How weights are stored; nil keeps the base's types where the format has them, and
    ///     is f16 where it does not.
    ///   - progress: Called with the part done, 0 to 1.
    /// - Returns: What was written.
    /// - Throws: ``ExportError``, and the errors of the formats and of files.
    @discardableResult
    public func export(
        to path: String, format: ExportFormat, type: ExportType? = nil,
        progress: (Double) -> Void = { _ in }
    ) throws -> ExportReport {
        try export(to: path, format: format, type: type, replacing: false, progress: progress)
    }

    /// Writes the model in its base's own format and types, with the adapter merged.
    ///
    /// - Parameters:
    ///   - path: Where it will appear: a file if the base is a GGUF file, else a folder.
    ///   - progress: Called with the part done, 0 to 1.
    /// - Returns: What was written.
    /// - Throws: As ``export(to:format:type:progress:)``.
    @discardableResult
    public func merge(
        to path: String, progress: (Double) -> Void = { _ in }
    ) throws -> ExportReport {
        let format: ExportFormat =
            switch files {
            case .gguf: .gguf
            case .huggingFace: .huggingFace
            }
        return try export(to: path, format: format, type: .base, progress: progress)
    }

    /// The same, replacing a folder that is there if asked.
    package func export(
        to path: String, format: ExportFormat, type: ExportType? = nil, replacing: Bool,
        progress: (Double) -> Void = { _ in }
    ) throws -> ExportReport {
        let type = type ?? usualType(format)
        guard format.types.contains(type) else {
            throw ExportError.wrongType(type: type, format: format)
        }
        switch format {
        case .huggingFace:
            return try HuggingFaceExport(model: self, type: type)
                .write(to: path, replacing: replacing, progress)
        case .gguf: return try GGUFExport(model: self, type: type).write(to: path, progress)
        case .peft: return try writePEFT(to: path, replacing: replacing, progress)
        case .ggufLoRA: return try LoRAExport(model: self).write(to: path, progress)
        }
    }

    private func usualType(_ format: ExportFormat) -> ExportType {
        switch format {
        case .gguf: .base
        case .huggingFace:
            decoder.linearLayers.allSatisfy { $0.weight.format.isFloat }
                && decoder.embedding.weight.format.isFloat ? .base : .f16
        case .peft, .ggufLoRA: .f32
        }
    }

    private func writePEFT(
        to path: String, replacing: Bool, _ progress: (Double) -> Void
    ) throws -> ExportReport {
        guard let configuration = decoder.adapterConfiguration else {
            throw ExportError.noAdapter(path: self.path)
        }
        let folder = try AtomicFolder(path, replacing: replacing)
        try decoder.writeAdapterFiles(configuration, base: publishedName, to: folder.partialPath)
        progress(0.5)
        try ExportCheck(model: self).compareAdapter(folder.partialPath, shown: path)
        let size = try Folder.size(folder.partialPath)
        try folder.finish()
        progress(1)
        return ExportReport(path: path, byteCount: size, notes: [])
    }

    /// What PEFT should load the base by: a name on the hub if the files say one, else the path.
    package var publishedName: String {
        let hub = "https://huggingface.co/"
        switch files {
        case .huggingFace(let folder):
            let known = folder.config["_name_or_path"]?.string ?? ""
            return known.isEmpty ? path : known
        case .gguf(let file):
            if let name = file["general.source.huggingface.repository"]?.string { return name }
            for key in ["general.source.repo_url", "general.repo_url"] {
                if let address = file[key]?.string, address.hasPrefix(hub) {
                    return String(address.dropFirst(hub.count))
                }
            }
            return path
        }
    }
}

/// Counts values through writing and checking.
struct ExportProgress: ~Copyable {
    private var done = 0
    private let total: Int
    private let report: (Double) -> Void

    /// Values count twice: once written, once read back.
    init(_ tensors: [ModelTensor], _ report: @escaping (Double) -> Void) {
        total = max(1, 2 * tensors.reduce(0) { $0 + $1.count })
        self.report = report
    }

    mutating func add(_ values: Int) {
        done += values
        report(Double(done) / Double(total))
    }
}
