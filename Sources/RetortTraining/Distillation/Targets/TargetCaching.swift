import RetortFiles
import RetortModels
import RetortTensor

/// Runs a teacher over data and keeps its distributions in a file.
///
/// What is done stands in a journal beside the file, so the work may be stopped at any moment and goes
/// on where it was; the file appears when all is done, with the same bytes however often that was.
public final class TargetCaching {
    /// What was written.
    public struct Summary: Sendable, Equatable {
        /// Documents.
        public let documents: Int
        /// Their tokens.
        public let tokens: Int
        /// Tokens after which a distribution is kept.
        public let rows: Int
        /// The file's size.
        public let byteCount: Int
    }

    /// What the data give.
    public let data: TrainingData
    /// Tokens whose targets were in the journal already.
    public let finishedTokenCount: Int
    private let teacher: Model
    private let description: SoftTargetDescription
    private let dataPath: String
    private let output: String
    private let batches: [Range<Int>]
    private let journal: TargetJournal

    /// Tokens that are read side by side.
    private static let tokensAtOnce = 1024

    /// Reads the data and opens the journal; nothing is computed yet.
    ///
    /// - Parameters:
    ///   - teacher: The model.
    ///   - data: The data file and how it is read, as in a recipe.
    ///   - mode: What is kept of each distribution.
    ///   - tokens: For which tokens.
    ///   - output: The file to write.
    /// - Throws: ``SoftTargetError``, ``DataError``, ``FileError`` and the errors of the formats.
    public init(
        _ teacher: Model, data: DataRecipe, mode: SoftTargetMode, tokens: DistilledTokens,
        output: String
    ) throws {
        let vocabulary = teacher.description.vocabularySize
        if case .topK(let k) = mode, k > vocabulary {
            throw SoftTargetError.topKTooLarge(path: teacher.path, k: k, vocabulary: vocabulary)
        }
        var recipe = data
        recipe.settle()
        self.teacher = teacher
        self.output = output
        dataPath = recipe.train
        self.data = try ExampleReader(teacher, recipe).read(recipe.train)
        description = SoftTargetDescription(
            mode: mode, tokens: tokens, vocabularySize: vocabulary,
            teacherFingerprint: try Fingerprint.weights(teacher),
            tokenizerFingerprint: try Self.tokenizerFingerprint(teacher, recipe.format),
            dataFingerprint: try Fingerprint.file(recipe.train))
        batches = Self.batches(self.data.examples)
        let examples = self.data.examples, description = description
        let rows = batches.map { batch in
            examples[batch].reduce(0) { $0 + tokens.positions(in: $1).count }
        }
        guard rows.contains(where: { $0 > 0 }) else {
            throw SoftTargetError.noRows(path: recipe.train, tokens: tokens.rawValue)
        }
        let journalPath = output + ".journal"
        // A journal beside the file: the process ended between writing the one and removing the other.
        if Folder.exists(output), !Folder.exists(journalPath) {
            throw FileError.exists(path: output)
        }
        journal = try TargetJournal(
            journalPath, work: Self.work(description, examples, teacher),
            sizes: rows.map { EncodedTargets.byteCount(rows: $0, description) })
        finishedTokenCount = batches.prefix(journal.count).joined()
            .reduce(0) { $0 + examples[$1].ids.count }
    }

    /// Token ids can be read without a tokenizer; nothing is then known about it.
    private static func tokenizerFingerprint(_ teacher: Model, _ format: DataFormat) throws
        -> String
    {
        let text = format == .tokens ? try? teacher.text() : try teacher.text()
        return text.map { Fingerprint.tokenizer($0.tokenizer) } ?? ""
    }

    /// Documents that are read side by side, in the order of the data.
    private static func batches(_ examples: [TrainingExample]) -> [Range<Int>] {
        var batches: [Range<Int>] = []
        var start = 0, length = 0
        for (index, example) in examples.enumerated() {
            if index > start, length + example.ids.count > tokensAtOnce {
                batches.append(start..<index)
                (start, length) = (index, 0)
            }
            length += example.ids.count
        }
        if start < examples.count { batches.append(start..<examples.count) }
        return batches
    }

    /// A sum of all that the targets depend on.
    private static func work(
        _ description: SoftTargetDescription, _ examples: [TrainingExample], _ teacher: Model
    ) -> String {
        var sum = SHA256()
        let workspace = teacher.decoder.workspace
        sum.update(
            Array(
                """
                \(description.mode) \(description.tokens.rawValue) \(description.vocabularySize)
                \(description.teacherFingerprint) \(description.tokenizerFingerprint)
                \(description.dataFingerprint)
                \(workspace.kernels.levelName) \(workspace.activationType) \(tokensAtOnce)

                """.utf8))
        for example in examples {
            sum.update(Array("\(example.line) \(example.ids.count) \(example.spans)\n".utf8))
            unsafe sum.update(example.ids.span.bytes)
            unsafe sum.update(example.labels.span.bytes)
        }
        return sum.finished()
    }

    /// Computes what is missing and writes the file.
    ///
    /// - Parameter onProgress: Told how many tokens are done.
    /// - Returns: What was written.
    /// - Throws: ``SoftTargetError/interrupted(path:done:total:)`` if a signal asked to stop;
    ///   ``SoftTargetError/notFinite(path:data:line:)``; errors of writing.
    public func run(onProgress: (_ tokens: Int) -> Void = { _ in }) throws -> Summary {
        let pass = TeacherPass(teacher, description)
        var done = finishedTokenCount
        for batch in batches.dropFirst(journal.count) {
            if StopSignal.isRaised {
                throw SoftTargetError.interrupted(
                    path: output + ".journal", done: done, total: data.tokenCount)
            }
            guard let targets = pass.targets(batch, of: data.examples) else {
                throw SoftTargetError.notFinite(
                    path: teacher.path, data: dataPath, line: data.examples[batch.lowerBound].line)
            }
            try journal.appendRecord(targets.bytes)
            done += batch.reduce(0) { $0 + data.examples[$1].ids.count }
            onProgress(done)
        }
        try write()
        let file = try SoftTargetFile(output)
        try file.check(data.examples)
        try journal.remove()
        return Summary(
            documents: file.documentCount, tokens: file.tokenCount, rows: file.rowCount,
            byteCount: try MappedFile(output).size)
    }

    private func write() throws {
        let writer = try SoftTargetWriter(output, description, data.examples)
        for (index, batch) in batches.enumerated() {
            let rows = data.examples[batch].reduce(0) {
                $0 + description.tokens.positions(in: $1).count
            }
            let bytes = try journal.record(index)
            try writer.append(unsafe EncodedTargets(bytes.span.bytes, rows: rows, description))
        }
        try writer.finish()
    }
}
