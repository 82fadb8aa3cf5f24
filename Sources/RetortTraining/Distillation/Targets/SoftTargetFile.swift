import RetortFiles
import RetortText

/// A file of soft targets, read document by document; only the documents' places are held.
///
/// `Docs/SoftTargets.md` has the schema.
public final class SoftTargetFile {
    /// The path it was opened by.
    public let path: String
    /// What it says about itself.
    public let description: SoftTargetDescription
    private let datasets: SoftTargetDatasets
    /// Where each document's tokens begin; last, where they end.
    private let offsets: [Int]
    /// Where each document's rows begin; last, where they end.
    private let rowOffsets: [Int]

    /// Documents.
    public var documentCount: Int { offsets.count - 1 }
    /// Tokens of all documents.
    public var tokenCount: Int { offsets[documentCount] }
    /// Tokens after which a distribution is kept.
    public var rowCount: Int { rowOffsets[documentCount] }

    /// Opens a file and checks all of it.
    ///
    /// - Parameter path: The file.
    /// - Throws: ``FileError``; ``HDF5Error`` for a file that is damaged or lacks a dataset;
    ///   ``SoftTargetError`` for values that break the schema.
    public convenience init(_ path: String) throws {
        try self.init(unchecked: path)
        try checkValues()
    }

    /// Opens a file and checks its structure, not yet the values of tokens and targets.
    package init(unchecked path: String) throws {
        self.path = path
        let file = try HDF5File(path)
        description = try SoftTargetDescription(file)
        datasets = try SoftTargetDatasets(file, description)
        offsets = try Self.offsets(
            datasets.offsets, last: datasets.ids.shape[0], leastStep: 1, path: path)
        rowOffsets = try Self.offsets(
            datasets.rowOffsets, last: datasets.positions.shape[0], leastStep: 0, path: path)
    }

    /// Whether a file says that it holds soft targets.
    static func isOne(_ file: HDF5File) -> Bool {
        (try? file.text(SoftTargetSchema.Attribute.format)) == SoftTargetSchema.format
    }

    private static func offsets(
        _ dataset: HDF5Dataset, last: Int, leastStep: Int, path: String
    ) throws -> [Int] {
        let values = try dataset.rows(as: Int64.self).map { Int($0) }
        func wrong(_ row: Int, _ reason: String) -> SoftTargetError {
            .badValue(path: path, dataset: dataset.name, row: row, reason: reason)
        }
        guard values.first == 0 else { throw wrong(0, "the first offset must be 0") }
        for row in values.indices.dropFirst() {
            let (step, overflow) = values[row].subtractingReportingOverflow(values[row - 1])
            guard !overflow, step >= leastStep else {
                throw wrong(row, "\(values[row]) follows \(values[row - 1])")
            }
        }
        guard values.last == last else {
            throw wrong(
                values.count - 1, "the last offset is \(values[values.count - 1]), not \(last)")
        }
        return values
    }

    // MARK: Documents

    /// Reads one document.
    ///
    /// - Parameter index: From 0, in the order of the data.
    /// - Returns: Its tokens and targets.
    /// - Throws: ``HDF5Error`` if the file has become unreadable.
    /// - Precondition: The index is below ``documentCount``.
    public func document(_ index: Int) throws -> SoftTargetDocument {
        try documents(index..<index + 1)[0]
    }

    /// Reads some documents that follow one another.
    ///
    /// - Parameter range: Their indices.
    /// - Returns: The documents.
    /// - Throws: ``HDF5Error`` if the file has become unreadable.
    /// - Precondition: The indices are below ``documentCount``.
    public func documents(_ range: Range<Int>) throws -> [SoftTargetDocument] {
        let examples = try examples(range)
        let rows = rowOffsets[range.lowerBound]..<rowOffsets[range.upperBound]
        let positions = try datasets.positions.rows(rows, as: Int32.self)
        let targets = try datasets.targets(rows)
        return zip(range, examples).map { index, example in
            let own = rowOffsets[index] - rows.lowerBound..<rowOffsets[index + 1] - rows.lowerBound
            return SoftTargetDocument(
                example: example, positions: Array(positions[own]), targets: targets.rows(own))
        }
    }

    /// Tokens and labels of some documents, without targets.
    func examples(_ range: Range<Int>) throws -> [TrainingExample] {
        let tokens = offsets[range.lowerBound]..<offsets[range.upperBound]
        let ids = try datasets.ids.rows(tokens, as: Int32.self)
        let labels = try datasets.labels.rows(tokens, as: Int32.self)
        let spans = try datasets.spans.rows(tokens, as: Int32.self)
        let lines = try datasets.lines.rows(range, as: Int64.self)
        return try range.map { index in
            let own = offsets[index] - tokens.lowerBound..<offsets[index + 1] - tokens.lowerBound
            return TrainingExample(
                ids: Array(ids[own]), labels: Array(labels[own]),
                line: Int(lines[index - range.lowerBound]),
                spans: try Self.spans(spans[own.lowerBound * 2..<own.upperBound * 2]) {
                    SoftTargetError.badValue(
                        path: path, dataset: SoftTargetSchema.Dataset.spans,
                        row: offsets[index] + $0, reason: "it is no range of bytes")
                })
        }
    }

    /// Ranges from starts and ends; none if all are -1.
    private static func spans(
        _ values: ArraySlice<Int32>, _ wrong: (_ token: Int) -> SoftTargetError
    ) throws(SoftTargetError) -> [Range<Int32>] {
        if values.allSatisfy({ $0 == -1 }) { return [] }
        var spans: [Range<Int32>] = []
        spans.reserveCapacity(values.count / 2)
        for start in stride(from: values.startIndex, to: values.endIndex, by: 2) {
            guard values[start] >= 0, values[start + 1] >= values[start] else {
                throw wrong((start - values.startIndex) / 2)
            }
            spans.append(values[start]..<values[start + 1])
        }
        return spans
    }

    /// Indices of documents in groups that are read at once.
    var groups: [Range<Int>] {
        var groups: [Range<Int>] = []
        var start = 0
        let width = description.mode.width
        for index in 0..<documentCount {
            let tokens = offsets[index + 1] - offsets[start]
            let rows = rowOffsets[index + 1] - rowOffsets[start]
            if index > start, tokens > 1 << 16 || rows > (1 << 20) / width {
                groups.append(start..<index)
                start = index
            }
        }
        if start < documentCount { groups.append(start..<documentCount) }
        return groups
    }

    /// The first token and the first row of a document, for messages.
    func start(of document: Int) -> (token: Int, row: Int) {
        (offsets[document], rowOffsets[document])
    }
}
