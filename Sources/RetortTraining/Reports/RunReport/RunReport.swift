import RetortFiles

/// Runs side by side: as one page that needs nothing else, or as a single chart.
package struct RunReport: Sendable {
    /// The runs, in the order in which they were named.
    let runs: [RunRecord]
    /// The files of answers, those of the runs first.
    let answers: [AnswerFile]
    /// Why files of answers in the runs could not be read.
    private var problems: [String] = []

    /// Reads runs and answers.
    ///
    /// - Parameters:
    ///   - paths: The folders of the runs.
    ///   - answers: Further files of answers.
    /// - Throws: ``RunReportError``, or ``FileError`` for what is not there.
    package init(_ paths: [String], answers: [String] = []) throws {
        let runs = try RunRecord.all(paths)
        self.runs = runs
        var kept: [AnswerFile] = []
        for run in runs {
            for path in run.answerFiles {
                let stem = Self.stem(path)
                do {
                    kept.append(
                        try AnswerFile(path, name: runs.count > 1 ? "\(run.name), \(stem)" : stem))
                } catch {
                    // Nobody asked for this file by name, so the runs are shown without it.
                    problems.append("\(error)")
                }
            }
        }
        self.answers = try kept + answers.map { try AnswerFile($0, name: Self.stem($0)) }
    }

    /// The name of a file without its folder and ending.
    private static func stem(_ path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return name.hasSuffix(".jsonl") ? String(name.dropLast(6)) : name
    }

    /// Every figure that a run has recorded, in the order of the page.
    package var metrics: [RunMetric] {
        var parts: [String] = []
        for name in runs.flatMap(\.metrics.lossParts) where !parts.contains(name) {
            parts.append(name)
        }
        let all =
            [.loss] + parts.map(RunMetric.part)
            + [.validation, .gradientNorm, .learningRate, .tokensPerSecond, .memory]
        return all.filter { !RunChart($0, of: runs).isEmpty }
    }

    /// One chart over the steps, as an SVG file.
    ///
    /// - Parameter metric: The figure.
    /// - Returns: The file's text.
    /// - Throws: ``RunReportError/noSuchMetric(name:known:)`` if no run has recorded it.
    package func svg(_ metric: RunMetric) throws(RunReportError) -> String {
        let chart = RunChart(metric, of: runs)
        if chart.isEmpty {
            throw .noSuchMetric(name: metric.name, known: metrics.map(\.name))
        }
        return chart.chart(over: .steps).standaloneSVG.text
    }

    /// The page.
    package var html: String { ReportPage(self).markup.text }

    /// What was not as it should be, a sentence each, with the run that it is about.
    package var notes: [String] {
        runs.flatMap { run in run.notes.map { "\(run.name): \($0)" } }
            + problems
            + answers.flatMap { file -> [String] in
                var notes: [String] = []
                if file.leftOut > 0 {
                    notes.append(
                        "lines without an answer are left out: \(Humanized.count(file.leftOut))")
                }
                if file.isCutOff { notes.append("only its first lines are shown") }
                return notes.map { "\(file.path): \($0)." }
            }
    }
}
