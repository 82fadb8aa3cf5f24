import RetortFiles
import RetortKernels
import RetortModels
import RetortTensor
import Testing

@testable import RetortTraining

@Suite("Ways to teach agree")
struct DistillationAgreementTests {
    private let work: DistillationWork

    init() throws { work = try DistillationWork() }

    private func steps(
        _ sections: [String], set overrides: [String] = []
    ) throws -> (steps: [StepMetrics], weights: [Float]) {
        let run = try work.run(try work.recipe(sections, set: overrides))
        defer { try? Folder.remove(work.output) }
        return (try run.run().steps, run.session.parameters.flatMap(\.value.values))
    }

    @Test(
        "a stored top of the whole vocabulary teaches as the live teacher does",
        arguments: [("tail", 1), ("renormalized", 2), ("renormalized_both", 2)])
    func wholeTop(form: String, temperature: Int) throws {
        let student = "model: {path: \(try work.model("student"))}"
        let path = try work.targets(DistillationWork.tiny, .topK(512))
        // Unlike Adam, it moves weights of tiny slopes by little.
        let optimizer = "optimizer: {name: sgd, learning_rate: 0.1}"
        let live = try steps([
            student, optimizer,
            "distillation: {teacher: {path: \(DistillationWork.tiny)}, "
                + "temperature: \(temperature)}",
        ])
        let stored = try steps([
            student, optimizer,
            "distillation: {targets: \(path), temperature: \(temperature), top_k: \(form)}",
        ])
        for (own, other) in zip(live.steps, stored.steps) {
            // Logs are kept with 11 bits.
            #expect(abs(own.loss - other.loss) < 2e-3 * own.loss)
            #expect(abs(own.gradientNorm - other.gradientNorm) < 2e-3 * own.gradientNorm)
        }
        expectNear(stored.weights, live.weights, 3e-4, "weights")
    }

    @Test("many samples teach nearly as the live teacher does")
    func samples() throws {
        let student = "model: {path: \(try work.model("student"))}"
        let mode = SoftTargetMode.samples(count: 4000, power: 1, seed: 1)
        let path = try work.targets(DistillationWork.tiny, mode)
        let teacher = "teacher: {path: \(DistillationWork.tiny)}"
        let live = try steps([student, "distillation: {\(teacher), alpha: 1}"])
        let stored = try steps([student, "distillation: {targets: \(path), alpha: 1}"])
        for (own, other) in zip(live.steps, stored.steps) {
            #expect(abs(own.gradientNorm - other.gradientNorm) < 0.03 * own.gradientNorm)
        }
    }

    @Test(
        "a teacher with the student's own weights asks for no change", arguments: [true, false],
        [true, false])
    func ownWeights(isCopy: Bool, isAdapter: Bool) throws {
        let student = try work.model("student")
        let teacher = isCopy ? try work.model("copy") : student
        let recipe = try work.recipe([
            "model: {path: \(student)}", isAdapter ? "adapter: {rank: 4}" : "adapter: null",
            "distillation: {teacher: {path: \(teacher)}, alpha: 1, temperature: 2, tokens: all, "
                + "hidden_states: {weight: 1}, attention: {weight: 1}}",
        ])
        let run = try work.run(recipe)
        let result = try run.session.step(0, run.batches(0), rate: 0)
        for part in result.parts where part.name != "hard_loss" {
            #expect(abs(part.value) < 1e-6, "\(part)")
        }
        #expect(result.gradientNorm < 1e-5)
    }

    @Test("the student's own file teaches as a copy of it does", arguments: [true, false])
    func sharedWeights(isAdapter: Bool) throws {
        let student = try work.model("student"), copy = try work.model("copy")
        let results = try [student, copy].map { teacher in
            try steps([
                "model: {path: \(student)}",
                isAdapter ? "adapter: {rank: 4, dropout: 0.2}" : "adapter: null",
                "distillation: {teacher: {path: \(teacher)}, tokens: all, temperature: 2, "
                    + "hidden_states: {weight: 1}, attention: {weight: 1}}",
            ])
        }
        #expect(results[0].weights == results[1].weights)
        #expect(results[0].steps.map(\.loss) == results[1].steps.map(\.loss))
    }

