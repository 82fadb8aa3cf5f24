import RetortFiles
import RetortTensor

/// Why a data file or a line of it cannot be learned from.
public enum DataError: Error, Equatable, CustomStringConvertible {
    /// A line does not hold what the format says.
    case badLine(path: String, line: Int, reason: String)
    /// A token id is outside the model's vocabulary.
    case idOutside(path: String, line: Int, id: Int, vocabulary: Int)
    /// An example has too many tokens and the recipe does not say to drop or cut it.
    case tooLong(path: String, line: Int, length: Int, limit: Int)
    /// No example is left to learn from.
    case nothingLeft(path: String, reason: String)

    /// One sentence: where, what, what to do.
    public var description: String {
        switch self {
        case .badLine(let path, let line, let reason): "\(path):\(line): \(reason)."
        case .idOutside(let path, let line, let id, let vocabulary):
            "\(path):\(line): token id \(id) is outside the vocabulary of \(vocabulary)."
        case .tooLong(let path, let line, let length, let limit):
            "\(path):\(line): the example has \(length) tokens, more than data.max_length \(limit); "
                + "raise it, or set data.overlength to drop or truncate."
        case .nothingLeft(let path, let reason):
            "\(path): there is nothing to learn from: \(reason)."
        }
    }
}

extension DataError {
    /// Refuses token ids that a model has no row for, such as those of another model's tokenizer.
    static func check(
        _ ids: [some BinaryInteger], path: String, line: Int, vocabulary: Int
    ) throws(DataError) {
        guard let id = ids.first(where: { $0 < 0 || $0 >= vocabulary }) else { return }
        throw .idOutside(path: path, line: line, id: Int(id), vocabulary: vocabulary)
    }
}

/// Reads lines of `{"input_ids": […], "labels": […]}`; without labels every token counts.
struct TokensReader {
    let vocabularySize: Int

    func example(_ object: JSONObject, path: String, line: Int) throws(DataError) -> TrainingExample
    {
        func list(_ key: String) throws(DataError) -> [Int]? {
            guard let value = object[key], value != .null else { return nil }
            let numbers = value.array?.compactMap(\.integer)
            guard let numbers, numbers.count == value.array?.count else {
                throw .badLine(
                    path: path, line: line, reason: "\(key) is not a list of whole numbers")
            }
            return numbers
        }
        guard let ids = try list("input_ids"), !ids.isEmpty else {
            throw .badLine(path: path, line: line, reason: "input_ids is missing or empty")
        }
        let labels = try list("labels") ?? ids
        guard labels.count == ids.count else {
            throw .badLine(
                path: path, line: line,
                reason: "labels has \(labels.count) entries and input_ids \(ids.count)")
        }
        for list in [ids, labels.filter { $0 != Int(ignoredLabel) }] {
            try DataError.check(list, path: path, line: line, vocabulary: vocabularySize)
        }
        return TrainingExample(
            ids: ids.map { Int32($0) }, labels: labels.map { Int32($0) }, line: line)
    }
}
