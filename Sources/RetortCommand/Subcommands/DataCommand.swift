import Retort

/// `retort data`: shows what a recipe's run will learn from.
enum DataCommand: Subcommand {
    struct Options: Equatable {
        let recipe: String
        let overrides: [String]
        let rows: Int
        let json: Bool
    }

    static let help = CommandHelp(
        name: "data", summary: "shows what will be learned from",
        discussion: """
            Prints examples as the model will see them, the trained part marked; the lengths as a \
            histogram; and the rows that are dropped or cut, with the reason. Warns of a doubled \
            beginning-of-text token, an end of turn that is not trained, and examples without \
            anything to learn.
            """,
        arguments: [.init(name: "RECIPE", meaning: "The recipe, a YAML file.")],
        options: [
            .setOption,
            .value("--rows", "N", "Examples to print; 3 by default, 0 for none."),
            .flag("--json", "Print one JSON object."),
        ],
        examples: [
            .init(
                line: "retort data Recipes/smart-home-lora.yaml",
                meaning: "Is the right part trained?"),
            .init(
                line: "retort data Recipes/smart-home-lora.yaml --rows 0 --set data.max_length=64",
                meaning: "How many examples would be too long?"),
        ])

    static func options(_ arguments: Arguments) throws(UsageError) -> Options {
        Options(
            recipe: try arguments.required("RECIPE"), overrides: arguments.values("--set"),
            rows: try arguments.integer("--rows", in: 0...1_000_000) ?? 3,
            json: arguments.has("--json"))
    }

    static func run(_ options: Options, on terminal: Terminal) throws {
        let recipe = try Recipe(path: options.recipe, overrides: options.overrides)
        let report = try DataReport(recipe, kernels: try chosenKernels(), rows: options.rows)
        if options.json { return try terminal.result(report.json.serialized(.spaced)) }
        for example in report.examples {
            try terminal.result(
                "line \(example.line): \(example.supervisedCount) of \(example.tokenCount) "
                    + "tokens are trained")
            try terminal.result(terminal.highlighted(example, on: .output) + "\n")
        }
        try terminal.result(report.text)
        for warning in report.warnings { terminal.warning(warning) }
    }
}
