import RetortFiles
import RetortTensor

/// The datasets of a file of soft targets, each of the type and extents that the schema says.
struct SoftTargetDatasets {
    private typealias Dataset = SoftTargetSchema.Dataset

    let offsets, rowOffsets, lines: HDF5Dataset
    let ids, labels, spans: HDF5Dataset
    let positions, targetIDs: HDF5Dataset
    private let mode: SoftTargetMode
    /// Logs of probabilities or weights.
    private let numbers: HDF5Dataset
    private let tailMass: HDF5Dataset?

    /// Opens them.
    init(_ file: HDF5File, _ description: SoftTargetDescription) throws {
        mode = description.mode
        offsets = try file.dataset(Dataset.offsets)
        try offsets.check(.int64, shape: [nil])
        let documents = max(0, (offsets.shape.first ?? 0) - 1)
        rowOffsets = try file.dataset(Dataset.rowOffsets)
        try rowOffsets.check(.int64, shape: [documents + 1])
        lines = try file.dataset(Dataset.lines)
        try lines.check(.int64, shape: [documents])

        ids = try file.dataset(Dataset.ids)
        try ids.check(.int32, shape: [nil])
        let tokens = ids.shape.first ?? 0
        labels = try file.dataset(Dataset.labels)
        try labels.check(.int32, shape: [tokens])
        spans = try file.dataset(Dataset.spans)
        try spans.check(.int32, shape: [tokens, 2])

        positions = try file.dataset(Dataset.positions)
        try positions.check(.int32, shape: [nil])
        let rows = positions.shape.first ?? 0, width = mode.width
        targetIDs = try file.dataset(Dataset.targetIDs)
        try targetIDs.check(description.hasSmallIDs ? .uint16 : .uint32, shape: [rows, width])
        switch mode {
        case .topK:
            numbers = try file.dataset(Dataset.logProbabilities)
            try numbers.check(.float16, shape: [rows, width])
            let tail = try file.dataset(Dataset.tailMass)
            try tail.check(.float32, shape: [rows])
            tailMass = tail
        case .samples:
            numbers = try file.dataset(Dataset.weights)
            try numbers.check(.float32, shape: [rows, width])
            tailMass = nil
        }
    }

    /// The targets of some rows; ids that do not fit are -1, for which there is no token.
    func targets(_ rows: Range<Int>) throws(HDF5Error) -> SoftTargets {
        let ids: [Int32] =
            targetIDs.type == .uint16
            ? try targetIDs.rows(rows, as: UInt16.self).map { Int32($0) }
            : try targetIDs.rows(rows, as: UInt32.self).map { Int32(exactly: $0) ?? -1 }
        switch mode {
        case .topK(let k):
            return .topK(
                k: k, ids: ids,
                logProbabilities: try numbers.rows(rows, as: Float16.self).map { Float($0) },
                tailMass: try tailMass?.rows(rows, as: Float.self) ?? [])
        case .samples(let count, _, _):
            return .samples(count: count, ids: ids, weights: try numbers.rows(rows))
        }
    }
}

extension SoftTargetDescription {
    private typealias Attribute = SoftTargetSchema.Attribute

    /// Reads the attributes of a file.
    init(_ file: HDF5File) throws {
        guard SoftTargetFile.isOne(file) else {
            throw SoftTargetError.notSoftTargets(path: file.path)
        }
        let version = try file.number(Attribute.version, as: Int64.self)
        guard version == Int64(SoftTargetSchema.version) else {
            throw SoftTargetError.unknownVersion(path: file.path, version: Int(version))
        }
        func integer(_ name: String, _ range: ClosedRange<Int>) throws -> Int {
            let value = Int(try file.number(name, as: Int64.self))
            guard range.contains(value) else {
                throw SoftTargetError.badAttribute(path: file.path, name: name, found: "\(value)")
            }
            return value
        }
        let vocabulary = try integer(
            Attribute.vocabularySize, 1...SoftTargetSchema.largestVocabulary)
        let tokens = try file.text(Attribute.tokens)
        guard let distilled = DistilledTokens(rawValue: tokens) else {
            throw SoftTargetError.badAttribute(
                path: file.path, name: Attribute.tokens, found: tokens)
        }
        let mode = try file.text(Attribute.mode)
        switch mode {
        case "top_k": self.mode = .topK(try integer(Attribute.topK, 1...vocabulary))
        case "samples":
            let power = try file.number(Attribute.proposalPower, as: Double.self)
            guard power.isFinite, power >= 0 else {
                throw SoftTargetError.badAttribute(
                    path: file.path, name: Attribute.proposalPower, found: "\(power)")
            }
            self.mode = .samples(
                count: try integer(Attribute.samples, 1...SoftTargetMode.mostSamples),
                power: power,
                seed: UInt64(bitPattern: try file.number(Attribute.seed, as: Int64.self)))
        default:
            throw SoftTargetError.badAttribute(path: file.path, name: Attribute.mode, found: mode)
        }
        self.tokens = distilled
        vocabularySize = vocabulary
        teacherFingerprint = try file.text(Attribute.teacher)
        tokenizerFingerprint = try file.text(Attribute.tokenizer)
        dataFingerprint = try file.text(Attribute.data)
    }
}
