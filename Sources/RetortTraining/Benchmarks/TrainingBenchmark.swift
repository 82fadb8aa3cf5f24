#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif
import RetortFiles
import RetortModels
import RetortTensor

/// Speed and memory of the training step on fixed token ids, every token supervised.
public struct TrainingBenchmark: Sendable {
    /// Rows of a step.
    public var batch = 4
    /// Tokens of a row.
    public var length = 512
    /// Rank of the adapters on all linear layers; alpha is twice the rank.
    public var rank = 16
    /// Steps that are timed, after one that is not.
    public var steps = 5
    /// Whether all weights are trained instead of an adapter.
    public var isFull = false
    /// The update rule.
    public var optimizer = OptimizerName.adamw
    /// Whether layers are computed twice to save memory.
    public var checkpointing = false
    /// Whether the time of the steps is measured by what runs.
    public var profiles = false
    /// Of the token ids: id i is output i of SplitMix64, modulo the vocabulary.
    public var seed: UInt64 = 1

    /// Creates the usual benchmark.
    public init() {}

    /// What came out.
    public struct Result: Sendable {
        /// Of the median step.
        public var tokensPerSecond: Double
        /// The operations that the median step needs, over what the matrix kernels could do in its time:
        /// their peak is the better of two, just before and after the steps, with as many threads.
        public var fractionOfPeak: Double
        /// Largest resident memory of the process.
        public var peakMemoryMiB: Double
        /// The loss before any update.
        public var firstLoss: Double
        /// The loss of the last step.
        public var lastLoss: Double
        /// Times of the steps.
        public var stepSeconds: [Double]
        /// Where the time of the timed steps went, if that was asked.
        public var profile: StepTimes?

        /// The result as one line of JSON.
        public var json: JSONValue {
            .object(
                JSONObject(
                    [
                        ("tokens_per_second", .number(tokensPerSecond)),
                        ("fraction_of_peak", .number(fractionOfPeak)),
                        ("peak_rss_mib", .number(peakMemoryMiB)),
                        ("first_loss", .number(firstLoss)),
                        ("loss", .number(lastLoss)),
                        ("step_seconds", .array(stepSeconds.map(JSONValue.number))),
                    ] + (profile.map { [("profile", $0.json)] } ?? [])))
        }
    }

    /// Runs the benchmark.
    ///
    /// - Parameters:
    ///   - model: Freshly opened.
    ///   - onStep: Told after each step, how many are done.
    /// - Returns: Speed, memory and losses.
    /// - Throws: ``TrainingError`` if a loss is not finite.
    public func run(_ model: Model, onStep: (Int) -> Void = { _ in }) throws -> Result {
        var recipe = Recipe()
        recipe.optimizer.name = optimizer
        recipe.optimizer.learningRate = 1e-4
        recipe.optimizer.weightDecay = 0
        recipe.training.maxGradNorm = nil
        recipe.training.gradientCheckpointing = checkpointing
        if !isFull {
            var adapter = AdapterRecipe()
            adapter.rank = rank
            adapter.alpha = Double(2 * rank)
            recipe.adapter = adapter
        }
        let operations = TrainingOperations(description: model.description, length: length)
        return try measure(
            TrainingSession(recipe, model: model),
            operationsPerToken: isFull
                ? operations.full(checkpointing: checkpointing)
                : operations.adapter(rank: rank, checkpointing: checkpointing), onStep: onStep)
    }

    /// Times the steps of a session on the fixed token ids.
    private func measure(
        _ session: TrainingSession, operationsPerToken: Double, onStep: (Int) -> Void
    ) throws -> Result {
        let examples = examples(of: session.model)
        let workspace = session.model.decoder.workspace
        let before = workspace.kernels.tilePeak(workspace.activationType)
        let profile = profiles ? StepProfile() : nil
        var seconds: [Double] = [], losses: [Double] = []
        for step in 0...steps {
            let clock = ContinuousClock()
            workspace.profile = step > 0 ? profile : nil
            let time = try clock.measure {
                try workspace.profiledStep {
                    losses.append(try session.step(step, [Batch(examples)], rate: 1e-4).loss)
                }
            }
            if step > 0 { seconds.append(time.seconds) }
            onStep(step)
        }
        let tokensPerSecond = Double(batch * length) / median(seconds)
        // Other work may have held a processor for as long as one measurement takes.
        let peak = max(before, workspace.kernels.tilePeak(workspace.activationType))
        return Result(
            tokensPerSecond: tokensPerSecond,
            fractionOfPeak: tokensPerSecond * operationsPerToken / peak,
            peakMemoryMiB: peakMemoryMiB(),
            firstLoss: losses[0], lastLoss: losses[losses.count - 1], stepSeconds: seconds,
            profile: profile.map(StepTimes.init))
    }

    /// The rows of a step.
    private func examples(of model: Model) -> [TrainingExample] {
        var generator = SplitMix64(state: seed)
        let vocabulary = UInt64(model.description.vocabularySize)
        return (0..<batch).map { row in
            let ids = (0..<length).map { _ in Int32(generator.next() % vocabulary) }
            return TrainingExample(ids: ids, labels: ids, line: row + 1)
        }
    }

    /// Measures distillation: the model teaches a student of the first half of its layers, whose
    /// weights are all trained, at temperature 2 with half the weight on the labels.
    ///
    /// - Parameters:
    ///   - teacher: Freshly opened.
    ///   - onStep: Told after each step, how many are done.
    /// - Returns: Speed, memory and losses.
    /// - Throws: ``TrainingError`` if a loss is not finite, ``StudentError`` for a model of one layer.
    public func runDistillation(
        _ teacher: Model, onStep: (Int) -> Void = { _ in }
    ) throws -> Result {
        var recipe = Recipe()
        recipe.task = .distill
        recipe.optimizer.name = optimizer
        recipe.optimizer.learningRate = 1e-4
        recipe.optimizer.weightDecay = 0
        recipe.training.maxGradNorm = nil
        recipe.training.gradientCheckpointing = checkpointing
        var distillation = DistillationRecipe()
        distillation.teacher = TeacherRecipe()
        distillation.teacher?.path = teacher.path
        distillation.temperature = 2
        recipe.distillation = distillation
        recipe.data.format = .tokens
        let student = try teacher.keeping(.first(teacher.description.layers.count / 2))
        let lesson = try Lesson(recipe, student: student)
        let session = try TrainingSession(
            recipe, model: student,
            objective: {
                try lesson.objective(
                    recipe, student: student, data: TrainingData(examples(of: student)))
            })
        let operations =
            TrainingOperations(description: teacher.description, length: length).forward
            + TrainingOperations(description: student.description, length: length)
            .full(checkpointing: checkpointing)
        return try measure(session, operationsPerToken: operations, onStep: onStep)
    }
}

/// Largest resident memory of this process so far, MiB.
package func peakMemoryMiB() -> Double {
    var usage = rusage()
    guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
    return Double(usage.ru_maxrss) / 1024
}

extension Duration {
    /// The duration in seconds.
    package var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}

/// Steele, Lea and Flood's generator (OOPSLA 2014).
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
