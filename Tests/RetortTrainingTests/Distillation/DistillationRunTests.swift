import RetortFiles
import RetortKernels
import RetortModels
import RetortTensor
import Testing

@testable import RetortTraining

@Suite("A run of distillation")
struct DistillationRunTests {
    @Test("learns, and its loss is the sum of its parts", arguments: TeachingMode.allCases)
    func parts(mode: TeachingMode) throws {
        let work = try DistillationWork()
        let recipe = try work.recipe(try mode.sections(work))
        let section = try #require(recipe.distillation)
        let run = try work.run(recipe)
        let before = run.session.parameters.map(\.value.values)
        let summary = try run.run()
        let lines = try work.metrics(recipe).filter { $0["loss"] != nil }
        #expect(summary.steps.count == 4 && lines.count == 4)
        var wanted = ["hard_loss", "soft_loss"]
        if section.hiddenStates != nil { wanted.append("hidden_loss") }
        if section.attention != nil { wanted.append("attention_loss") }
        for line in lines {
            #expect(line.keys.filter { $0.hasSuffix("_loss") }.sorted() == wanted.sorted())
            func value(_ key: String) throws -> Double {
                let value = try #require(line[key]?.double)
                #expect(value.isFinite && value >= 0)
                return value
            }
            let sum =
                section.alpha * section.temperature * section.temperature * (try value("soft_loss"))
                + (1 - section.alpha) * (try value("hard_loss"))
                + (try section.hiddenStates.map { try $0.weight * value("hidden_loss") } ?? 0)
                + (try section.attention.map { try $0.weight * value("attention_loss") } ?? 0)
            let loss = try value("loss")
            #expect(abs(loss - sum) <= 1e-9 * abs(sum))
            #expect(try value("grad_norm") > 0)
        }
        // The embeddings of rare tokens may stay where they are; every tensor as a whole moves.
        for (parameter, old) in zip(run.session.parameters, before) {
            #expect(parameter.value.values != old, "\(parameter.name)")
        }
        let result = try #require(try RunResult(work.output))
        #expect(Folder.exists(result.model))
    }

    @Test("has gradients that are slopes of the loss it reports", arguments: TeachingMode.allCases)
    func slopes(mode: TeachingMode) throws {
        let work = try DistillationWork()
        let run = try work.run(try work.recipe(try mode.sections(work)))
        let session = run.session
        let batches = run.batches(0)
        func loss() throws -> Double { try session.step(0, batches, rate: 0).loss }
        let norm = try session.step(0, batches, rate: 0).gradientNorm
        let own = session.parameters.map(\.value.values)
        let gradients = session.parameters.map { $0.slot.gradient?.values ?? [] }
        func move(_ distance: Double) throws -> Double {
            for (parameter, (old, gradient)) in zip(session.parameters, zip(own, gradients)) {
                let columns = parameter.value.columnCount
                for (index, slope) in gradient.enumerated() {
                    parameter.value[index / columns, index % columns] =
                        old[index] + Float(distance * Double(slope) / norm)
                }
            }
            return try loss()
        }
        let step = 2e-3
        let slope = (try move(step) - move(-step)) / (2 * step)
        let tolerance = mode.hasKinks ? 0.05 : 0.01
        #expect(abs(slope - norm) <= tolerance * norm + 2e-3, "\(slope), \(norm)")
    }

    @Test("is the same however its rows are cut into batches", arguments: TeachingMode.allCases)
    func microBatches(mode: TeachingMode) throws {
        var results: [TrainingSession.StepResult] = []
        let work = try DistillationWork()
        var sections = try mode.sections(work)
        // Dropout is drawn for each batch.
        sections = sections.map { $0.replacing(", dropout: 0.1", with: "") }
        for (size, count) in [(4, 1), (1, 4), (3, 2)] {
            let run = try work.run(
                try work.recipe(
                    sections,
                    set: [
                        "training.batch_size=\(size)",
                        "training.gradient_accumulation_steps=\(count)",
                    ]))
            #expect(run.batches(0).count == count)
            results.append(try run.session.step(0, run.batches(0), rate: 0))
        }
        for result in results.dropFirst() {
            #expect(abs(result.loss - results[0].loss) <= 1e-5 * results[0].loss)
            #expect(
                abs(result.gradientNorm - results[0].gradientNorm)
                    <= 1e-4 * results[0].gradientNorm)
            #expect(result.parts.map(\.name) == results[0].parts.map(\.name))
            #expect(result.tokens == results[0].tokens)
            #expect(result.supervisedTokens == results[0].supervisedTokens)
        }
    }

    @Test("ends with the same bytes for any number of threads", arguments: TeachingMode.allCases)
    func threads(mode: TeachingMode) throws {
        let work = try DistillationWork()
        let recipe = try work.recipe(try mode.sections(work))
        _ = try work.run(recipe, threads: 1).run()
        let wanted = try work.result(recipe), metrics = try work.metrics(recipe)
        try Folder.remove(work.output)
        _ = try work.run(recipe, threads: 2).run()
        #expect(try work.result(recipe) == wanted)
        #expect(try work.metrics(recipe) == metrics)
    }

    @Test("goes on to the same bytes where it was stopped", arguments: TeachingMode.allCases)
    func resumed(mode: TeachingMode) throws {
        let work = try DistillationWork()
        let recipe = try work.recipe(try mode.sections(work))
        let summary = try work.run(recipe).run()
        let wanted = try work.result(recipe), metrics = try work.metrics(recipe)
        try work.cut(recipe)
        let again = try work.run(recipe).run(.resume)
        #expect(again.steps.map(\.loss) == summary.steps.map(\.loss))
        #expect(try work.result(recipe) == wanted)
        #expect(try work.metrics(recipe) == metrics)
    }
}
