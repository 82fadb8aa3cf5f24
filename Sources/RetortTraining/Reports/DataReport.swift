import RetortFiles
import RetortKernels
import RetortModels

/// What a recipe's data teach: some examples, lengths, rows left out, and doubts.
public struct DataReport {
    /// The first examples.
    public let examples: [ExampleView]
    /// What looks wrong.
    public let warnings: [String]
    private let data: TrainingData
    private let recipe: Recipe
    private let rowCount: Int
    private let stepCount: Int

    /// Reads the data and looks at them.
    ///
    /// - Parameters:
    ///   - recipe: Names model and data.
    ///   - kernels: For opening the model.
    ///   - rows: Examples to show.
    /// - Throws: What is wrong with model or data.
    public init(_ recipe: Recipe, kernels: Kernels, rows: Int) throws {
        let model = try Model.whole(recipe, kernels: kernels)
        let data = try Lesson(recipe, student: model).data(
            recipe.data.train, { try ExampleReader(model, recipe.data) })
        let plan = BatchPlan(lengths: data.examples.map(\.ids.count), recipe: recipe)
        self.data = data
        self.recipe = recipe
        rowCount = plan.steps.indices.filter { plan.epochs[$0] == 0 }
            .reduce(0) { $0 + plan.steps[$1].reduce(0) { $0 + $1.count } }
        stepCount = plan.steps.count
        // Token ids have no bytes of a text.
        guard data.examples.first?.spans.isEmpty == false else {
            (examples, warnings) = ([], [])
            return
        }
        let text = try model.text()
        examples = data.examples.prefix(rows).map { ExampleView($0, text.tokenizer) }
        warnings = Self.doubts(data, text, recipe)
    }

    private static func doubts(_ data: TrainingData, _ text: ModelText, _ recipe: Recipe)
        -> [String]
    {
        var warnings: [String] = []
        if let bos = text.configuration.roles(in: text.tokenizer).bosID {
            let doubled = data.examples.filter {
                $0.ids.count > 1 && $0.ids[0] == Int32(bos) && $0.ids[1] == Int32(bos)
            }
            if let first = doubled.first {
                warnings.append(
                    "\(doubled.count) examples begin with two start tokens, the first in line "
                        + "\(first.line); does the template write one that the data have too?")
            }
        }
        if recipe.data.format == .messages, !text.endTokens.isEmpty {
            let ends = Set(text.endTokens.map { Int32($0) })
            let open = data.examples.filter { $0.labels.allSatisfy { !ends.contains($0) } }
            if let first = open.first {
                warnings.append(
                    "\(open.count) examples train no end of turn, the first in line "
                        + "\(first.line): the model would not learn to stop.")
            }
        }
        if !data.unsupervisedLines.isEmpty {
            warnings.append(
                "\(data.unsupervisedLines.count) rows train nothing and are left out, the first "
                    + "in line \(data.unsupervisedLines[0]).")
        }
        return warnings
    }

    /// The lengths, counted in ten bins up to the longest.
    private var histogram: [(range: ClosedRange<Int>, count: Int)] {
        let lengths = data.examples.map(\.ids.count)
        let width = max(1, ((lengths.max() ?? 1) + 9) / 10)
        var counts = [Int](repeating: 0, count: 10)
        for length in lengths { counts[min(9, (length - 1) / width)] += 1 }
        return counts.enumerated().map { ($0 * width + 1...($0 + 1) * width, $1) }
    }

    /// The report for people.
    public var text: String {
        let tokens = data.tokenCount, supervised = data.supervisedCount
        var lines = [
            "\(Humanized.count(data.examples.count)) examples, \(Humanized.count(tokens)) tokens, "
                + "\(Humanized.count(supervised)) of them trained "
                + "(\(Humanized.fixed(100 * Double(supervised) / Double(max(tokens, 1)), 1)) %)",
            "\(Humanized.count(rowCount)) rows of at most \(recipe.data.maxLength) tokens an epoch, "
                + "\(Humanized.count(stepCount)) steps in all", "", "tokens per example",
        ]
        let most = max(1, histogram.map(\.count).max() ?? 1)
        for bin in histogram {
            let label = "\(bin.range.lowerBound)-\(bin.range.upperBound)"
            let bar = String(repeating: "█", count: (bin.count * 40 + most - 1) / most)
            lines.append(
                String(repeating: " ", count: max(0, 12 - label.count)) + label + "  " + bar
                    + (bin.count > 0 ? " \(bin.count)" : ""))
        }
        for (what, rows) in [
            ("too long and left out", data.droppedLines), ("too long and cut", data.cutLines),
            ("with nothing trained and left out", data.unsupervisedLines),
        ] where !rows.isEmpty {
            let shown = rows.prefix(10).map(String.init).joined(separator: ", ")
            lines.append(
                "\(rows.count) rows \(what): lines \(shown)\(rows.count > 10 ? ", …" : "")")
        }
        return lines.joined(separator: "\n")
    }

    /// The report for programs.
    public var json: JSONValue {
        func numbers(_ values: [Int]) -> JSONValue { .array(values.map(JSONValue.integer)) }
        return .object(
            JSONObject([
                ("examples", .integer(data.examples.count)), ("tokens", .integer(data.tokenCount)),
                ("supervised_tokens", .integer(data.supervisedCount)),
                ("rows_per_epoch", .integer(rowCount)), ("steps", .integer(stepCount)),
                ("lengths", numbers(data.examples.map(\.ids.count))),
                ("dropped_lines", numbers(data.droppedLines)),
                ("cut_lines", numbers(data.cutLines)),
                ("unsupervised_lines", numbers(data.unsupervisedLines)),
                ("warnings", .array(warnings.map(JSONValue.string))),
                (
                    "rows",
                    .array(
                        examples.map { example in
                            .object(
                                JSONObject([
                                    ("line", .integer(example.line)),
                                    ("tokens", .integer(example.tokenCount)),
                                    ("supervised_tokens", .integer(example.supervisedCount)),
                                    (
                                        "pieces",
                                        .array(
                                            example.pieces.map {
                                                .object(
                                                    JSONObject([
                                                        ("text", .string($0.text)),
                                                        ("trained", .bool($0.isTrained)),
                                                    ]))
                                            })
                                    ),
                                ]))
                        })
                ),
            ]))
    }
}
