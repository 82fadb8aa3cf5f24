import Retort

/// `retort train`: runs a recipe.
enum TrainCommand: Subcommand {
    /// Where a run goes on.
    enum Resume: Equatable {
        /// At the latest checkpoint that is whole.
        case latest
        /// At this one.
        case from(String)
    }

    struct Options: Equatable {
        let recipe: String
        let overrides: [String]
        let resume: Resume?
        let threads: Int?
        let isDryRun: Bool
        let profiles: Bool
    }

    static let help = CommandHelp(
        name: "train", summary: "runs a recipe",
        discussion: """
            Trains what the recipe says: an adapter, or the model's own weights where there is no \
            adapter section. Before the first step one example is shown with the trained part \
            marked. The run's folder (output_dir) gets recipe.yaml with every default filled in, \
            metrics.jsonl with a line a step, checkpoints, and the result: adapter/ in PEFT's \
            layout, or model/ as a Hugging Face folder.

            Ctrl-C saves a checkpoint and stops. A run that is resumed, even after it was killed, \
            ends with the same bytes as one that was never stopped.
            """,
        arguments: [.init(name: "RECIPE", meaning: "The recipe, a YAML file.")],
        options: [
            .setOption,
            .optionalValue(
                "--resume", "CHECKPOINT",
                "Go on from a checkpoint, or from the run's latest whole one."),
            .value("--threads", "N", "Threads to use; all processors by default."),
            .flag(
                "--dry-run",
                "Only tell the plan: what is trained, steps, memory and disk needed, time."),
            .profileOption,
        ],
        examples: [
            .init(
                line: "retort train Recipes/smart-home-lora.yaml --dry-run",
                meaning: "How long will it take, and does it fit?"),
            .init(
                line: "retort train Recipes/smart-home-lora.yaml --set training.max_steps=20",
                meaning: "Train 20 steps instead of the recipe's epochs."),
            .init(
                line: "retort train Recipes/smart-home-lora.yaml --profile",
                meaning: "Train, and tell which operations the time went to."),
            .init(
                line: "retort train Recipes/smart-home-lora.yaml --resume",
                meaning: "Go on where the run was stopped."),
        ])

    static func options(_ arguments: Arguments) throws(UsageError) -> Options {
        if arguments.has("--dry-run"), arguments.has("--resume") {
            throw .conflict("--dry-run", "--resume")
        }
        if arguments.has("--dry-run"), arguments.has("--profile") {
            throw .conflict("--dry-run", "--profile")
        }
        let resume =
            arguments.has("--resume")
            ? arguments.value("--resume").map(Resume.from) ?? .latest : nil
        return Options(
            recipe: try arguments.required("RECIPE"), overrides: arguments.values("--set"),
            resume: resume, threads: try arguments.integer("--threads", in: 1...1024),
            isDryRun: arguments.has("--dry-run"), profiles: arguments.has("--profile"))
    }

    static func run(_ options: Options, on terminal: Terminal) throws {
        let recipe = try Recipe(path: options.recipe, overrides: options.overrides)
        StopSignal.listen()
        let kernels = try chosenKernels(threads: options.threads)
        let reporter = TrainingReporter(terminal)
        let profile = options.profiles ? StepProfile() : nil
        let run = try TrainingRun(
            recipe, kernels: kernels, isPlan: options.isDryRun, profile: profile,
            observe: reporter.observe)
        if options.isDryRun { return try terminal.result(try run.dryRun().text) }
        let start: TrainingRun.Start =
            switch options.resume {
            case nil: .fresh
            case .latest: .resume
            case .from(let path): .checkpoint(path)
            }
        if let example = try run.example() { reporter.show(example) }
        // A run that is stopped early has a profile too.
        defer {
            if let profile, profile.stepCount > 0 { terminal.note(StepTimes(profile).text) }
        }
        reporter.finish(try run.run(start))
    }
}
