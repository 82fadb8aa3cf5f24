import Retort
import RetortModels

/// `retort bench distill`: how fast this machine distills.
enum BenchDistillCommand: Subcommand {
    struct Options: Equatable {
        let model: String
        let benchmark: BenchOptions
    }

    static let help = CommandHelp(
        name: "bench distill", summary: "measures how fast this machine distills",
        discussion: """
            The model teaches a student that begins as the first half of its layers; all of the \
            student's weights are trained, at temperature 2 with half the weight on the labels. \
            A few steps on fixed token ids, every token with labels and soft targets; the \
            teacher's forward pass is part of every step.

            \(BenchOptions.fractionMeaning)
            """,
        options: [.modelOption] + BenchOptions.options,
        examples: [
            .init(
                line: "retort bench distill --model model.gguf",
                meaning: "How fast does a half-depth student learn?"),
            .init(
                line: "retort bench distill --model model.gguf --batch 1 --length 128 --json",
                meaning: "One short row a step, for a program."),
        ])

    static func options(_ arguments: Arguments) throws(UsageError) -> Options {
        Options(
            model: try arguments.required("--model"), benchmark: try BenchOptions(arguments))
    }

    static func run(_ options: Options, on terminal: Terminal) throws {
        let model = try Model(
            options.model, kernels: try chosenKernels(), precision: options.benchmark.precision)
        try options.benchmark.run(on: terminal) { benchmark, onStep in
            try benchmark.runDistillation(model, onStep: onStep)
        }
    }
}
