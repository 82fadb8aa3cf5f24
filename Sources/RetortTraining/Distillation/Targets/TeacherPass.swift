import RetortKernels
import RetortModels
import RetortTensor

/// A teacher's forward pass over some documents, and its distributions where they are wanted.
///
/// Nothing is recorded, and the logits exist for a chunk of rows only.
struct TeacherPass {
    private let decoder: Decoder
    private let description: SoftTargetDescription
    /// Rows whose logits exist at a time.
    private static let chunk = 128

    init(_ teacher: Model, _ description: SoftTargetDescription) {
        decoder = teacher.decoder
        self.description = description
    }

    /// The targets of some documents that are read side by side.
    ///
    /// - Parameters:
    ///   - documents: Their indices, which the random numbers depend on.
    ///   - examples: All documents.
    /// - Returns: In the order of documents and positions; nil if a logit is not finite.
    func targets(_ documents: Range<Int>, of examples: [TrainingExample]) -> EncodedTargets? {
        let batch = Batch(examples[documents])
        var rows: [Int] = [], keys: [PhiloxKey] = []
        for (index, place) in zip(documents, batch.layout.documents) {
            for position in description.tokens.positions(in: examples[index]) {
                rows.append(place.lowerBound + Int(position))
                if case .samples(_, _, let seed) = description.mode {
                    let stream = RandomStream(seed: seed, .softTargets)[index]
                    keys.append(stream.key(UInt64(position)))
                }
            }
        }
        guard !rows.isEmpty else { return EncodedTargets() }
        let hidden = decoder.hiddenStates(
            batch.ids, ForwardContext(layout: batch.layout),
            on: Tape(decoder.workspace, isRecording: false)
        ).value
        var all = EncodedTargets()
        for start in stride(from: 0, to: rows.count, by: Self.chunk) {
            let part = start..<min(start + Self.chunk, rows.count)
            let logits = decoder.logits(hidden, rows: Array(rows[part]))
            let targets = keys.isEmpty ? top(logits) : drawn(logits, Array(keys[part]))
            guard let targets else { return nil }
            all.append(targets)
        }
        return all
    }

    private func top(_ logits: Tensor) -> EncodedTargets? {
        let targets = decoder.workspace.kernels.topTargets(logits.rows, description.mode.width)
        return EncodedTargets(targets, hasSmallIDs: description.hasSmallIDs)
    }

    private func drawn(_ logits: Tensor, _ keys: [PhiloxKey]) -> EncodedTargets? {
        guard case .samples(let count, let power, _) = description.mode else { return nil }
        let targets = decoder.workspace.kernels.drawTargets(
            logits.rows, samples: count, power: Float(power), keys: keys)
        return EncodedTargets(targets, hasSmallIDs: description.hasSmallIDs)
    }
}
