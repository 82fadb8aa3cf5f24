import Retort

/// Shows a training run on a terminal: the first example, progress, and a summary.
final class TrainingReporter {
    private let terminal: Terminal
    private var progress: ProgressLine?
    private var recent: [StepMetrics] = []
    private lazy var asking = AskingReporter(terminal)

    init(_ terminal: Terminal) { self.terminal = terminal }

    /// Shows what one example trains.
    func show(_ example: ExampleView) {
        terminal.note(
            "One example, line \(example.line): \(example.supervisedCount) of "
                + "\(example.tokenCount) tokens are trained, marked here:")
        terminal.note(terminal.highlighted(example, on: .errors))
    }

    /// Takes what a run tells.
    func observe(_ event: TrainingRun.Event) {
        switch event {
        case .asked(let event): asking.observe(event)
        case .measured(let documents, let total):
            let line = progress ?? ProgressLine(on: terminal, "measuring document", of: total)
            progress = documents < total ? line : nil
            line.update(documents)
            if documents == total { line.finish() }
        case .started(let step, let total):
            if step > 0 { terminal.note("Resuming after step \(step) of \(total).") }
            progress = ProgressLine(on: terminal, "step", of: total, doneBefore: step)
        case .damagedCheckpoint(_, let reason):
            terminal.warning("\(reason) Trying the checkpoint before it.")
        case .step(let metrics):
            recent.append(metrics)
            recent = recent.suffix(8)
            let seconds = recent.reduce(0) { $0 + $1.seconds }
            let tokens = recent.reduce(0) { $0 + $1.tokens }
            progress?.update(
                metrics.step,
                [
                    "loss \(Humanized.fixed(metrics.loss, 4))",
                    "rate \(Humanized.rate(metrics.learningRate))",
                    "\(Humanized.rate(Double(tokens) / max(seconds, 1e-9))) tokens/s",
                ])
        case .validated(let step, let loss):
            terminal.note("validation loss \(Humanized.fixed(loss, 4)) after step \(step)")
        case .saved: break
        }
    }

    /// Ends the report.
    func finish(_ summary: TrainingRun.Summary) {
        progress?.finish()
        let steps = summary.steps
        terminal.note(LossCurve(steps.map { (step: $0.step, loss: $0.loss) }).text())
        if let first = steps.first, let last = steps.last {
            let seconds = steps.reduce(0) { $0 + $1.seconds }
            let tokens = steps.reduce(0) { $0 + $1.tokens }
            terminal.note(
                "\(Humanized.count(last.step)) steps in \(Humanized.duration(seconds: seconds)), "
                    + "\(Humanized.rate(Double(tokens) / max(seconds, 1e-9))) tokens/s, loss "
                    + "\(Humanized.fixed(first.loss, 4)) to \(Humanized.fixed(last.loss, 4))")
        }
        terminal.note("The result is in \(summary.resultPath).")
    }
}

extension Terminal {
    /// An example with its trained part in colour, or between ⟦ and ⟧ where there is none.
    func highlighted(_ example: ExampleView, on channel: Channel) -> String {
        example.pieces.map { piece in
            guard piece.isTrained else { return styled(piece.text, .dim, on: channel) }
            return showsStyles(on: channel)
                ? styled(piece.text, .green, on: channel) : "⟦\(piece.text)⟧"
        }.joined()
    }
}
