import RetortModels
import RetortTensor

extension TrainingSession {
    /// What a checkpoint holds of the parameters.
    package var savedParameters: [NamedTensor] { parameters.map { NamedTensor($0) } }
    /// What a checkpoint holds of the optimizer.
    package var savedOptimizer: [NamedTensor] {
        optimizer.state.map { NamedTensor($0.parameter, name: $0.name, tensor: $0.tensor) }
    }

    /// Takes parameters and optimizer state from a checkpoint's tensors.
    ///
    /// - Throws: ``CheckpointError/missingTensor(path:tensor:)``, or ``ModelError`` for a shape that
    ///   does not fit; nothing has changed then.
    package func restore(_ tensors: [String: StoredTensor], updateCount: Int, path: String) throws {
        var copies: [(Tensor, Tensor)] = []
        for named in savedParameters + savedOptimizer {
            guard let stored = tensors[named.name] else {
                throw CheckpointError.missingTensor(path: path, tensor: named.name)
            }
            copies.append((try stored.read(like: named, in: model.decoder.workspace), named.tensor))
        }
        for (source, target) in copies {
            model.decoder.workspace.kernels.convert(source.rows, into: target.rows)
        }
        optimizer.updateCount = updateCount
    }
}
