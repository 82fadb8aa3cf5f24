import RetortFiles
import RetortKernels
import RetortModels
import RetortTensor

/// A recipe being run: steps, metrics, validation, checkpoints, result.
public final class TrainingRun {
    /// What an observer is told, in order.
    public enum Event {
        /// A teacher behind an endpoint is asked.
        case asked(EndpointTeacher.Event)
        /// So many of the documents by which the student's layers are chosen are measured.
        case measured(documents: Int, total: Int)
        /// The run begins at a step; `total` steps in all.
        case started(step: Int, total: Int)
        /// A checkpoint could not be used and the one before it is taken.
        case damagedCheckpoint(path: String, reason: String)
        /// A step is done.
        case step(StepMetrics)
        /// The validation data were measured.
        case validated(step: Int, loss: Double)
        /// A checkpoint was written.
        case saved(path: String)
    }

    /// What a finished run has to say.
    public struct Summary {
        /// The folder of the result: an adapter or a model.
        public let resultPath: String
        /// All steps' metrics, those before a resume included.
        public let steps: [StepMetrics]
        /// Loss on the validation data after the last step.
        public let validationLoss: Double?
    }

    /// How a run begins.
    public enum Start: Sendable, Equatable {
        /// At the first step, in a folder that holds no run.
        case fresh
        /// At the newest checkpoint that can be read.
        case resume
        /// At a checkpoint of choice.
        case checkpoint(String)
    }

    let recipe: Recipe
    let session: TrainingSession
    let data: TrainingData
    private let validation: TrainingData?
    let plan: BatchPlan
    private let schedule: LearningRateSchedule
    private let folder: RunFolder
    private let fingerprints: (model: String, data: String, teacher: String?)
    private let lessonName: String
    private let observe: (Event) -> Void
    private var tokensSeen = 0
    private var bestValidationLoss: Double?

    /// Reads model and data and makes the plan; nothing is written yet.
    ///
    /// - Parameters:
    ///   - recipe: What to run, resolved.
    ///   - kernels: The arithmetic.
    ///   - isPlan: Whether only ``dryRun()`` follows: no endpoint is asked then.
    ///   - profile: Gathers where the time of the steps goes.
    ///   - observe: Told what happens.
    /// - Throws: The first thing that is wrong with recipe, model or data.
    public init(
        _ recipe: Recipe, kernels: Kernels, isPlan: Bool = false, profile: StepProfile? = nil,
        observe: @escaping (Event) -> Void = { _ in }
    ) throws {
        self.recipe = recipe
        self.observe = observe
        let model = try Model.opened(
            recipe, kernels: kernels, precision: recipe.training.precision
        ) { observe(.measured(documents: $0, total: $1)) }
        let lesson = try Lesson(
            recipe, student: model, isPlan: isPlan, observe: { observe(.asked($0)) })
        let teacherFingerprint = try lesson.fingerprint()
        lessonName = lesson.name(recipe)
        var made: ExampleReader?
        func reader() throws -> ExampleReader {
            let reader = try made ?? ExampleReader(model, recipe.data)
            made = reader
            return reader
        }
        data = try lesson.data(recipe.data.train, reader)
        validation = try recipe.data.validation.map { try reader().read($0) }
        session = try TrainingSession(
            recipe, model: model,
            objective: { [data] in
                try lesson.objective(recipe, student: model, data: data)
            })
        plan = BatchPlan(lengths: data.examples.map(\.ids.count), recipe: recipe)
        schedule = LearningRateSchedule(recipe, totalSteps: plan.steps.count)
        folder = RunFolder(recipe.outputDir)
        fingerprints = (
            try Fingerprint.model(model),
            recipe.data.train.isEmpty ? "" : try Fingerprint.file(recipe.data.train),
            teacherFingerprint
        )
        model.decoder.workspace.profile = profile
    }

    /// Runs to the end, or until a signal asks to stop.
    ///
    /// - Parameter start: Where to begin.
    /// - Returns: What came out.
    /// - Throws: ``TrainingError``, and errors of writing.
    public func run(_ start: Start = .fresh) throws -> Summary {
        let lock = try folder.lock()
        defer { withExtendedLifetime(lock) {} }
        let first = try begin(start)
        observe(.started(step: first, total: plan.steps.count))
        var validationLoss: Double?
        for step in first..<max(first, plan.steps.count) {
            try runStep(step)
            let isLast = step + 1 == plan.steps.count
            if isLast || plan.epochs[step + 1] != plan.epochs[step] {
                validationLoss = try validate(after: step)
            }
            let interrupted = StopSignal.isRaised && !isLast
            if isLast || interrupted || (step + 1) % recipe.checkpoint.everySteps == 0 {
                try save(after: step)
            }
            if interrupted {
                throw TrainingError.interrupted(path: recipe.outputDir, step: step + 1)
            }
        }
        let result = try writeResult()
        return Summary(
            resultPath: result, steps: try folder.metrics(), validationLoss: validationLoss)
    }

    /// The first example as text; nil where the data are token ids.
    public func example() throws -> ExampleView? {
        // Token ids have no bytes of a text.
        guard let first = data.examples.first, !first.spans.isEmpty else { return nil }
        return ExampleView(first, try session.model.text().tokenizer)
    }

