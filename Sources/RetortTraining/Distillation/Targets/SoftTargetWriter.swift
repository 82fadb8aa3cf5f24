import RetortFiles

/// Writes a file of soft targets: first all documents, then their targets in order.
final class SoftTargetWriter {
    private typealias Attribute = SoftTargetSchema.Attribute
    private typealias Dataset = SoftTargetSchema.Dataset

    private let file: HDF5Writer
    private let description: SoftTargetDescription

    /// Begins a file and writes all but the targets.
    init(
        _ path: String, _ description: SoftTargetDescription, _ examples: [TrainingExample]
    ) throws {
        self.description = description
        file = try HDF5Writer(path)
        try writeAttributes()
        for group in SoftTargetSchema.groups { try file.makeGroup(group) }
        let positions = examples.map(description.tokens.positions)
        try writeDocuments(examples, rowCounts: positions.map(\.count))
        try writeTokens(examples)
        let rows = positions.reduce(0) { $0 + $1.count }
        try write(Dataset.positions, shape: [rows], positions) { $0 }
        try declareTargets(rows)
    }

    /// Appends the targets of the next rows.
    ///
    /// - Parameter targets: In the order of documents and positions.
    /// - Throws: ``HDF5Error``.
    func append(_ targets: EncodedTargets) throws(HDF5Error) {
        if description.hasSmallIDs {
            try file.append(targets.smallIDs, to: Dataset.targetIDs)
        } else {
            try file.append(targets.largeIDs, to: Dataset.targetIDs)
        }
        switch description.mode {
        case .topK:
            try file.append(targets.logProbabilities, to: Dataset.logProbabilities)
            try file.append(targets.values, to: Dataset.tailMass)
        case .samples: try file.append(targets.values, to: Dataset.weights)
        }
    }

    /// Puts the file in place.
    func finish() throws { try file.finish() }

    private func writeAttributes() throws(HDF5Error) {
        try file.set(Attribute.format, SoftTargetSchema.format)
        try file.set(Attribute.version, Int64(SoftTargetSchema.version))
        switch description.mode {
        case .topK(let k):
            try file.set(Attribute.mode, "top_k")
            try file.set(Attribute.topK, Int64(k))
        case .samples(let count, let power, let seed):
            try file.set(Attribute.mode, "samples")
            try file.set(Attribute.samples, Int64(count))
            try file.set(Attribute.proposalPower, power)
            try file.set(Attribute.seed, Int64(bitPattern: seed))
        }
        try file.set(Attribute.tokens, description.tokens.rawValue)
        try file.set(Attribute.vocabularySize, Int64(description.vocabularySize))
        try file.set(Attribute.teacher, description.teacherFingerprint)
        try file.set(Attribute.tokenizer, description.tokenizerFingerprint)
        try file.set(Attribute.data, description.dataFingerprint)
    }

    private func writeDocuments(_ examples: [TrainingExample], rowCounts: [Int]) throws(HDF5Error) {
        func sums(_ counts: [Int]) -> [Int64] {
            counts.reduce(into: [0]) { $0.append($0[$0.count - 1] + Int64($1)) }
        }
        let count = examples.count
        try file.makeDataset(Dataset.offsets, .int64, shape: [count + 1])
        try file.append(sums(examples.map(\.ids.count)), to: Dataset.offsets)
        try file.makeDataset(Dataset.rowOffsets, .int64, shape: [count + 1])
        try file.append(sums(rowCounts), to: Dataset.rowOffsets)
        try file.makeDataset(Dataset.lines, .int64, shape: [count])
        try file.append(examples.map { Int64($0.line) }, to: Dataset.lines)
    }

    private func writeTokens(_ examples: [TrainingExample]) throws(HDF5Error) {
        let count = examples.reduce(0) { $0 + $1.ids.count }
        try write(Dataset.ids, shape: [count], examples) { $0.ids }
        try write(Dataset.labels, shape: [count], examples) { $0.labels }
        try write(Dataset.spans, shape: [count, 2], examples) { example in
            // Nothing is known about the text of token ids.
            example.spans.isEmpty
                ? [Int32](repeating: -1, count: 2 * example.ids.count)
                : example.spans.flatMap { [$0.lowerBound, $0.upperBound] }
        }
    }

    private func write<Part>(
        _ name: String, shape: [Int], _ parts: [Part], _ values: (Part) -> [Int32]
    ) throws(HDF5Error) {
        try file.makeDataset(name, .int32, shape: shape)
        var waiting: [Int32] = []
        for part in parts {
            waiting += values(part)
            guard waiting.count >= 1 << 16 else { continue }
            try file.append(waiting, to: name)
            waiting = []
        }
        try file.append(waiting, to: name)
    }

    private func declareTargets(_ rows: Int) throws(HDF5Error) {
        let width = description.mode.width
        try file.makeDataset(
            Dataset.targetIDs, description.hasSmallIDs ? .uint16 : .uint32, shape: [rows, width])
        switch description.mode {
        case .topK:
            try file.makeDataset(Dataset.logProbabilities, .float16, shape: [rows, width])
            try file.makeDataset(Dataset.tailMass, .float32, shape: [rows])
        case .samples: try file.makeDataset(Dataset.weights, .float32, shape: [rows, width])
        }
    }
}