    @Test("a run's folder teaches with what was trained in it")
    func runAsTeacher() throws {
        let base = try work.model("base"), other = try work.model("other", seed: 8)
        for adapter in ["adapter: {rank: 4}", "adapter: null"] {
            var recipe = try work.recipe([
                "model: {path: \(base)}", adapter, "distillation: {teacher: {path: \(other)}}",
                "optimizer: {learning_rate: 0.05}",
            ])
            recipe.outputDir = work.folder.path("taught")
            let teacher = try work.run(recipe)
            _ = try teacher.run()
            defer { try? Folder.remove(recipe.outputDir) }
            // A student that is the trained teacher itself has nothing to learn from it.
            let merged = work.folder.path("merged")
            try teacher.session.model.export(
                to: merged, format: .huggingFace, type: .f32, replacing: true)
            let run = try work.run(
                try work.recipe([
                    "model: {path: \(merged)}",
                    "distillation: {teacher: {path: \(recipe.outputDir)}, alpha: 1}",
                ]))
            #expect(try run.session.step(0, run.batches(0), rate: 0).loss < 1e-5)
        }
    }

    @Test("rows of a stored teacher's matrix that are padding count as tail")
    func padding() throws {
        var sizes = DistillationWork.small
        sizes.vocabulary = 700
        let teacher = try work.model("teacher", sizes, seed: 9)
        let student = "model: {path: \(try work.model("student"))}"
        for (mode, name) in [
            (SoftTargetMode.topK(700), "top.h5"), (.topK(9), "small.h5"),
            (.samples(count: 20, power: 1, seed: 2), "samples.h5"),
        ] {
            let path = try work.targets(teacher, mode, to: name)
            let result = try steps([student, "distillation: {targets: \(path)}"])
            #expect(result.steps.allSatisfy { $0.loss.isFinite && $0.loss > 0 })
        }
        let all = SoftTargets.topK(
            k: 3, ids: [5, 9, 2, 1, 2, 3], logProbabilities: [-1, -2, -3, -1, -2, -4],
            tailMass: [0.25, 0.5])
        guard case .topK(3, let ids, let logs, let tail) = all.within(5) else {
            Issue.record("another kind")
            return
        }
        #expect(ids == [2, -1, -1, 1, 2, 3] && logs == [-3, -.infinity, -.infinity, -1, -2, -4])
        #expect(abs(tail[0] - 0.25 - 0.36788 - 0.13534) < 1e-4 && tail[1] == 0.5)
    }

    @Test("a file of targets needs nothing beside it", arguments: [true, false])
    func fileAlone(isText: Bool) throws {
        // A student without tokenizer, or one without chat template.
        let student: String, format: String, line: String
        if isText {
            student = try work.model("student")
            try Folder.remove(student + "/tokenizer_config.json")
            (format, line) = ("text", #"{"text": "The lamp in the attic is on."}"#)
        } else {
            student = try work.folder.writeModel(DistillationWork.small, to: "student")
            (format, line) = ("tokens", #"{"input_ids": [7, 9, 200, 3, 511, 4]}"#)
        }
        var data = DataRecipe()
        data.train = try work.folder.write(line + "\n" + line + "\n", to: "lines.jsonl")
        data.format = try #require(DataFormat(rawValue: format))
        let path = try work.targets(student, .topK(8), tokens: .all, data: data)
        let recipe = try Recipe(
            yaml: Array(
                """
                task: distill
                output_dir: \(work.output)
                model: {path: \(student)}
                distillation: {targets: \(path)}
                training: {max_steps: 2, precision: float32}
                """.utf8), file: "r.yaml")
        let run = try work.run(recipe)
        #expect(try (run.example() == nil) == !isText)
        #expect(try run.run().steps.count == 2)
        let kernels = try #require(Kernels(threads: 1))
        #expect(
            try DataReport(recipe, kernels: kernels, rows: 1).examples.count == (isText ? 1 : 0))
    }
}
