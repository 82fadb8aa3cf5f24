import RetortFiles
import RetortKernels
import RetortModels
import RetortTensor
import Testing

@testable import RetortTraining

@Suite("A run of distillation")
struct DistillationRunTests {
    @Test(
        "learns, and goes on to the same bytes with another number of threads",
        arguments: TeachingMode.allCases)
    func whole(mode: TeachingMode) throws {
        let work = try DistillationWork()
        let recipe = try work.recipe(try mode.sections(work))
        let run = try work.run(recipe, threads: 1)
        let before = run.session.parameters.map(\.value.values)
        let summary = try run.run()
        for (parameter, old) in zip(run.session.parameters, before) {
            #expect(parameter.value.values != old, "\(parameter.name)")
        }
        try work.expectParts(recipe)
        let wanted = try work.result(recipe), metrics = try work.metrics(recipe)
        try work.cut(recipe)
        let again = try work.run(recipe, threads: 2).run(.resume)
        #expect(again.steps.map(\.loss) == summary.steps.map(\.loss))
        #expect(try work.result(recipe) == wanted)
        #expect(try work.metrics(recipe) == metrics)
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
        for (size, count) in [(4, 1), (1, 4)] {
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
}
