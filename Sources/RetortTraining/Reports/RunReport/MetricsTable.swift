import RetortFiles

/// A run's `metrics.jsonl` as columns; what cannot be read is left out and counted.
///
/// A line with `validation_loss` is a validation, one with `step` alone a step. Known are the
/// figures of ``StepMetrics`` and every number whose key ends in `_loss`; other keys are ignored.
/// A step that comes again, as after a resume, replaces what stood from there on.
struct MetricsTable: Sendable, Equatable {
    /// A figure of some of the steps.
    struct Column: Sendable, Equatable {
        /// The key.
        let name: String
        /// The rows that have it, rising.
        fileprivate(set) var rows: [Int] = []
        /// Its values there; a value that is no number is NaN.
        fileprivate(set) var values: [Double] = []
    }

    /// A measurement on the validation data.
    struct Validation: Sendable, Equatable {
        /// After which step.
        let step: Int
        /// Nats per token.
        let loss: Double
    }

    /// The steps that have a row, rising.
    private(set) var steps: [Int] = []
    /// The figures, in the order in which they came.
    private(set) var columns: [Column] = []
    /// The validations, by step.
    private(set) var validations: [Validation] = []
    /// What was not as it should be, a sentence each.
    private(set) var notes: [String] = []

    private static let keys = [
        "loss", "grad_norm", "learning_rate", "tokens", "supervised_tokens", "seconds",
        "tokens_per_second", "peak_rss_mib",
    ]
    /// Loss parts that are kept; a file that has more is not of this program.
    private static let maximumParts = 16
    private static let maximumStep = 1_000_000_000_000

    /// Nothing.
    init() {}

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - path: The file; one that is empty is of a run that has just begun.
    ///   - maximumCount: Lines that are read at most.
    /// - Throws: ``FileError`` if it is not there or no file.
    init(_ path: String, maximumCount: Int = 1_000_000) throws {
        guard
            var reader = try LineReader.opening(
                path, maximumLength: 1 << 16, maximumCount: maximumCount)
        else { return }
        var bad: (first: Int, count: Int)?
        while let line = reader.next() {
            if let bytes = line.bytes, add(bytes) { continue }
            // A run that was killed, or goes on, may have been writing.
            if !line.isEnded {
                notes.append("The last line of metrics.jsonl was cut short and is left out.")
            } else {
                bad = (bad?.first ?? line.number, (bad?.count ?? 0) + 1)
            }
        }
        if let bad {
            let lines = bad.count == 1 ? "a line" : "\(Humanized.count(bad.count)) lines"
            notes.append(
                "metrics.jsonl has \(lines) without the metrics of a step, the first in line "
                    + "\(Humanized.count(bad.first)); they are left out.")
        }
        if reader.isCutOff {
            notes.append(
                "metrics.jsonl has more than \(Humanized.count(maximumCount)) lines; "
                    + "those behind are left out.")
        }
        if !isEveryStep {
            notes.append(
                "Not every step was recorded, so tokens and time are estimated from those that were."
            )
        }
    }

    /// Adds a line; false if it is of no use.
    private mutating func add(_ bytes: [UInt8]) -> Bool {
        guard
            let object = try? JSONParser.parse(
                bytes, maximumDepth: 8, allowsNonFinite: true
            ).object, let step = object["step"]?.integer, (1...Self.maximumStep).contains(step)
        else { return false }
        if let loss = object["validation_loss"] {
            removeValidations(from: step)
            validations.append(Validation(step: step, loss: loss.double ?? .nan))
            return true
        }
        guard object["loss"] != nil else { return false }
        while let last = steps.last, last >= step { removeLastRow() }
        removeValidations(from: step)
        steps.append(step)
        for (key, value) in object.members where Self.keys.contains(key) || key.hasSuffix("_loss") {
            if let number = value.double ?? (value == .null ? .nan : nil) {
                append(number, to: key)
            }
        }
        return true
    }

    private mutating func append(_ value: Double, to name: String) {
        var index = columns.firstIndex { $0.name.utf8.elementsEqual(name.utf8) }
        if index == nil, columns.count < Self.keys.count + Self.maximumParts {
            index = columns.count
            columns.append(Column(name: name))
        }
        guard let index else { return }
        columns[index].rows.append(steps.count - 1)
        columns[index].values.append(value)
    }

    private mutating func removeValidations(from step: Int) {
        while let last = validations.last, last.step >= step { validations.removeLast() }
    }

    private mutating func removeLastRow() {
        steps.removeLast()
        for index in columns.indices where columns[index].rows.last == steps.count {
            columns[index].rows.removeLast()
            columns[index].values.removeLast()
        }
    }
}

extension MetricsTable {
    /// A figure by its key.
    subscript(name: String) -> Column? {
        columns.first { $0.name.utf8.elementsEqual(name.utf8) && !$0.values.isEmpty }
    }

    /// What a chart shows of a figure.
    ///
    /// Where labels are all that a run learned from, its loss is the hard loss: it can be laid beside
    /// that of runs that had a teacher too.
    func column(_ metric: RunMetric) -> Column? {
        let isHard = metric == .part("hard_loss") && lossParts.isEmpty
        return self[isHard ? RunMetric.loss.key : metric.key]
    }

    /// The keys of parts of the loss, in the order in which they came.
    var lossParts: [String] {
        columns.filter { $0.name.hasSuffix("_loss") && !$0.values.isEmpty }.map(\.name)
    }

    /// Whether every step from the first has a row.
    var isEveryStep: Bool { steps.isEmpty || steps.last == steps.count }

    /// A figure summed up to each row; rows stand for the steps since the row before.
    ///
    /// - Parameter name: The key of a figure of single steps.
    /// - Returns: As many sums as rows; nil if no row has it.
    func sums(of name: String) -> [Double]? {
        guard let column = self[name] else { return nil }
        var perStep = [Double](repeating: 0, count: steps.count)
        for (row, value) in zip(column.rows, column.values) where value.isFinite && value > 0 {
            perStep[row] = value
        }
        var sum = 0.0, before = 0
        return zip(steps, perStep).map { step, value in
            sum = min(sum + value * Double(step - before), .greatestFiniteMagnitude)
            before = step
            return sum
        }
    }
}
