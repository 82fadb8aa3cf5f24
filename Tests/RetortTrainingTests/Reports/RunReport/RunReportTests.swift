import RetortFiles
import Testing

@testable import RetortTraining

@Suite("Run report")
struct RunReportTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    private func run(_ name: String, recipe: String? = "task: sft\n", steps: Int = 3) throws
        -> String
    {
        try Folder.create(folder.path(name))
        let lines = (0..<steps).map { index in
            "{\"step\":\(index + 1),\"loss\":\(3.0 / Double(index + 1)),\"grad_norm\":1.5,"
                + "\"tokens\":50,\"seconds\":2,\"peak_rss_mib\":100}\n"
        }
        _ = try folder.write(lines.joined(), to: name + "/metrics.jsonl")
        if let recipe { _ = try folder.write(recipe, to: name + "/recipe.yaml") }
        return folder.path(name)
    }

    @Test("has one chart per figure that was recorded")
    func figures() throws {
        let report = try RunReport([try run("a")])
        #expect(report.metrics == [.loss, .gradientNorm, .memory])
        #expect(report.html.contains("id=\"chart-gradient_norm\""))
        #expect(!report.html.contains("id=\"chart-learning_rate\""))
        #expect(
            throws: RunReportError.noSuchMetric(
                name: "soft_loss", known: ["loss", "gradient_norm", "memory"])
        ) { try report.svg(.part("soft_loss")) }
        #expect(try report.svg(.loss).hasPrefix("<?xml"))
    }

    @Test("lays the loss of a run from labels beside the hard loss of one with a teacher")
    func hardLoss() throws {
        let taught = "{\"step\":1,\"loss\":2,\"soft_loss\":4,\"hard_loss\":1.25}\n"
        try Folder.create(folder.path("b"))
        _ = try folder.write(taught, to: "b/metrics.jsonl")
        let runs = try RunRecord.all([try run("a", steps: 1), folder.path("b")])
        let lines = RunChart(.part("hard_loss"), of: runs).lines
        #expect(lines.map(\.name) == ["a", "b"] && lines.map(\.values) == [[3], [1.25]])
        #expect(RunChart(.part("soft_loss"), of: runs).lines.map(\.name) == ["b"])
    }

    @Test("is the same text every time")
    func same() throws {
        let paths = [try run("a", recipe: "task: sft\nseed: 1\n"), try run("b", steps: 5)]
        #expect(try RunReport(paths).html == RunReport(paths).html)
    }

    @Test("lets no text become an element, a script or a request")
    func hostile() throws {
        let attack = "\"'></script><script>alert(1)</script><img src=//x.invalid>&lt;"
        let quoted = JSONValue.string(attack).serialized()
        let name = "</title><script>alert(2)</script>".split(separator: "/").joined()
        let path = try run(name, recipe: "task: \(quoted)\n\(quoted): 1\n")
        _ = try folder.write(
            "{\"step\":1,\"loss\":1,\(JSONValue.string(attack + "_loss").serialized()):2}\n",
            to: name + "/metrics.jsonl")
        let answers = try folder.write(
            "{\"answer\":\(quoted),\"expected\":\(quoted),\"messages\":[{\"role\":\(quoted),"
                + "\"content\":\(quoted)}],\"correct\":true}\n", to: "answers.jsonl")
        let html = try RunReport([path, try run("b")], answers: [answers]).html
        #expect(html.components("<script") == 2)
        #expect(html.components("</script") == 2)
        #expect(html.components("<img") == 0)
        #expect(html.contains("&lt;img src=//x.invalid&gt;&amp;lt;"))
        #expect(html.contains("\\u003ctitle>"))
    }

    @Test("allows its own script alone, by its sum")
    func policy() throws {
        let html = try RunReport([try run("a")]).html
        #expect(html.contains("default-src &#39;none&#39;"))
        #expect(html.contains("script-src &#39;\(ReportScript.sum)&#39;"))
        #expect(html.contains("<script>\(ReportScript.text)</script>"))
        #expect(!ReportScript.text.contains("</"))
        #expect(
            !html.contains("http://")
                || html.components("http://") == html.components("http://www.w3.org/"))
        #expect(!html.contains("https://") && !html.contains("url("))
    }

    @Test("shows a run without a recipe, with a damaged one, and one that has just begun")
    func incomplete() throws {
        let damaged = try run("damaged", recipe: "a: [1\n")
        let bare = try run("bare", recipe: nil)
        let begun = try run("begun", steps: 0)
        let report = try RunReport([damaged, bare, begun])
        #expect(report.notes.count == 2)
        #expect(report.html.contains("there is no recipe that can be read"))
        #expect(try RunReport([begun]).html.contains("Nothing to show yet"))
    }

    @Test("refuses what is no run, and too many runs")
    func refused() throws {
        #expect(throws: RunReportError.notARun(path: folder.path)) {
            try RunReport([folder.path + "/"])
        }
        #expect(throws: FileError.missing(path: "/no/such/run")) {
            try RunReport(["/no/such/run"])
        }
        let path = try run("a")
        #expect(throws: RunReportError.tooManyRuns(count: 37, limit: 36)) {
            try RunReport([String](repeating: path, count: 37))
        }
    }

    @Test("shows something, or says why not, whatever bytes are in a run")
    func mutated() throws {
        let good: [(name: String, text: String)] = [
            (
                "metrics.jsonl",
                "{\"step\":1,\"loss\":2.5,\"soft_loss\":1e-3,\"tokens\":100,\"seconds\":0.5}\n"
                    + "{\"step\":2,\"loss\":-1,\"grad_norm\":Infinity,\"tokens\":99}\n"
                    + "{\"step\":2,\"validation_loss\":2}\n"
            ),
            ("recipe.yaml", "task: sft\nadapter:\n  rank: 8\ndata: {train: [a, b]}\n"),
            (
                "answers.jsonl",
                "{\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],\"expected\":\"e\","
                    + "\"answer\":\"a\",\"correct\":true}\n"
            ),
        ]
        let path = try run("mutated")
        let pieces = Array("{}[]\":,-0123456789eE.\n\\u&<NaN\u{0}\u{ff}".utf8)
        var state: UInt64 = 7
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for _ in 0..<300 {
            for (name, text) in good {
                var bytes = Array(text.utf8)
                for _ in 0..<random(4) {
                    let place = random(bytes.count)
                    switch random(3) {
                    case 0: bytes[place] = pieces[random(pieces.count)]
                    case 1: bytes.insert(pieces[random(pieces.count)], at: place)
                    default: bytes.removeSubrange(place..<min(bytes.count, place + random(9)))
                    }
                }
                try AtomicFile.write(bytes, to: path + "/" + name)
            }
            let report = try RunReport([path])
            #expect(report.html.hasSuffix("</html>\n"))
            if let metric = report.metrics.first { _ = try report.svg(metric) }
        }
    }

    @Test("goes on without answers in a run that cannot be read, and says so")
    func unreadableAnswers() throws {
        let path = try run("a")
        try Folder.create(path + "/answers.jsonl")
        let report = try RunReport([path])
        #expect(report.notes == ["\(path)/answers.jsonl: is a folder; name a file."])
        #expect(throws: FileError.missing(path: "/no/such/answers")) {
            try RunReport([path], answers: ["/no/such/answers"])
        }
    }

    @Test("gives runs of the same name their paths")
    func names() throws {
        try Folder.create(folder.path("x"))
        try Folder.create(folder.path("y"))
        let paths = [try run("x/same"), try run("y/same"), try run("other")]
        #expect(try RunRecord.all(paths).map(\.name) == [paths[0], paths[1], "other"])
    }

    @Test("tells where recipes differ, key by key")
    func differences() throws {
        let a = try RunRecord(
            try run("a", recipe: "task: sft\nadapter:\n  rank: 8\ndata: {train: x}\n"))
        let b = try RunRecord(
            try run("b", recipe: "task: sft\nadapter:\n  rank: 16\ndata: {train: x}\nseed: 1\n"))
        let rows = RunRecipe.differences([a.recipe, b.recipe, nil])
        #expect(rows.map(\.key) == ["task", "adapter.rank", "data.train", "seed"])
        let both = RunRecipe.differences([a.recipe, b.recipe])
        #expect(both.map(\.key) == ["adapter.rank", "seed"])
        #expect(both.map(\.values) == [["8", "16"], [nil, "1"]])
        #expect(RunRecipe.differences([a.recipe, a.recipe]).isEmpty)
    }

    @Test("sums a run up")
    func summary() throws {
        let path = try run(
            "a",
            recipe: "task: sft\nmodel: {path: m.gguf}\nadapter: {type: lora, rank: 8, alpha: 16}\n")
        try Folder.create(path + "/step-00000002")
        try Folder.create(path + "/step-00000003")
        try Folder.create(path + "/adapter")
        let facts = RunSummary(try RunRecord(path)).facts
        func fact(_ label: String) -> String? { facts.first { $0.label == label }?.text }
        #expect(fact("Steps") == "3")
        #expect(fact("Tokens") == "150")
        #expect(fact("Time in steps") == "6.0 s")
        #expect(fact("Loss, first → last") == "3.0000 → 1.0000")
        #expect(fact("Best validation loss") == nil)
        #expect(fact("Peak memory") == "100 MiB")
        #expect(fact("Model") == "m.gguf")
        #expect(fact("Adapter") == "lora, rank 8, alpha 16")
        #expect(fact("Checkpoints") == "steps 2, 3")
        #expect(fact("Result") == "adapter/")
    }

    @Test("finds kept answers in the run and beside it, and shows every outcome")
    func answers() throws {
        let path = try run("a")
        try Folder.create(path + "/answers")
        func lines(_ right: (Int) -> Bool) -> String {
            (0..<30).map { index in
                "{\"line\":\(index),\"messages\":[{\"role\":\"user\",\"content\":\"q\(index)\"}],"
                    + "\"expected\":\"e\",\"answer\":\"x\",\"correct\":\(right(index))}\n"
            }.joined()
        }
        _ = try folder.write(lines { $0 > 27 }, to: "a/answers/base.jsonl")
        _ = try folder.write(lines { $0 != 5 && $0 != 29 } + "nonsense\n", to: "tuned.jsonl")
        let report = try RunReport([path], answers: [folder.path("tuned.jsonl")])
        #expect(report.answers.map(\.name) == ["base", "tuned"])
        #expect(report.answers.map(\.correctCount) == [2, 28])
        #expect(report.notes.count == 1)
        let samples = AnsweredQuestion.samples(report.answers)
        #expect(samples.count == 8)
        let outcomes = samples.map { $0.answers.map { $0?.isCorrect } }
        for outcome: [Bool?] in [[false, true], [false, false], [true, true], [true, false]] {
            #expect(outcomes.contains(outcome))
        }
        #expect(report.html.contains("93.3 % right"))
    }
}

extension String {
    /// How often a piece of text is in it.
    fileprivate func components(_ piece: String) -> Int {
        split(separator: piece, omittingEmptySubsequences: false).count - 1
    }
}
