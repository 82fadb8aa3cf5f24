import RetortFiles
import RetortModels

extension TrainingSession {
    /// Writes the trained weights as a Hugging Face folder.
    func writeModel(to path: String) throws {
        let folder = try AtomicFolder(path, replacing: true)
        if case .huggingFace(let source) = model.files {
            _ = try AtomicFile.write(
                MappedFile(source.path + "/config.json").contents,
                to: folder.path(of: "config.json"))
        }
        try writeTensors(
            savedParameters, to: folder.path(of: "model.safetensors"), metadata: [("format", "pt")])
        try folder.finish()
    }
}