    private func begin(_ start: Start) throws -> Int {
        try Checkpoint.removeRemains(in: recipe.outputDir)
        guard start != .fresh else {
            try folder.create(recipe)
            return 0
        }
        guard let state = try restore(start) else {
            try folder.create(recipe)
            return 0
        }
        try folder.cutMetrics(after: state.step)
        tokensSeen = state.tokensSeen
        bestValidationLoss = state.bestValidationLoss
        return state.step
    }

    /// Takes the newest checkpoint that can be read; nil if there is none at all.
    private func restore(_ start: Start) throws -> Checkpoint.State? {
        var candidates = try Checkpoint.list(in: recipe.outputDir)
        if case .checkpoint(let path) = start {
            guard let chosen = Checkpoint(path) else {
                throw CheckpointError.badManifest(path: path)
            }
            candidates = [chosen]
        }
        if candidates.isEmpty { return nil }
        try folder.checkRecipe(recipe)
        for candidate in candidates {
            do {
                let (state, tensors) = try candidate.read()
                try check(state, candidate.path)
                try session.restore(
                    tensors, updateCount: state.updateCount, path: candidate.path)
                return state
            } catch let error as TrainingError {
                throw error
            } catch {
                observe(.damagedCheckpoint(path: candidate.path, reason: "\(error)"))
            }
        }
        throw CheckpointError.noneLeft(path: recipe.outputDir)
    }

    private func check(_ state: Checkpoint.State, _ path: String) throws {
        guard state.modelFingerprint == fingerprints.model else {
            throw TrainingError.otherInput(path: path, what: "model \(recipe.model.path)")
        }
        guard state.teacherFingerprint == fingerprints.teacher else {
            throw TrainingError.otherInput(path: path, what: lessonName)
        }
        guard state.dataFingerprint == fingerprints.data else {
            throw TrainingError.otherInput(path: path, what: "data file \(recipe.data.train)")
        }
    }

    private func runStep(_ step: Int) throws {
        let clock = ContinuousClock()
        let begun = clock.now
        let rate = schedule.rate(at: step)
        let workspace = session.model.decoder.workspace
        let result = try workspace.profiledStep {
            let batches = workspace.profiled("data") { self.batches(step) }
            return try session.step(step, batches, rate: rate)
        }
        tokensSeen += result.tokens
        let seconds = (clock.now - begun).seconds
        let metrics = StepMetrics(
            step: step + 1, epoch: plan.epochs[step] + 1, loss: result.loss,
            lossParts: result.parts,
            gradientNorm: result.gradientNorm, learningRate: rate, tokens: result.tokens,
            supervisedTokens: result.supervisedTokens, seconds: seconds)
        if (step + 1) % recipe.logging.everySteps == 0 || step + 1 == plan.steps.count {
            try folder.append(metrics.json)
        }
        observe(.step(metrics))
    }

    /// The micro-batches of a step.
    func batches(_ step: Int) -> [Batch] {
        plan.steps[step].map { rows in Batch(rows.joined().map { data.examples[$0] }) }
    }

    private func validate(after step: Int) throws -> Double? {
        guard let validation else { return nil }
        let loss = MeanLoss(session.model).measure(
            validation.examples, tokensAtOnce: recipe.data.maxLength * recipe.training.batchSize)
        guard loss.isFinite else {
            throw TrainingError.notFinite(step: step + 1, what: "validation loss")
        }
        bestValidationLoss = min(loss, bestValidationLoss ?? loss)
        try folder.append(
            .object(
                JSONObject([
                    ("step", .integer(step + 1)), ("epoch", .integer(plan.epochs[step] + 1)),
                    ("validation_loss", .number(loss)),
                ])))
        observe(.validated(step: step + 1, loss: loss))
        return loss
    }

    private func save(after step: Int) throws {
        let state = Checkpoint.State(
            step: step + 1, updateCount: session.optimizer.updateCount, tokensSeen: tokensSeen,
            bestValidationLoss: bestValidationLoss, modelFingerprint: fingerprints.model,
            dataFingerprint: fingerprints.data, teacherFingerprint: fingerprints.teacher)
        try Checkpoint.write(
            state, parameters: session.savedParameters, optimizer: session.savedOptimizer,
            in: recipe.outputDir)
        // Older ones go only when the new one is whole.
        for old in try Checkpoint.list(in: recipe.outputDir).dropFirst(recipe.checkpoint.keep) {
            try old.remove()
        }
        observe(.saved(path: "\(recipe.outputDir)/\(Checkpoint.name(step + 1))"))
    }

    private func writeResult() throws -> String {
        guard let adapter = session.adapter else {
            let path = recipe.outputDir + "/model"
            _ = try session.model.export(
                to: path, format: .huggingFace, type: .f32, replacing: true)
            return path
        }
        let path = recipe.outputDir + "/adapter"
        let base = try RunResult.writeBase(of: session.model, in: recipe.outputDir)
        try session.model.decoder.writeAdapter(adapter, base: base, to: path)
        return path
    }
}
