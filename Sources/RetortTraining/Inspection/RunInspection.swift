import RetortFiles

/// A run's folder: recipe, metrics, checkpoints and result.
enum RunInspection: InspectedKind {
    static let takesBase = true

    static func recognizes(_ target: InspectionTarget) -> Bool {
        (target.holds("metrics.jsonl") || target.holds("recipe.yaml"))
            && !target.holds("config.json")
    }

    static func inspect(_ target: InspectionTarget) throws -> InspectionReport {
        let recipe = try Recipe(path: target.path + "/recipe.yaml")
        let metrics = try RunMetrics(target.path + "/metrics.jsonl")
        var warnings = metrics.warnings
        var sheet = FactSheet(kind: "run", title: "Run \(target.path)")
        let what = recipe.adapter == nil ? "all weights" : "an adapter"
        let kept = recipe.model.initialize?.keepLayers.map { ", \($0) of its layers" } ?? ""
        sheet.add("recipe", "\(recipe.task.rawValue): \(what) of \(recipe.model.path)\(kept)")
        sheet.add("recipe", recipe.recipeNode.json)
        metrics.describe(in: &sheet)
        let checkpoints = try Checkpoint.list(in: target.path)
        let reports = try checkpoints.reversed().map {
            try CheckpointInspection.inspect(target.with($0.path))
        }
        sheet.add(
            "checkpoints", list(checkpoints.reversed().map { "step \(Humanized.count($0.step))" }),
            ("checkpoints", .array(reports.map(\.json))))
        let result = try self.result(target)
        sheet.add(
            "result", result?.path ?? "none yet",
            ("result", result?.report.json ?? .null))
        warnings += reports.flatMap(\.warnings) + (result?.report.warnings ?? [])
        if checkpoints.isEmpty, result == nil {
            warnings.append("\(target.path): holds neither a checkpoint nor a result yet.")
        }
        if target.verifies {
            sheet.addVerified("the recipe, every step's metrics, every checkpoint, the result")
        }
        return InspectionReport(sheet, warnings: warnings)
    }

    /// The adapter or model that came out, inspected as what it is.
    private static func result(
        _ target: InspectionTarget
    ) throws -> (path: String, report: InspectionReport)? {
        for (name, kind) in [
            ("adapter", AdapterInspection.self as any InspectedKind.Type),
            ("model", ModelInspection.self),
        ] where target.holds(name) {
            let path = "\(target.path)/\(name)"
            return (path, try kind.inspect(target.with(path, base: target.base)))
        }
        return nil
    }
}

/// The lines of a run's `metrics.jsonl`.
private struct RunMetrics {
    private(set) var steps: [StepMetrics] = []
    private var validationLosses: [Double] = []
    private(set) var warnings: [String] = []

    /// Reads a file; one that is empty is a run that has just begun.
    ///
    /// - Throws: ``DataError`` for a line that is no step's, ``JSONLinesError``, ``FileError``.
    init(_ path: String) throws {
        let file: JSONLinesFile
        do { file = try JSONLinesFile(path) } catch FileError.empty { return }
        for index in 0..<file.count {
            let line = file.lineNumber(index)
            let object: JSONObject
            do { object = try file.object(index) } catch {
                // A run that was killed may have been writing; going on removes the line.
                guard index == file.count - 1, !file.endsWithNewline else { throw error }
                warnings.append("\(path):\(line): was cut short; --resume removes it.")
                return
            }
            try add(object, path: path, line: line)
        }
    }

    private mutating func add(_ object: JSONObject, path: String, line: Int) throws(DataError) {
        let step = object["step"]?.integer ?? 0
        guard step > 0 else {
            throw .badLine(path: path, line: line, reason: "step is missing or not above 0")
        }
        let last = steps.last?.step ?? 0
        if let loss = object["validation_loss"] {
            guard let loss = loss.double, step >= last else {
                throw .badLine(
                    path: path, line: line, reason: "is no validation after step \(last)")
            }
            validationLosses.append(loss)
            return
        }
        guard let metrics = StepMetrics(object) else {
            throw .badLine(path: path, line: line, reason: "lacks a metric of a step")
        }
        guard step > last else {
            throw .badLine(path: path, line: line, reason: "has step \(step) after step \(last)")
        }
        steps.append(metrics)
    }

    func describe(in sheet: inout FactSheet) {
        let seconds = steps.reduce(0) { $0 + $1.seconds }
        sheet.add("steps", .integer(steps.last?.step ?? 0))
        sheet.add("seconds", .number(seconds))
        sheet.add("last_step", steps.last?.json ?? .null)
        sheet.add("validation_losses", .array(validationLosses.map(JSONValue.number)))
        guard let first = steps.first, let last = steps.last else {
            return sheet.add("steps", "none yet")
        }
        sheet.add(
            "steps",
            "\(Humanized.count(last.step)) in \(Humanized.duration(seconds: seconds)) of training")
        sheet.add(
            "loss",
            "\(Humanized.fixed(first.loss, 4)) at first, \(Humanized.fixed(last.loss, 4)) at last")
        if let loss = validationLosses.last {
            sheet.add("validation loss", Humanized.fixed(loss, 4))
        }
    }
}
