import Retort
import RetortFiles

/// `retort report`: shows runs as a page, or one of their curves as a picture.
enum ReportCommand: Subcommand {
    struct Options: Equatable {
        let runs: [String]
        let answers: [String]
        let chart: RunMetric?
        let output: String
    }

    static let help = CommandHelp(
        name: "report", summary: "shows runs as a page of charts, side by side",
        discussion: """
            Writes one HTML file that needs no network and nothing beside it: loss and its parts, \
            validation, gradient norm, learning rate, speed and memory over steps or tokens, the \
            recipes and where they differ, and answers that an evaluation kept. Several runs are \
            laid over one another. A run that goes on can be shown too.

            Answers are found in a run's folder, as answers.jsonl or in answers/, and named with \
            --answers; `retort evaluate --output` writes them.

            With --chart the output is one chart over the steps as an SVG file, for a page of \
            your own: loss, soft_loss, hard_loss or another part of the loss that the runs \
            recorded, validation, gradient_norm, learning_rate, tokens_per_second, memory.
            """,
        arguments: [
            .init(name: "RUN", meaning: "The folder of a run; several are laid side by side.")
        ],
        takesMore: true,
        options: [
            .value("--output", "FILE", "Where to write the page, or with --chart the .svg file."),
            .repeated("--answers", "FILE.jsonl", "Answers to show besides those in the runs."),
            .value("--chart", "NAME", "Write only this chart, as SVG."),
        ],
        examples: [
            .init(
                line: "retort report Checkpoints/smart-home --output report.html",
                meaning: "How did this run go?"),
            .init(
                line: "retort report Checkpoints/labels Checkpoints/distilled --output report.html",
                meaning: "Which of two runs learned more, and how do their recipes differ?"),
            .init(
                line: "retort report Checkpoints/smart-home --chart loss --output loss.svg",
                meaning: "The loss curve as a picture."),
        ])

    static func options(_ arguments: Arguments) throws(UsageError) -> Options {
        let output = try arguments.required("--output")
        var chart: RunMetric?
        if let name = arguments.value("--chart") {
            guard let metric = RunMetric(name: name) else {
                throw .badValue(
                    "--chart",
                    expected: "loss, a part of it such as soft_loss, validation, gradient_norm, "
                        + "learning_rate, tokens_per_second or memory", found: name)
            }
            chart = metric
        }
        let isPicture = output.lowercased().hasSuffix(".svg")
        if isPicture, chart == nil { throw .needs("--output FILE.svg", other: "--chart") }
        if !isPicture, chart != nil {
            throw .badValue("--output", expected: "the name of an .svg file", found: output)
        }
        if chart != nil, arguments.has("--answers") { throw .conflict("--chart", "--answers") }
        return Options(
            runs: try arguments.requiredAll("RUN"), answers: arguments.values("--answers"),
            chart: chart, output: output)
    }

    static func run(_ options: Options, on terminal: Terminal) throws {
        let report = try RunReport(options.runs, answers: options.answers)
        let text = try options.chart.map(report.svg) ?? report.html
        let written = try AtomicFile.write(Array(text.utf8), to: options.output)
        for note in report.notes { terminal.warning(note) }
        terminal.note("\(options.output): \(Humanized.bytes(written.byteCount)).")
    }
}
