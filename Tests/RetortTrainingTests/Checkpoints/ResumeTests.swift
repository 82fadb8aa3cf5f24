import Foundation
import RetortFiles
import RetortKernels
import RetortModels
import Testing

@testable import RetortTraining

@Suite("Resuming")
struct ResumeTests {
    /// A run of six steps that is saved after every second, with all that draws random numbers.
    private final class Run {
        let folder: TestFolder
        var recipe = Recipe()
        private(set) var events: [TrainingRun.Event] = []

        init(isFull: Bool = false, optimizer: OptimizerName = .adamw) throws {
            folder = try TestFolder()
            // The embedding is large enough for moments in 8 bits.
            recipe.model.path = try folder.writeModel(TinyModel(vocabulary: 131, isTied: isFull))
            recipe.optimizer.name = optimizer
            recipe.data.train = try folder.writeTokens(
                [9, 30, 3, 17, 25, 8, 12, 40], vocabulary: 101, to: "train.jsonl")
            recipe.data.validation = try folder.writeTokens(
                [20, 11], vocabulary: 101, to: "validation.jsonl")
            recipe.data.format = .tokens
            recipe.data.maxLength = 48
            recipe.training.maxSteps = 6
            recipe.training.batchSize = 1
            recipe.training.gradientAccumulationSteps = 2
            recipe.checkpoint.everySteps = 2
            recipe.checkpoint.keep = 10
            recipe.outputDir = folder.path("run")
            if !isFull {
                var adapter = AdapterRecipe()
                adapter.rank = 1
                adapter.dropout = 0.2
                recipe.adapter = adapter
            }
            recipe = try recipe.resolved()
        }

        func run(_ start: TrainingRun.Start = .fresh) throws -> TrainingRun.Summary {
            let kernels = try #require(Kernels(threads: 2))
            events = []
            return try TrainingRun(recipe, kernels: kernels) { self.events.append($0) }.run(start)
        }

        func checkpoint(_ step: Int) -> String { "\(recipe.outputDir)/\(Checkpoint.name(step))" }

        /// Files of the last checkpoint and of the result.
        func result() throws -> [String: [UInt8]] {
            var files: [String: [UInt8]] = [:]
            for folder in [Checkpoint.name(6), recipe.adapter == nil ? "model" : "adapter"] {
                for name in try Folder.names(in: recipe.outputDir + "/" + folder) {
                    files[folder + "/" + name] =
                        try MappedFile("\(recipe.outputDir)/\(folder)/\(name)").contents
                }
            }
            return files
        }

        /// Takes back all that came after a step, as if the program had been killed then.
        func cut(after step: Int) throws {
            for later in [2, 4, 6] where later > step { try Folder.remove(checkpoint(later)) }
            try Folder.remove(recipe.outputDir + (recipe.adapter == nil ? "/model" : "/adapter"))
        }

        /// Metrics without times.
        func metrics() throws -> [[JSONValue?]] {
            let lines = try MappedFile(recipe.outputDir + "/metrics.jsonl").contents
                .split(separator: UInt8(ascii: "\n"))
            return try lines.map { line in
                let value = try JSONParser.parse(Array(line))
                return ["step", "loss", "grad_norm", "learning_rate", "tokens", "validation_loss"]
                    .map { value[$0] }
            }
        }

        var damaged: [(path: String, reason: String)] {
            events.compactMap {
                if case .damagedCheckpoint(let path, let reason) = $0 {
                    (path, reason)
                } else {
                    nil
                }
            }
        }
    }

