import RetortFiles

/// A run folder as it was found: recipe, metrics, checkpoints, result, kept answers.
package struct RunRecord: Sendable {
    /// The folder, without slashes at its end.
    let path: String
    /// What it is called beside others.
    var name: String
    /// What was run; nil if the file is not there or damaged.
    private(set) var recipe: RunRecipe?
    /// What was measured.
    private(set) var metrics = MetricsTable()
    /// The steps of the checkpoints, oldest first.
    let checkpoints: [Int]
    /// The folder in it that holds what came out; nil while there is none.
    let result: String?
    /// The files of answers in it, by name.
    let answerFiles: [String]
    /// What was not as it should be, a sentence each.
    private(set) var notes: [String] = []

    /// The most files of answers that are looked for in a run.
    private static let maximumAnswerFiles = 8

    /// Reads a run folder; what is damaged in it becomes a note.
    ///
    /// - Parameter path: A folder with `metrics.jsonl` or `recipe.yaml`.
    /// - Throws: ``RunReportError/notARun(path:)``, ``FileError``.
    package init(_ path: String) throws {
        var path = path
        while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path.removeLast() }
        self.path = path
        name = path.split(separator: "/").last.map(String.init) ?? path
        let recipePath = path + "/recipe.yaml", metricsPath = path + "/metrics.jsonl"
        guard Folder.exists(path) else { throw FileError.missing(path: path) }
        guard Folder.isFolder(path), Folder.exists(recipePath) || Folder.exists(metricsPath) else {
            throw RunReportError.notARun(path: path)
        }
        checkpoints = try Checkpoint.list(in: path).map(\.step).reversed()
        result = ["adapter", "model"].first { Folder.isFolder("\(path)/\($0)") }
        answerFiles = try Self.answerFiles(in: path)
        do { recipe = try RunRecipe(recipePath) } catch { notes.append("\(error)") }
        do { metrics = try MetricsTable(metricsPath) } catch { notes.append("\(error)") }
        notes += metrics.notes
    }

    /// `answers.jsonl`, and what ends in `.jsonl` in the folder `answers`.
    private static func answerFiles(in path: String) throws -> [String] {
        let folder = path + "/answers"
        let names = Folder.isFolder(folder) ? try Folder.names(in: folder) : []
        let own = Folder.exists(folder + ".jsonl") ? [folder + ".jsonl"] : []
        let inside = names.filter { $0.hasSuffix(".jsonl") }.map { "\(folder)/\($0)" }
        return Array((own + inside).prefix(maximumAnswerFiles))
    }

    /// Reads several runs and gives them names that differ.
    ///
    /// - Parameter paths: The folders.
    /// - Returns: The runs, in this order.
    /// - Throws: ``RunReportError``, ``FileError``.
    package static func all(_ paths: [String]) throws -> [RunRecord] {
        guard paths.count <= ChartPalette.count else {
            throw RunReportError.tooManyRuns(count: paths.count, limit: ChartPalette.count)
        }
        var runs = try paths.map { try RunRecord($0) }
        let names = runs.map { ExactKey($0.name) }
        for index in runs.indices where names.count(where: { $0 == names[index] }) > 1 {
            runs[index].name = runs[index].path
        }
        return runs
    }
}

/// Why a report cannot be made.
package enum RunReportError: Error, Equatable, CustomStringConvertible {
    /// A folder holds neither metrics nor a recipe.
    case notARun(path: String)
    /// More runs than lines can be told apart.
    case tooManyRuns(count: Int, limit: Int)
    /// No run has the figure; `known` are those that a run has.
    case noSuchMetric(name: String, known: [String])

    /// One sentence: what, and what to do.
    package var description: String {
        switch self {
        case .notARun(let path):
            "\(path.printable): is no run: it has neither metrics.jsonl nor recipe.yaml; name the "
                + "output_dir of a recipe."
        case .tooManyRuns(let count, let limit):
            "\(count) runs are too many for one page; name at most \(limit)."
        case .noSuchMetric(let name, let known) where known.isEmpty:
            "There is no \(name.printable) to draw: the runs have recorded nothing yet."
        case .noSuchMetric(let name, let known):
            "No run has recorded \(name.printable); there is \(known.joined(separator: ", "))."
        }
    }
}
