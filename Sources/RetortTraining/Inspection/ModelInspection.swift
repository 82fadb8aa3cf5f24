import RetortFiles
import RetortModels

/// A model: a GGUF file or a Hugging Face folder; a GGUF file may also hold an adapter.
enum ModelInspection: InspectedKind {
    static let takesBase = true

    static func recognizes(_ target: InspectionTarget) -> Bool {
        if target.isFolder {
            return ["config.json", "model.safetensors", "model.safetensors.index.json"]
                .contains(where: target.holds)
        }
        return target.isFile(named: ".gguf") || target.begins(with: "GGUF".utf8)
    }

    static func inspect(_ target: InspectionTarget) throws -> InspectionReport {
        guard !target.isFolder else {
            let folder = try HuggingFaceFolder(target.path)
            return try inspect(.huggingFace(folder), target) { sheet in
                sheet.add("config", .object(folder.config))
            }
        }
        let file = try GGUFFile(target.path)
        if file["general.type"]?.string == "adapter" {
            return try AdapterInspection.inspect(AdapterContents(gguf: file), target)
        }
        return try inspect(.gguf(file), target) { $0.add(file.metadata) }
    }

    private static func inspect(
        _ files: ModelFiles, _ target: InspectionTarget,
        _ addMetadata: (inout FactSheet) -> Void
    ) throws -> InspectionReport {
        if target.base != nil { throw InspectionError.noBase(path: target.path) }
        let facts =
            target.verifies
            ? try ModelFacts(ModelVerification(files, kernels: try target.kernels()))
            : ModelFacts(unchecked: files)
        let what = target.isFolder ? "Hugging Face folder" : "GGUF file"
        var sheet = FactSheet(
            kind: target.isFolder ? "huggingface" : "gguf", title: "\(what) \(target.path)")
        if case .gguf(let file) = files {
            if let name = file["general.name"]?.string { sheet.add("name", name) }
            if file.paths.count > 1 {
                sheet.add(
                    "parts", "\(file.paths.count)",
                    ("parts", .array(file.paths.map(JSONValue.string))))
            }
        }
        if let kind = files.modelType {
            sheet.add("architecture", kind, ("architecture", .string(kind)))
        }
        if let description = facts.description { sheet.add(description) }
        if let text = facts.text { sheet.add(text) }
        if target.verifies {
            let tokenizer = facts.text == nil ? "" : ", the tokenizer"
            sheet.addVerified("every weight is there and a number\(tokenizer)")
        }
        addMetadata(&sheet)
        sheet.add(tensors: files.tensors)
        return InspectionReport(sheet, warnings: facts.warnings)
    }
}

/// What a model says of itself, as far as it can be read.
private struct ModelFacts {
    var description: DecoderDescription?
    var text: ModelText?
    var warnings: [String] = []

    init(_ verification: ModelVerification) {
        description = verification.description
        text = verification.text
        warnings = verification.warnings
    }

    /// Takes what can be read and warns of the rest: any container can be looked at.
    init(unchecked files: ModelFiles) {
        do { description = try Model.describe(files).description } catch {
            warnings.append("not usable as a model: \(error)")
        }
        guard ModelText.isPresent(in: files) else { return }
        do { text = try ModelText(files) } catch {
            warnings.append("its tokenizer cannot be used: \(error)")
        }
    }
}

extension ModelFiles {
    /// What the files call their architecture.
    fileprivate var modelType: String? {
        switch self {
        case .gguf(let file): file["general.architecture"]?.string
        case .huggingFace(let folder): folder.config["model_type"]?.string
        }
    }
}