    @Test(
        "goes on to the same bits",
        arguments: [
            (2, false, .adamw), (4, false, .adamw), (2, true, .adamw), (2, true, .adamw8Bit),
        ] as [(Int, Bool, OptimizerName)])
    func sameBits(step: Int, isFull: Bool, optimizer: OptimizerName) throws {
        let run = try Run(isFull: isFull, optimizer: optimizer)
        let summary = try run.run()
        let saved = try #require(Checkpoint(run.checkpoint(2))).manifest().places.map(\.tensor)
        #expect(
            saved.contains { $0.hasPrefix("exp_avg_sq_codes.") } == (optimizer == .adamw8Bit))
        #expect(summary.steps.count == 6)
        let wanted = try run.result(), metrics = try run.metrics()
        #expect(wanted.count == (isFull ? 6 : 6))
        try run.cut(after: step)
        let again = try run.run(.resume)
        #expect(run.damaged.isEmpty)
        #expect(again.steps.map(\.loss) == summary.steps.map(\.loss))
        #expect(again.validationLoss == summary.validationLoss)
        #expect(try run.result() == wanted)
        #expect(try run.metrics() == metrics)
    }

    @Test("a finished run is finished again, and a fresh one does not overwrite it")
    func finished() throws {
        let run = try Run()
        _ = try run.run()
        let wanted = try run.result()
        #expect(throws: TrainingError.runExists(path: run.recipe.outputDir)) { try run.run() }
        #expect(try run.run(.resume).steps.count == 6)
        #expect(try run.result() == wanted)
        // A chosen checkpoint runs its steps again.
        _ = try run.run(.checkpoint(run.checkpoint(2)))
        #expect(try run.result() == wanted)
    }

    @Test("a folder in which another run is writing is left alone")
    func inUse() throws {
        let run = try Run()
        try Folder.create(run.recipe.outputDir)
        var lock = try FolderLock(run.recipe.outputDir)
        #expect(lock != nil)
        #expect(throws: TrainingError.runInUse(path: run.recipe.outputDir)) { try run.run() }
        #expect(throws: TrainingError.runInUse(path: run.recipe.outputDir)) { try run.run(.resume) }
        #expect(try Folder.names(in: run.recipe.outputDir).isEmpty)
        lock = nil
        #expect(try run.run().steps.count == 6)
    }

    @Test("what another program wrote aside is no checkpoint")
    func partial() throws {
        let run = try Run()
        _ = try run.run()
        let wanted = try run.result()
        try run.cut(after: 4)
        try Folder.create(run.checkpoint(6) + ".partial")
        try AtomicFile.write([1], to: run.checkpoint(6) + ".partial/manifest.json")
        _ = try run.run(.resume)
        #expect(run.damaged.isEmpty)
        #expect(try run.result() == wanted)
    }

    /// Ways in which a file goes bad.
    enum Damage: CaseIterable, Sendable {
        case flipped, shortened, lengthened, emptied, removed

        func apply(_ path: String) throws {
            var bytes = try MappedFile(path).contents
            switch self {
            case .flipped: bytes[bytes.count / 2] ^= 4
            case .shortened: bytes.removeLast(3)
            case .lengthened: bytes.append(0)
            case .emptied: bytes = []
            case .removed:
                try FileManager.default.removeItem(atPath: path)
                return
            }
            try Data(bytes).write(to: URL(filePath: path))
        }
    }

    @Test(
        "a damaged checkpoint gives way to the one before and names the file",
        arguments: Damage.allCases)
    func damage(damage: Damage) throws {
        let run = try Run()
        _ = try run.run()
        let wanted = try run.result()
        for name in try Folder.names(in: run.checkpoint(4)) {
            try run.cut(after: 4)
            let file = run.checkpoint(4) + "/" + name
            try damage.apply(file)
            _ = try run.run(.resume)
            #expect(run.damaged.map(\.path) == [run.checkpoint(4)], "\(name)")
            #expect(run.damaged.first?.reason.contains(file) == true, "\(run.damaged)")
            #expect(try run.result() == wanted, "\(name)")
        }
    }

    @Test("where no checkpoint is left the run is not begun anew by itself")
    func nothingLeft() throws {
        let run = try Run()
        _ = try run.run()
        try run.cut(after: 4)
        for step in [2, 4] { try Damage.flipped.apply(run.checkpoint(step) + "/state.json") }
        #expect(throws: CheckpointError.noneLeft(path: run.recipe.outputDir)) {
            try run.run(.resume)
        }
        #expect(run.damaged.count == 2)
    }

    @Test("another recipe, model or data file is not taken for the run's own")
    func otherInputs() throws {
        let run = try Run()
        _ = try run.run()
        try run.cut(after: 4)
        let recipe = run.recipe
        run.recipe.optimizer.learningRate = 0.5
        #expect(throws: TrainingError.self) { try run.run(.resume) }
        run.recipe = recipe
        run.recipe.checkpoint.everySteps = 3
        run.recipe.logging.everySteps = 1
        let data = try MappedFile(recipe.data.train).contents
        try AtomicFile.write(data + Array("{\"input_ids\": [1, 2]}\n".utf8), to: recipe.data.train)
        #expect(
            throws: TrainingError.otherInput(
                path: run.checkpoint(4), what: "data file \(recipe.data.train)")
        ) { try run.run(.resume) }
        try AtomicFile.write(data, to: recipe.data.train)
        _ = try run.run(.resume)
    }

    @Test("another optimizer's state is not taken for the run's own")
    func otherOptimizer() throws {
        let run = try Run(isFull: true)
        _ = try run.run()
        let saved = try #require(Checkpoint(run.checkpoint(6))).read()
        run.recipe.optimizer.name = .adamw8Bit
        #expect(
            throws: TrainingError.otherRecipe(
                path: run.recipe.outputDir, key: "optimizer.name")
        ) { try run.run(.resume) }
        let kernels = try #require(Kernels(threads: 1))
        let model = try Model(run.recipe.model.path, kernels: kernels, precision: .auto)
        let session = try TrainingSession(run.recipe, model: model)
        let error = #expect(throws: CheckpointError.self) {
            try session.restore(saved.tensors, updateCount: 6, path: run.checkpoint(6))
        }
        #expect("\(try #require(error))".contains("lacks the tensor exp_avg_codes."))
    }

    @Test("old checkpoints go when enough new ones are whole")
    func keeping() throws {
        let run = try Run()
        run.recipe.checkpoint.keep = 2
        _ = try run.run()
        #expect(try Checkpoint.list(in: run.recipe.outputDir).map(\.step) == [6, 4])
    }

    @Test("a result is a folder that PEFT's own configuration can be read from again")
    func reloaded() throws {
        let run = try Run()
        let summary = try run.run()
        let kernels = try #require(Kernels(threads: 1))
        let model = try Model(run.recipe.model.path, kernels: kernels, precision: .auto)
        let configuration = try model.decoder.loadAdapter(summary.resultPath, family: model.family)
        #expect(configuration.rank == 1 && configuration.dropout == 0.2)
        let data = try ExampleReader(model, run.recipe.data).read(
            try #require(run.recipe.data.validation))
        let loss = MeanLoss(model).measure(data.examples, tokensAtOnce: 48)
        #expect(loss == summary.validationLoss)
    }

    @Test("a validation loss that is no number stops the run before anything of it is saved")
    func validation() throws {
        let run = try Run()
        run.recipe.training.maxSteps = 1
        run.recipe.schedule.warmupRatio = nil
        run.recipe.schedule.warmupSteps = 0
        // More than a recipe file may say; the adapter's values overflow in the next product.
        run.recipe.optimizer.learningRate = 1e38
        #expect(throws: TrainingError.notFinite(step: 1, what: "validation loss")) {
            try run.run()
        }
        #expect(try Checkpoint.list(in: run.recipe.outputDir).isEmpty)
        #expect(try run.metrics().count == 1)
    }
}
