/// What is said of a run in a few words: how long, how well, what came out.
struct RunSummary: Sendable, Equatable {
    /// A fact; nil where the run does not tell.
    struct Fact: Sendable, Equatable {
        /// What it is about.
        let label: String
        /// What there is to say.
        let text: String?
    }

    /// The facts, the same labels in the same order for every run.
    let facts: [Fact]

    /// Sums up a run.
    init(_ run: RunRecord) {
        let metrics = run.metrics, recipe = run.recipe
        func sum(_ name: String) -> Double? { metrics.sums(of: name)?.last }
        let estimated = metrics.isEveryStep ? "" : "about "
        facts = [
            Fact(label: "Steps", text: Humanized.count(metrics.steps.last ?? 0)),
            Fact(
                label: "Tokens", text: sum("tokens").map { estimated + Self.count($0) }),
            Fact(
                label: "Trained tokens",
                text: sum("supervised_tokens").map { estimated + Self.count($0) }),
            Fact(
                label: "Time in steps",
                text: sum("seconds").map { estimated + Humanized.duration(seconds: $0) }),
            Fact(label: "Loss, first → last", text: Self.loss(metrics)),
            Fact(label: "Best validation loss", text: Self.validation(metrics)),
            Fact(
                label: "Median speed",
                text: Self.median(metrics["tokens_per_second"]?.values).map {
                    "\(ChartNumber.text($0)) tokens/s"
                }),
            Fact(label: "Peak memory", text: Self.memory(metrics)),
            Fact(label: "Task", text: recipe?["task"]),
            Fact(label: "Model", text: recipe?["model.path"]),
            Fact(label: "Teacher", text: Self.teacher(recipe)),
            Fact(label: "Adapter", text: Self.adapter(recipe)),
            Fact(label: "Checkpoints", text: Self.checkpoints(run.checkpoints)),
            Fact(label: "Result", text: run.result.map { $0 + "/" } ?? "none yet"),
        ]
    }

    private static func loss(_ metrics: MetricsTable) -> String? {
        guard let values = metrics["loss"]?.values, let first = values.first, let last = values.last
        else { return nil }
        return values.count == 1 ? loss(first) : "\(loss(first)) → \(loss(last))"
    }

    private static func loss(_ value: Double) -> String {
        value.magnitude < 1e4 ? Humanized.fixed(value, 4) : ChartNumber.text(value)
    }

    private static func count(_ value: Double) -> String {
        value < 1e15 ? Humanized.short(Int(value)) : ChartNumber.text(value)
    }

    private static func validation(_ metrics: MetricsTable) -> String? {
        let best = metrics.validations.filter(\.loss.isFinite).min { $0.loss < $1.loss }
        return best.map { "\(Self.loss($0.loss)) after step \(Humanized.count($0.step))" }
    }

    private static func memory(_ metrics: MetricsTable) -> String? {
        let values = metrics["peak_rss_mib"]?.values.filter { $0.isFinite && $0 >= 0 } ?? []
        guard let most = values.max() else { return nil }
        return most < 1e9 ? Humanized.bytes(Int(most * 1_048_576)) : ChartNumber.text(most) + " MiB"
    }

    private static func median(_ values: [Double]?) -> Double? {
        let sorted = (values ?? []).filter(\.isFinite).sorted()
        return sorted.isEmpty ? nil : sorted[sorted.count / 2]
    }

    /// The model, file or address that a student learns from.
    private static func teacher(_ recipe: RunRecipe?) -> String? {
        [
            "distillation.teacher.path", "distillation.teacher", "distillation.targets",
            "distillation.endpoint.model", "distillation.endpoint.url",
        ].lazy.compactMap { recipe?[$0] }.first
    }

    private static func adapter(_ recipe: RunRecipe?) -> String? {
        guard let recipe else { return nil }
        guard let kind = recipe["adapter.type"] else {
            return recipe.entries.contains { $0.key.hasPrefix("adapter.") }
                ? "yes" : "none, all weights are trained"
        }
        let sizes = ["rank", "alpha"].compactMap { key in
            recipe["adapter.\(key)"].map { "\(key) \($0)" }
        }
        return ([kind] + sizes).joined(separator: ", ")
    }

    private static func checkpoints(_ steps: [Int]) -> String {
        guard !steps.isEmpty else { return "none" }
        let last = steps.suffix(4).map { Humanized.count($0) }.joined(separator: ", ")
        let word = steps.count == 1 ? "step" : "steps"
        return "\(word) \(steps.count > 4 ? "…, " : "")\(last)"
    }
}
