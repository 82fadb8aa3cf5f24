import RetortFiles
import RetortModels

/// What a pruning removed, for people and for programs.
public struct PruningReport {
    private let sheet: FactSheet

    /// Collects the facts.
    ///
    /// - Parameters:
    ///   - pruning: What was done.
    ///   - path: Where the student was written.
    public init(_ pruning: Pruning, writtenTo path: String) {
        let plan = pruning.student.plan ?? StudentPlan(pruning.model.description)
        var sheet = FactSheet(kind: "pruning", title: "\(pruning.model.path) pruned to \(path)")
        sheet.add("model", .string(pruning.model.path))
        sheet.add("output", .string(path))
        sheet.add("type", .string(pruning.request.type.rawValue))
        Self.addSizes(pruning, &sheet)
        if let importance = pruning.importance {
            Self.addShares(plan, importance, &sheet)
        }
        Self.addLayers(plan, pruning, &sheet)
        self.sheet = sheet
    }

    /// The report for people.
    public var text: String { sheet.text }
    /// The report for programs.
    public var json: JSONValue { .object(sheet.json) }

    /// Sizes, parameters and perplexity before and after.
    private static func addSizes(_ pruning: Pruning, _ sheet: inout FactSheet) {
        let before = pruning.model.description, after = pruning.student.description
        func add(_ label: String, _ key: String, _ sizes: (Int, Int)) {
            sheet.add(
                label,
                sizes.0 == sizes.1
                    ? Humanized.count(sizes.0)
                    : "\(Humanized.count(sizes.0)) → \(Humanized.count(sizes.1))",
                (
                    key,
                    .object(
                        JSONObject([
                            ("before", .integer(sizes.0)), ("after", .integer(sizes.1)),
                        ]))
                ))
        }
        add("layers", "layers", (before.layers.count, after.layers.count))
        add("width", "hidden_size", (before.hiddenSize, after.hiddenSize))
        if let old = before.layers.first, let new = after.layers.first {
            add("heads", "heads", (old.attention.headCount, new.attention.headCount))
            add(
                "key and value heads", "key_value_heads",
                (old.attention.keyValueHeadCount, new.attention.keyValueHeadCount))
            add(
                "feed-forward channels", "feed_forward_size",
                (old.feedForward.innerSize, new.feedForward.innerSize))
        }
        add(
            "parameters", "parameters",
            (pruning.model.parameterCount, pruning.student.parameterCount))
        guard let (old, new) = pruning.perplexities else { return }
        sheet.add(
            "perplexity",
            "\(Humanized.fixed(old.perplexity, 4)) → \(Humanized.fixed(new.perplexity, 4)) over "
                + "\(Humanized.count(old.tokens)) tokens",
            (
                "perplexity",
                .object(
                    JSONObject([
                        ("before", .number(old.perplexity)), ("after", .number(new.perplexity)),
                        ("tokens", .integer(old.tokens)),
                    ]))
            ))
    }

    /// How much of the importance is in what was kept; layers that are left out do not count.
    private static func addShares(
        _ plan: StudentPlan, _ importance: Importance, _ sheet: inout FactSheet
    ) {
        func add(_ label: String, _ key: String, _ scores: [[Double]], _ kept: [[Int]]) {
            let all = scores.reduce(0) { $0 + $1.reduce(0, +) }
            let rest = zip(scores, kept).reduce(0) { sum, layer in
                layer.1.reduce(sum) { $0 + layer.0[$1] }
            }
            guard all > 0 else { return }
            sheet.add(
                label, "\(Humanized.fixed(100 * rest / all, 1)) % of their importance is kept",
                (key, .number(rest / all)))
        }
        if let hidden = plan.hidden {
            add("channels", "hidden_importance_kept", [importance.hidden], [hidden])
        }
        if let heads = plan.heads {
            add(
                "heads", "head_importance_kept", plan.layers.map { importance.heads[$0] },
                heads.map(\.queries))
        }
        if let inner = plan.inner {
            add(
                "feed-forward channels", "feed_forward_importance_kept",
                plan.layers.map { importance.inner[$0] }, inner)
        }
    }

    /// What became of every layer.
    private static func addLayers(
        _ plan: StudentPlan, _ pruning: Pruning, _ sheet: inout FactSheet
    ) {
        var rows: [[String]] = [], objects: [JSONValue] = []
        for layer in pruning.model.description.layers.indices {
            let place = plan.layers.firstIndex(of: layer)
            let influence = pruning.importance?.layers[layer]
            let heads = place.flatMap { plan.heads?[$0] }
            rows.append([
                "\(layer)", influence.map { Humanized.fixed($0, 4) } ?? "",
                place.map { "is layer \($0)" } ?? "removed",
                heads.map { $0.queries.map(String.init).joined(separator: " ") } ?? "",
            ])
            var object = JSONObject([
                ("layer", .integer(layer)),
                ("kept_as", place.map(JSONValue.integer) ?? .null),
            ])
            object["influence"] = influence.map(JSONValue.number)
            object["heads"] = heads.map { list($0.queries) }
            object["key_value_heads"] = heads.map { list($0.keyValues) }
            object["feed_forward_channels"] = place.flatMap { plan.inner?[$0] }.map(list)
            objects.append(.object(object))
        }
        let columns =
            [0] + (pruning.importance == nil ? [] : [1]) + [2]
            + (plan.heads == nil ? [] : [3])
        let heads = ["layer ", "influence ", "", "heads kept"]
        sheet.add(
            table: columns.map { heads[$0] }, rows.map { row in columns.map { row[$0] } },
            limit: rows.count)
        sheet.add("kept_layers", list(plan.layers))
        sheet.add("hidden_channels", plan.hidden.map(list) ?? .null)
        sheet.add("per_layer", .array(objects))
    }

    private static func list(_ values: [Int]) -> JSONValue {
        .array(values.map(JSONValue.integer))
    }
}
