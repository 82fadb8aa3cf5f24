import RetortFiles
import RetortKernels
import RetortModels
import RetortTensor
import Testing

@testable import RetortTraining

@Suite("Distillation that is refused")
struct DistillationRefusalTests {
    private let work: DistillationWork
    private let tiny = DistillationWork.tiny

    init() throws { work = try DistillationWork() }

    /// What is said of a recipe; nil if nothing is wrong with it.
    private func refusal(_ sections: [String], set overrides: [String] = []) -> String? {
        do {
            _ = try work.run(try work.recipe(sections, set: overrides))
            return nil
        } catch {
            let message = "\(error)"
            #expect(!message.contains("\n"))
            return message
        }
    }

    private func expect(
        _ message: String?, _ parts: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for part in parts {
            #expect(
                message?.contains(part) == true, "\(message ?? "accepted")",
                sourceLocation: sourceLocation)
        }
    }

    @Test(
        "by its recipe",
        arguments: [
            (
                "distillation: {teacher: {path: t}, targets: f.h5}",
                "distillation.targets and distillation.teacher are both given; remove one of them"
            ),
            (
                "distillation: {teacher: {path: t}, endpoint: {url: 'http://a/v1', model: m}}",
                "distillation.endpoint must be the only teacher"
            ),
            (
                "distillation: {targets: f.h5, endpoint: {url: 'http://a/v1', model: m}}",
                "distillation.endpoint must be the only teacher"
            ),
            ("distillation: {alpha: 0.5}", "must be a map with teacher, targets or endpoint"),
            ("distillation: {teacher: {}}", "the key distillation.teacher.path is missing"),
            (
                "distillation: {targets: f.h5, temperature: 2}",
                "distillation.temperature must be 1 without a distillation.teacher, "
                    + "unless distillation.top_k is renormalized, found 2"
            ),
            (
                "distillation: {targets: f.h5, temperature: 2, loss: uld}",
                "distillation.temperature must be 1 without a distillation.teacher"
            ),
            (
                "distillation: {targets: f.h5, top_k: renormalized, loss: uld}",
                "distillation.top_k has no meaning unless distillation.targets or endpoint is "
                    + "given, with distillation.loss forward_kl; remove it"
            ),
            (
                "distillation: {endpoint: {url: 'http://a/v1', model: m}, temperature: 2}",
                "distillation.temperature must be 1 without a distillation.teacher"
            ),
            (
                "distillation: {targets: f.h5, loss: reverse_kl}",
                "distillation.targets must be made for distillation.loss forward_kl or uld"
            ),
            (
                "distillation: {targets: f.h5, tokens: all}",
                "distillation.tokens has no meaning unless distillation.teacher is given"
            ),
            (
                "distillation: {teacher: {path: t}, top_k: tail}",
                "distillation.top_k has no meaning unless distillation.targets or endpoint"
            ),
            (
                "distillation: {teacher: {path: t}, beta: 0.5}",
                "distillation.beta has no meaning unless distillation.loss is generalized_jsd"
            ),
            (
                "distillation: {teacher: {path: t}, lambda: 0.5}",
                "distillation.lambda has no meaning unless distillation.loss is skew_forward_kl"
            ),
            (
                "distillation: {teacher: {path: t}, loss: uld, hidden_states: {}}",
                "distillation.hidden_states must be left out unless there is a distillation.teacher"
            ),
            (
                "distillation: {targets: f.h5, on_policy: {}}",
                "distillation.on_policy must be left out unless there is a distillation.teacher"
            ),
            (
                "distillation: {teacher: {path: t}, loss: uld, tokens: all}",
                "distillation.tokens must be supervised with distillation.loss uld"
            ),
            (
                "distillation: {teacher: {path: t}, loss: forward_k}",
                "unknown distillation.loss \"forward_k\"; did you mean forward_kl?"
            ),
            (
                "distillation: {teacher: {path: t}, temperatur: 2}",
                "unknown key distillation.temperatur; did you mean temperature?"
            ),
            (
                "distillation: {teacher: {path: t}, alpha: 1.5}",
                "distillation.alpha must be from 0.0 to 1.0, found 1.5"
            ),
        ])
    func recipes(_ section: String, _ message: String) throws {
        let own = try #require(refusal(["model: {path: m}", section]))
        #expect(own.hasPrefix("r.yaml:10: ") && own.contains(message), "\(own)")
    }

    @Test("where task and section do not belong together, or data are missing")
    func tasks() throws {
        let teacher = "distillation: {teacher: {path: t}}", targets = "distillation: {targets: f}"
        func message(_ text: String) throws -> String {
            "\(try #require(throws: RecipeError.self) { try RecipeSamples.read(text) })"
        }
        let sft = RecipeSamples.short
        let distill = sft.replacing("task: sft", with: "task: distill")
        #expect(
            try message(sft + teacher)
                == "r.yaml:7: distillation has no meaning unless task is distill; remove it")
        expect(
            try message(distill),
            "r.yaml:1: task must be sft unless there is a distillation section")
        let alone = distill.replacing("data:\n  train: t.jsonl\n", with: "")
        #expect(try message(alone + teacher) == "r.yaml:1: the key data.train is missing")
        #expect(
            try message(alone + "distillation: {targets: f, loss: uld}")
                == "r.yaml:1: the key data.train is missing")
        #expect(try RecipeSamples.read(alone + targets).data.train == "")
    }

    @Test("for a teacher that does not fit")
    func teachers() throws {
        let student = "model: {path: \(try work.model("student"))}"
        let foreign = try work.foreignModel("foreign")
        expect(
            refusal([student, "distillation: {teacher: {path: \(foreign)}}"]),
            "\(foreign): the teacher's vocabulary has only ",
            " of the student's 512 tokens; "
                + "set distillation.loss to uld")
        // Numbers alone cannot be matched.
        let ids = try work.folder.writeTokens([9, 12], vocabulary: 500, to: "ids.jsonl")
        let tokens = ["data.train=\(ids)", "data.format=tokens"]
        #expect(
            refusal([student, "distillation: {teacher: {path: \(foreign)}}"], set: tokens)
                == "\(foreign): the teacher's vocabulary has 1203 tokens and the student's 512, and "
                + "tokens alone (data.format tokens) cannot be matched; "
                + "take a teacher of the same family.")
        #expect(
            refusal(
                [student, "distillation: {teacher: {path: \(foreign)}, loss: uld}"], set: tokens)
                == "\(foreign): distillation.loss uld aligns texts, and data.format tokens has none."
        )
        expect(
            refusal(
                [student, "distillation: {teacher: {path: \(foreign)}, loss: uld}"],
                set: ["data.train_on=all"]), "set data.train_on to assistant.")
        let missing = work.folder.path("missing.gguf")
        expect(refusal([student, "distillation: {teacher: {path: \(missing)}}"]), missing)
        // Every token of a text is learned.
        let text = try work.folder.write(#"{"text": "Good night."}"# + "\n", to: "text.jsonl")
        #expect(
            refusal(
                [student, "distillation: {teacher: {path: \(tiny)}, tokens: unsupervised}"],
                set: ["data.train=\(text)", "data.format=text"])
                == "\(text): no token is unsupervised, so the teacher has nothing to say; "
                + "choose other distillation.tokens.")
    }

    @Test("for layers that do not exist or do not match")
    func layers() throws {
        var sizes = DistillationWork.small
        sizes.heads = 2
        let student = "model: {path: \(try work.model("student", sizes))}"
        func matched(_ keys: String) -> String? {
            refusal([student, "distillation: {teacher: {path: \(tiny)}, \(keys)}"])
        }
        #expect(
            matched("hidden_states: {layers: [[1, 1], [3, 2]]}")
                == "distillation.hidden_states.layers: there is no layer 3 in a model of 2.")
        #expect(
            matched("attention: {layers: [[0, 1]]}")
                == "distillation.attention.layers: there is no layer 0 in a model of 2.")
        #expect(
            matched("attention: {}")
                == "distillation.attention: the student's layer 2 has 2 heads and the teacher's 4; "
                + "attention maps need as many on both sides.")
        let twice = "training: {gradient_checkpointing: true}"
        expect(
            refusal([
                "model: {path: \(tiny)}", twice,
                "distillation: {teacher: {path: \(tiny)}, attention: {}}",
            ]), "distillation.attention needs training.gradient_checkpointing to be false")
        #expect(
            refusal([
                "model: {path: \(tiny)}", twice,
                "distillation: {teacher: {path: \(tiny)}, hidden_states: {}}",
            ]) == nil)
    }

    @Test("for files of targets that are damaged, foreign or of something else")
    func targets() throws {
        let path = try work.targets(tiny, .topK(4))
        let model = "model: {path: \(tiny)}"
        func stored(_ path: String, _ keys: String = "", set overrides: [String] = []) -> String? {
            refusal([model, "distillation: {targets: \(path)\(keys)}"], set: overrides)
        }
        #expect(stored(path) == nil)
        let bytes = try MappedFile(path).contents
        let cut = work.folder.path("cut.h5")
        for length in [bytes.count / 2, bytes.count - 1, 9] {
            try AtomicFile.write(Array(bytes.prefix(length)), to: cut)
            expect(stored(cut), cut)
        }
        let foreign = fixtures + "/formats/hdf5/good.weights.h5"
        #expect(
            stored(foreign)
                == "\(foreign): is an HDF5 file, but not of soft targets; "
                + "make one with retort cache-targets.")
        expect(stored(work.data), work.data)
        expect(stored(work.folder.path("none.h5")), "none.h5")

        let samples = try work.targets(
            tiny, .samples(count: 3, power: 1, seed: 1), to: "samples.h5")
        #expect(
            stored(samples, ", temperature: 2, top_k: renormalized")
                == "\(samples): holds tokens drawn at temperature 1; "
                + "set distillation.temperature to 1.")
        #expect(
            stored(samples, ", loss: uld")
                == "\(samples): holds drawn tokens, which mean nothing to another tokenizer; "
                + "make it with --top-k for distillation.loss uld.")
    }

    @Test("for targets of other data or of another tokenizer")
    func otherTargets() throws {
        let path = try work.targets(tiny, .topK(4))
        let foreign = try work.foreignModel("foreign")
        expect(
            refusal(["model: {path: \(foreign)}", "distillation: {targets: \(path)}"]),
            "\(path): was made with another tokenizer than this model's")
        let lines = try MappedFile(work.data).contents.split(separator: UInt8(ascii: "\n"))
        func stored(_ lines: [[UInt8].SubSequence], _ keys: String = "") throws -> String? {
            let data = work.folder.path("other.jsonl")
            try AtomicFile.write(Array(lines.joined(separator: [UInt8(ascii: "\n")])), to: data)
            return refusal(
                ["model: {path: \(tiny)}", "distillation: {targets: \(path)\(keys)}"],
                set: ["data.train=\(data)"])
        }
        #expect(try stored(lines) == nil)
        expect(
            try stored([lines[0], lines[2], lines[1], lines[3]]),
            "\(path): document 2, made from line 2, has other tokens than line 2 of the data; "
                + "make it again from these data.")
        expect(
            try stored(Array(lines.dropLast())), "\(path): has 4 documents where the data give 3")
        // Other turns than those of the file have nothing in common with it.
        let line =
            #"{"messages": [{"role": "user", "content": "?"}, "#
            + #"{"role": "assistant", "content": "A"}, {"role": "user", "content": "?"}, "#
            + #"{"role": "assistant", "content": "B"}]}"#
        expect(
            try stored([Array(line.utf8)[...]], ", loss: uld"),
            "\(path): no learned token of the data ends where one of the teacher's does")
    }

    @Test("as a plan that would ask an endpoint")
    func dryRun() throws {
        let recipe = try work.recipe([
            "model: {path: \(tiny)}",
            "distillation: {endpoint: {url: 'http://127.0.0.1:1/v1', model: m}}",
        ])
        let kernels = try #require(Kernels(threads: 1))
        #expect(throws: DistillationError.dryRunOfEndpoint) {
            try TrainingRun(recipe, kernels: kernels, isPlan: true)
        }
        #expect(!Folder.exists(work.output))
        #expect("\(DistillationError.dryRunOfEndpoint)".contains("asking for them may cost money"))
    }

    @Test("when it goes on with another teacher or other targets")
    func resumed() throws {
        let student = try work.model("student"), teacher = try work.model("teacher", seed: 9)
        func recipe(_ keys: String) throws -> Recipe {
            try work.recipe(["model: {path: \(student)}", "distillation: {\(keys)}"])
        }
        func begin(_ recipe: Recipe) throws {
            try? Folder.remove(work.output)
            _ = try work.run(recipe).run()
            try work.cut(recipe)
        }
        func resume(_ recipe: Recipe) -> String? {
            do {
                _ = try work.run(recipe).run(.resume)
                return nil
            } catch { return "\(error)" }
        }
        let live = try recipe("teacher: {path: \(teacher)}")
        try begin(live)
        let other = "the run to resume was started with another "
        expect(
            resume(try recipe("teacher: {path: \(tiny)}")), other + "distillation.teacher.path;")
        expect(
            resume(try recipe("teacher: {path: \(teacher)}, alpha: 0.25")),
            other + "distillation.alpha;")
        expect(
            resume(try recipe("teacher: {path: \(teacher)}, on_policy: {}")),
            other + "distillation.on_policy;")
        _ = try work.model("teacher", seed: 10)
        expect(
            resume(live),
            "\(Checkpoint.name(2)): the teacher \(teacher) is not the one that the "
                + "run to resume was started with.")
        _ = try work.model("teacher", seed: 9)
        #expect(resume(live) == nil)

        let path = try work.targets(teacher, .topK(4))
        let stored = try recipe("targets: \(path)")
        try begin(stored)
        try Folder.remove(path)
        _ = try work.targets(teacher, .topK(5))
        expect(resume(stored), "the file of soft targets \(path) is not the one")
        try Folder.remove(path)
        _ = try work.targets(teacher, .topK(4))
        #expect(resume(stored) == nil)
    }

    @Test("when it goes on with a teacher whose adapter is another")
    func otherAdapter() throws {
        let base = try work.model("base")
        func teach(_ seed: Int) throws -> String {
            var recipe = try work.recipe([
                "model: {path: \(base)}", "adapter: {rank: 2}",
                "distillation: {teacher: {path: \(tiny)}}", "seed: \(seed)",
            ])
            recipe.outputDir = work.folder.path("taught")
            try? Folder.remove(recipe.outputDir)
            _ = try work.run(recipe).run()
            return recipe.outputDir
        }
        let teacher = try teach(1)
        let recipe = try work.recipe([
            "model: {path: \(try work.model("student", seed: 6))}",
            "distillation: {teacher: {path: \(teacher)}}",
        ])
        _ = try work.run(recipe).run()
        try work.cut(recipe)
        _ = try teach(2)
        #expect(
            throws: TrainingError.otherInput(
                path: "\(work.output)/\(Checkpoint.name(2))", what: "teacher \(teacher)")
        ) { try work.run(recipe).run(.resume) }
        _ = try teach(1)
        #expect(throws: Never.self) { try work.run(recipe).run(.resume) }
    }
}
