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
        arguments: TeachingMode.ways)
    func whole(mode: TeachingMode) throws {
        let work = try DistillationWork()
        let recipe = try work.recipe(
            try mode.sections(work), set: ["training.gradient_accumulation_steps=1"])
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
        // Answers that the student draws must stay as they are while its weights move.
        let step = mode == .onPolicy || mode == .everything ? 1e-4 : 2e-3
        let slope = (try move(step) - move(-step)) / (2 * step)
        let tolerance = mode.hasKinks ? 0.05 : 0.01
        // Losses are f32: their rounding over the step.
        let rounding = 4e-6 / step
        #expect(abs(slope - norm) <= tolerance * norm + rounding, "\(slope), \(norm)")
    }

    @Test(
        "is the same however its rows are cut into batches, packed, or computed twice",
        arguments: TeachingMode.ways)
    func microBatches(mode: TeachingMode) throws {
        let work = try DistillationWork()
        // Dropout is drawn for each batch.
        let sections = try mode.sections(work).map { $0.replacing(", dropout: 0.1", with: "") }
        var changes = [["training.batch_size=4"], ["training.gradient_accumulation_steps=4"]]
        var last = ["training.gradient_accumulation_steps=4"]
        if mode != .storedAlone { last = ["data.packing=true", "data.max_length=512"] }
        if mode != .attention, mode != .everything {
            last.append("training.gradient_checkpointing=true")
        }
        changes.append(last)
        let results = try changes.map { change in
            let run = try work.run(
                try work.recipe(
                    sections, set: ["training.gradient_accumulation_steps=1"] + change))
            return try run.session.step(0, run.batches(0), rate: 0)
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

    @Test(
        "in bfloat16 stays near float32",
        arguments: TeachingMode.ways.filter { ![.onPolicy, .everything].contains($0) })
    func precision(mode: TeachingMode) throws {
        let work = try DistillationWork()
        let sections = try mode.sections(work)
        let results = try ["float32", "auto"].map { precision in
            let run = try work.run(
                try work.recipe(sections, set: ["training.precision=\(precision)"]))
            return try run.session.step(0, run.batches(0), rate: 0)
        }
        for (own, other) in zip(results[0].parts, results[1].parts) {
            #expect(abs(own.value - other.value) <= 0.02 * own.value + 2e-3, "\(own), \(other)")
        }
        #expect(
            abs(results[0].gradientNorm - results[1].gradientNorm)
                <= 0.05 * results[0].gradientNorm)
    }

    @Test("passes over lines that another tokenizer's teacher has nothing to say of")
    func silentTeacher() throws {
        let work = try DistillationWork()
        let teacher = try work.foreignModel("teacher")
        // Without a token that ends a turn, an empty answer has nothing to learn.
        let configuration = teacher + "/tokenizer_config.json"
        let text = String(decoding: try MappedFile(configuration).contents, as: UTF8.self)
        try AtomicFile.write(
            Array(
                text.replacing("<|im_end|>{%- endfor", with: "{%- endfor")
                    .replacing("(assistant) {%-", with: "(assistant) {%").utf8),
            to: configuration)
        let lines = String(decoding: try MappedFile(work.data).contents, as: UTF8.self)
        let empty =
            #"{"messages": [{"role": "user", "content": "Hush."}, "#
            + #"{"role": "assistant", "content": ""}]}"#
        let data = try work.folder.write(lines + empty + "\n", to: "quiet.jsonl")
        let run = try work.run(
            try work.recipe(
                [
                    "model: {path: \(try work.model("student"))}",
                    "distillation: {teacher: {path: \(teacher)}, loss: uld, alpha: 0.4}",
                ],
                set: [
                    "data.train=\(data)", "training.shuffle=false", "training.max_steps=5",
                    "training.gradient_accumulation_steps=1",
                ]))
        let results = try (0..<5).map { try run.session.step($0, run.batches($0), rate: 0) }
        for (index, result) in results.enumerated() {
            let parts = result.parts.map(\.value)
            #expect(parts[0] > 0 && (parts[1] > 0) == (index < 4), "\(result)")
        }
    }
}
