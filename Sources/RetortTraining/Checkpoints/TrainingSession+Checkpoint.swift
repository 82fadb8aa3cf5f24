import RetortModels

extension TrainingSession {
    /// What a checkpoint holds of the parameters.
    package var savedParameters: [NamedTensor] { parameters.map { NamedTensor($0) } }
    /// What a checkpoint holds of the optimizer.
    package var savedOptimizer: [NamedTensor] { optimizer.state }

    /// Takes parameters and optimizer state from a checkpoint's tensors.
    ///
    /// - Throws: ``CheckpointError/missingTensor(path:tensor:)``, or ``ModelError`` for a shape or
    ///   type that does not fit; nothing has changed then.
    package func restore(_ tensors: [String: StoredTensor], updateCount: Int, path: String) throws {
        var copies: [(StoredTensor, NamedTensor)] = []
        for named in savedParameters + savedOptimizer {
            guard let stored = tensors[named.name] else {
                throw CheckpointError.missingTensor(path: path, tensor: named.name)
            }
            try stored.check(like: named)
            copies.append((stored, named))
        }
        for (source, target) in copies { source.copy(into: target) }
        optimizer.updateCount = updateCount
    }
}
