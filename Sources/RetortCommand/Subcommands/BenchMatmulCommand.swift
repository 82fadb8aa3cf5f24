import Retort

/// `retort bench matmul`: how fast this machine multiplies matrices.
enum BenchMatmulCommand: Subcommand {
    struct Options: Equatable {
        let rows: Int
        let threads: Int?
        let json: Bool
    }

    static let help = CommandHelp(
        name: "bench matmul", summary: "measures how fast this machine multiplies matrices",
        discussion: """
            Times the matrix products of a training step on the shapes of SmolLM2-135M: forward, \
            input gradient and weight gradient, in float32 and bfloat16, for every way of storing \
            weights, decoding included. Each is compared with the peak of the inner kernel, which \
            is measured just before on operands that stay in the first-level cache, with as many \
            threads; in float32 also with OpenBLAS, if libopenblas.so.0 can be opened (it is used \
            for nothing else). Needs about 1 GB of memory and a few minutes.
            """,
        options: [
            .value("--rows", "N", "Rows of the activations, tokens of a step; 2048 by default."),
            .value("--threads", "N", "Threads to use; all processors by default."),
            .flag("--json", "Print one JSON object on one line."),
        ],
        examples: [
            .init(line: "retort bench matmul --threads 1", meaning: "The speed of one thread."),
            .init(
                line: "retort bench matmul --rows 256 --json",
                meaning: "Products of fewer tokens, for a program."),
        ])

    static func options(_ arguments: Arguments) throws(UsageError) -> Options {
        Options(
            rows: try arguments.integer("--rows", in: 1...65_536) ?? 2048,
            threads: try arguments.integer("--threads", in: 1...1024),
            json: arguments.has("--json"))
    }

    static func run(_ options: Options, on terminal: Terminal) throws {
        var benchmark = ProductBenchmark()
        benchmark.rows = options.rows
        let progress = ProgressLine(on: terminal, "product", of: benchmark.count)
        let result = try benchmark.run(chosenKernels(threads: options.threads)) {
            progress.update($0)
        }
        progress.finish()
        try terminal.result(options.json ? result.json.serialized(.spaced) : result.text)
    }
}
