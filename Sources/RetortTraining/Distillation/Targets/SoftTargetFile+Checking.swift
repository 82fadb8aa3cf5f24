import RetortFiles
import RetortTensor
import RetortText

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

extension SoftTargetFile {
    /// How far the sum of a row's probabilities may be from 1: what rounding logs to 16 bits does to
    /// it is below 0.006 at the largest entropy that a vocabulary of 2²⁴ can have.
    private static let massTolerance = 0.02

    /// Checks every value against the schema.
    ///
    /// - Throws: ``SoftTargetError/badValue(path:dataset:row:reason:)``, ``HDF5Error``.
    func checkValues() throws {
        // Which row an id was last seen in, to find one that comes twice.
        var seen = [Int](repeating: -1, count: description.vocabularySize)
        for group in groups {
            for (index, document) in zip(group, try documents(group)) {
                let start = start(of: index)
                if document.example.line < 1 {
                    throw wrong(SoftTargetSchema.Dataset.lines, index, "lines count from 1")
                }
                try check(document.example, from: start.token)
                guard document.positions == description.tokens.positions(in: document.example)
                else {
                    throw wrong(
                        SoftTargetSchema.Dataset.positions, start.row,
                        "the positions of document \(index + 1) are not those of its "
                            + "\(description.tokens.rawValue) tokens")
                }
                try check(document.targets, from: start.row, &seen)
            }
        }
    }

    private func wrong(_ dataset: String, _ row: Int, _ reason: String) -> SoftTargetError {
        .badValue(path: path, dataset: dataset, row: row, reason: reason)
    }

    private func check(_ example: TrainingExample, from token: Int) throws(SoftTargetError) {
        let vocabulary = Int32(description.vocabularySize)
        func isToken(_ id: Int32) -> Bool { id >= 0 && id < vocabulary }
        if let bad = example.ids.firstIndex(where: { !isToken($0) }) {
            throw wrong(
                SoftTargetSchema.Dataset.ids, token + bad,
                "\(example.ids[bad]) is outside the vocabulary of \(vocabulary)")
        }
        if let bad = example.labels.firstIndex(where: { $0 != ignoredLabel && !isToken($0) }) {
            throw wrong(
                SoftTargetSchema.Dataset.labels, token + bad,
                "\(example.labels[bad]) is neither a token nor \(ignoredLabel)")
        }
    }

    private func check(
        _ targets: SoftTargets, from row: Int, _ seen: inout [Int]
    ) throws(SoftTargetError) {
        switch targets {
        case .topK(let k, let ids, let logs, let tail):
            for index in tail.indices {
                let part = index * k..<(index + 1) * k
                try check(ids[part], row + index)
                for id in ids[part] {
                    guard seen[Int(id)] != row + index else {
                        throw wrong(
                            SoftTargetSchema.Dataset.targetIDs, row + index,
                            "\(id) comes twice")
                    }
                    seen[Int(id)] = row + index
                }
                try check(logs[part], tail: tail[index], row + index)
            }
        case .samples(let count, let ids, let weights):
            for index in 0..<targets.rowCount {
                let part = index * count..<(index + 1) * count
                try check(ids[part], row + index)
                guard weights[part].allSatisfy({ $0.isFinite && $0 >= 0 }) else {
                    throw wrong(
                        SoftTargetSchema.Dataset.weights, row + index,
                        "a weight is negative or no number")
                }
            }
        }
    }

    private func check(_ ids: ArraySlice<Int32>, _ row: Int) throws(SoftTargetError) {
        guard ids.allSatisfy({ $0 >= 0 && $0 < description.vocabularySize }) else {
            throw wrong(
                SoftTargetSchema.Dataset.targetIDs, row,
                "an id is outside the vocabulary of \(description.vocabularySize)")
        }
    }

    private func check(
        _ logs: ArraySlice<Float>, tail: Float, _ row: Int
    ) throws(SoftTargetError) {
        guard tail >= 0, tail <= 1 else {
            throw wrong(SoftTargetSchema.Dataset.tailMass, row, "\(tail) is no probability")
        }
        let name = SoftTargetSchema.Dataset.logProbabilities
        var before = Float(0.001)
        var mass = Double(tail)
        for log in logs {
            guard log.isFinite else { throw wrong(name, row, "\(log) is not finite") }
            guard log <= before else {
                throw wrong(
                    name, row, before > 0 ? "\(log) is above 0" : "\(log) follows \(before)")
            }
            before = log
            mass += exp(Double(log))
        }
        guard abs(mass - 1) <= Self.massTolerance else {
            throw wrong(name, row, "the probabilities and the tail sum to \(Float(mass)), not 1")
        }
    }

    // MARK: Against tokenizer and data

    /// Refuses a tokenizer that is not the one the targets were made with.
    ///
    /// - Parameter tokenizer: The student's.
    /// - Throws: ``SoftTargetError/otherTokenizer(path:)``, ``SoftTargetError/noTokenizer(path:)``.
    public func check(_ tokenizer: Tokenizer) throws(SoftTargetError) {
        guard !description.tokenizerFingerprint.isEmpty else { throw .noTokenizer(path: path) }
        guard description.tokenizerFingerprint == Fingerprint.tokenizer(tokenizer) else {
            throw .otherTokenizer(path: path)
        }
    }

    /// Refuses data whose examples are not the documents, one by one, with the same labels.
    ///
    /// - Parameter examples: What the student reads from its data.
    /// - Throws: ``SoftTargetError/otherData(path:document:line:dataLine:)``,
    ///   ``SoftTargetError/otherCount(path:found:expected:)``, ``HDF5Error``.
    public func check(_ examples: [TrainingExample]) throws {
        for group in groups {
            for (index, own) in zip(group, try self.examples(group)) where index < examples.count {
                let other = examples[index]
                guard own.ids == other.ids, own.labels == other.labels else {
                    throw SoftTargetError.otherData(
                        path: path, document: index + 1, line: own.line, dataLine: other.line)
                }
            }
        }
        guard examples.count == documentCount else {
            throw SoftTargetError.otherCount(
                path: path, found: documentCount, expected: examples.count)
        }
    }
}
