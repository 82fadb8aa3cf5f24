import RetortFiles
import RetortModels

/// Sums that tell whether a run's inputs are still the same.
enum Fingerprint {
    /// A data file: the SHA-256 of all of it.
    static func file(_ path: String) throws -> String { try SHA256.hash(file: path) }

    /// A model: of every file its size and its first and last MiB.
    ///
    /// Reading all of a large model at every start would cost more than it tells.
    static func model(_ model: Model) throws -> String {
        let edge = 1 << 20
        var sum = SHA256()
        var seen: Set<String> = []
        for tensor in model.files.tensors where seen.insert(tensor.file.path).inserted {
            let file = tensor.file
            sum.update(Array("\(file.size)\n".utf8))
            file.withBytes(0..<min(edge, file.size)) { sum.update($0) }
            file.withBytes(max(0, file.size - edge)..<file.size) { sum.update($0) }
        }
        // Weights that were drawn follow from the configuration.
        if seen.isEmpty { sum.update(try MappedFile(model.files.configurationPath).contents) }
        if let plan = model.plan { sum.update(Array("\(plan.layers)\n".utf8)) }
        return sum.finished()
    }
}
