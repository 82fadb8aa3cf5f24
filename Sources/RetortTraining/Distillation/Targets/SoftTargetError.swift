import RetortFiles

/// Why soft targets cannot be made or used.
public enum SoftTargetError: Error, Equatable, CustomStringConvertible {
    /// More tokens of each row are asked for than the teacher has.
    case topKTooLarge(path: String, k: Int, vocabulary: Int)
    /// No token is of the kind that is asked for.
    case noRows(path: String, tokens: String)
    /// The teacher's logits are NaN or infinite.
    case notFinite(path: String, data: String, line: Int)
    /// The journal of an unfinished file was begun for something else.
    case otherJournal(path: String)
    /// Another process writes the file.
    case inUse(path: String)
    /// A signal asked to stop; what is done is kept.
    case interrupted(path: String, done: Int, total: Int)
    /// The file is HDF5, but not of soft targets.
    case notSoftTargets(path: String)
    /// The file is of a version that is not known.
    case unknownVersion(path: String, version: Int)
    /// An attribute has a value that makes no sense.
    case badAttribute(path: String, name: String, found: String)
    /// A value of a dataset breaks what the schema says; rows count from 0.
    case badValue(path: String, dataset: String, row: Int, reason: String)
    /// The tokenizer is not the one that the teacher read the data with.
    case otherTokenizer(path: String)
    /// The teacher read the data as token ids, so nothing is known about its tokenizer.
    case noTokenizer(path: String)
    /// The data have other documents.
    case otherCount(path: String, found: Int, expected: Int)
    /// A document, counted from 1, has other tokens than the data's.
    case otherData(path: String, document: Int, line: Int, dataLine: Int)

    /// One sentence: where, what, what to do.
    public var description: String {
        switch self {
        case .topKTooLarge(let path, let k, let vocabulary):
            "\(path): has \(vocabulary) tokens in its vocabulary, fewer than --top-k \(k); ask for "
                + "fewer."
        case .noRows(let path, let tokens):
            "\(path): no token is \(tokens), so there is nothing to keep; choose other --tokens."
        case .notFinite(let path, let data, let line):
            "\(path): the logits for \(data):\(line) are not finite numbers; the model is damaged "
                + "or does not fit its precision."
        case .otherJournal(let path):
            "\(path): was begun with another model, other data or other options; finish that with "
                + "the same command, or remove the file to begin anew."
        case .inUse(let path): "\(path): is being written by another process; let it finish."
        case .interrupted(let path, let done, let total):
            "Interrupted after \(done) of \(total) tokens, which are kept in \(path); the same "
                + "command goes on there."
        case .notSoftTargets(let path):
            "\(path): is an HDF5 file, but not of soft targets; make one with retort cache-targets."
        case .unknownVersion(let path, let version):
            "\(path): has soft targets of version \(version), and this program knows version "
                + "\(SoftTargetSchema.version)."
        case .badAttribute(let path, let name, let found):
            "\(path): the attribute \(name) cannot be \(found.printable)."
        case .badValue(let path, let dataset, let row, let reason):
            "\(path): row \(row) of \(dataset) is wrong: \(reason)."
        case .otherTokenizer(let path):
            "\(path): was made with another tokenizer than this model's, so its ids mean other "
                + "tokens; make it again with a teacher of the same tokenizer, or choose a loss "
                + "across tokenizers."
        case .noTokenizer(let path):
            "\(path): was made from token ids by a model without tokenizer, so it cannot be told "
                + "whether its ids are this model's."
        case .otherCount(let path, let found, let expected):
            "\(path): has \(found) documents where the data give \(expected); make it again from "
                + "these data with the same data settings."
        case .otherData(let path, let document, let line, let dataLine):
            "\(path): document \(document), made from line \(line), has other tokens than line "
                + "\(dataLine) of the data; make it again from these data."
        }
    }
}
