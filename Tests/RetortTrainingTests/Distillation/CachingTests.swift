import Foundation
import RetortFiles
import RetortKernels
import RetortModels
import RetortTensor
import RetortText
import Testing

@testable import RetortTraining

@Suite("Caching soft targets")
struct CachingTests {
    private let work = try? TargetWork()

    @Test(
        "keeps the teacher's distributions after the right tokens",
        arguments: DistilledTokens.allCases)
    func distributions(tokens: DistilledTokens) throws {
        let work = try #require(work)
        let path = try work.cache(.topK(20), tokens: tokens)
        let file = try SoftTargetFile(path)
        let teacher = try work.teacher()
        let examples = try work.examples(teacher)
        #expect(file.documentCount == examples.count)
        try file.check(examples)
        try file.check(try teacher.text().tokenizer)
        for index in [0, examples.count - 1] {
            let document = try file.document(index)
            #expect(document.example == examples[index])
            let expected = document.example.labels.indices.dropFirst().filter {
                switch tokens {
                case .supervised: document.example.labels[$0] != -100
                case .unsupervised: document.example.labels[$0] == -100
                case .all: true
                }
            }
            #expect(document.positions.map { Int($0) + 1 } == expected)
            try expectTeachers(document, teacher)
        }
        #expect(try work.folder.names == ["data.jsonl", "targets.h5"])
    }

    /// Compares a document's targets with a plain sort of the teacher's logits.
    private func expectTeachers(_ document: SoftTargetDocument, _ teacher: Model) throws {
        guard case .topK(let k, let ids, let logs, let tail) = document.targets else {
            Issue.record("the targets are not the most probable tokens")
            return
        }
        let batch = Batch([document.example])
        let decoder = teacher.decoder
        let hidden = decoder.hiddenStates(
            batch.ids, ForwardContext(layout: batch.layout),
            on: Tape(decoder.workspace, isRecording: false))
        let logits = decoder.logits(hidden.value)
        for (row, position) in document.positions.enumerated() {
            let x = logits.row(Int(position)).map { Double($0) }
            let all = log(x.reduce(0) { $0 + exp($1) })
            let order = x.indices.sorted { (-x[$0], $0) < (-x[$1], $1) }
            let part = row * k..<(row + 1) * k
            #expect(ids[part].elementsEqual(order.prefix(k).map { Int32($0) }))
            #expect(
                zip(logs[part], order).allSatisfy {
                    abs(Double($0) - (x[$1] - all)) <= abs(x[$1] - all) / 2048 + 1e-5
                })
            let rest = order.dropFirst(k).reduce(0) { $0 + exp(x[$1] - all) }
            #expect(abs(Double(tail[row]) - rest) <= 1e-5 * rest)
        }
    }

    @Test("knows the bytes of every token")
    func spans() throws {
        let work = try #require(work)
        let teacher = try work.teacher()
        let file = try SoftTargetFile(try work.cache(.topK(2), tokens: .all))
        let text = try teacher.text()
        for index in 0..<3 {
            let example = try file.document(index).example
            #expect(example.spans.count == example.ids.count)
            let whole = Array(
                text.tokenizer.decode(example.ids.map { Int($0) }, skipSpecialTokens: false).utf8)
            for (id, span) in zip(example.ids, example.spans)
            where !text.tokenizer.isSpecial(Int(id)) {
                let own = text.tokenizer.decode([Int(id)], skipSpecialTokens: false)
                #expect(whole[Int(span.lowerBound)..<Int(span.upperBound)].elementsEqual(own.utf8))
            }
        }
    }

    @Test(
        "gives the same bytes after any interruption, and with other numbers of threads",
        arguments: [SoftTargetMode.topK(8), .samples(count: 12, power: 0.7, seed: 3)])
    func interrupted(mode: SoftTargetMode) throws {
        let work = try #require(work)
        var journals: [[UInt8]] = []
        let path = try work.cache(mode, tokens: .supervised) { _ in
            journals.append((try? MappedFile(work.journal).contents) ?? [])
        }
        let whole = try MappedFile(path).contents
        #expect(journals.count > 3)
        let last = try #require(journals.last)
        var remains = journals
        remains += [0, 1, 40, 200, last.count / 2, last.count - 1].map { Array(last.prefix($0)) }
        remains += [last + [0], last + last]
        for position in [journals[0].count - 9, journals[0].count + 5, last.count - 3] {
            var damaged = last
            damaged[position] ^= 16
            remains.append(damaged)
        }
        for (index, journal) in remains.enumerated() {
            try Folder.remove(path)
            try AtomicFile.write(journal, to: work.journal)
            _ = try work.cache(mode, tokens: .supervised, threads: 1 + index % 3)
            #expect(try MappedFile(path).contents == whole)
            #expect(!Folder.exists(work.journal))
        }
        // The process ended between writing the file and removing the journal.
        try AtomicFile.write(last, to: work.journal)
        _ = try work.cache(mode, tokens: .supervised)
        #expect(try MappedFile(path).contents == whole)
    }

    @Test("refuses the journal of other work, one in use, and a file that is there")
    func refused() throws {
        let work = try #require(work)
        var journal: [UInt8] = []
        let path = try work.cache(.topK(8), tokens: .supervised) { _ in
            journal = (try? MappedFile(work.journal).contents) ?? []
        }
        #expect(throws: FileError.exists(path: path)) {
            try work.cache(.topK(8), tokens: .supervised)
        }
        try Folder.remove(path)
        try AtomicFile.write(journal, to: work.journal)
        for (mode, tokens) in [
            (SoftTargetMode.topK(9), DistilledTokens.supervised), (.topK(8), .all),
        ] {
            #expect(throws: SoftTargetError.otherJournal(path: work.journal)) {
                try work.cache(mode, tokens: tokens)
            }
        }
        #expect(try MappedFile(work.journal).contents == journal)
        let held = try work.caching(.topK(8), tokens: .supervised)
        #expect(throws: SoftTargetError.inUse(path: work.journal)) {
            try work.cache(.topK(8), tokens: .supervised)
        }
        _ = try held.run()
        #expect(try SoftTargetFile(path).documentCount == held.data.examples.count)
    }

    @Test("says what cannot be kept")
    func impossible() throws {
        let work = try #require(work)
        #expect(
            throws: SoftTargetError.topKTooLarge(path: TargetWork.tiny, k: 513, vocabulary: 512)
        ) { try work.cache(.topK(513), tokens: .supervised) }
        let line = #"{"input_ids": [5, 6, 7]}"# + "\n"
        let data = try work.folder.write(line, to: "ids.jsonl")
        #expect(throws: SoftTargetError.noRows(path: data, tokens: "unsupervised")) {
            var recipe = DataRecipe()
            recipe.train = data
            recipe.format = .tokens
            _ = try TargetCaching(
                work.teacher(), data: recipe, mode: .topK(1), tokens: .unsupervised,
                output: work.folder.path("x.h5"))
        }
        #expect(!Folder.exists(work.folder.path("x.h5.journal")))
    }

    @Test("says which data and which tokenizer do not match")
    func mismatches() throws {
        let work = try #require(work)
        let path = try work.cache(.topK(4), tokens: .supervised)
        let file = try SoftTargetFile(path)
        var examples = try work.examples(try work.teacher())
        #expect(
            throws: SoftTargetError.otherCount(
                path: path, found: examples.count, expected: examples.count - 1)
        ) { try file.check(Array(examples.dropLast())) }
        examples[2].ids[4] += 1
        #expect(
            throws: SoftTargetError.otherData(path: path, document: 3, line: 3, dataLine: 3)
        ) { try file.check(examples) }
        let other = try Tokenizer(
            contentsOf: fixtures + "/tokenizers/bpe_smollm/tokenizer.json")
        #expect(throws: SoftTargetError.otherTokenizer(path: path)) { try file.check(other) }
    }
}

/// The tiny model, some data, and a place for its targets.
struct TargetWork {
    static let tiny = URL(filePath: fixtures).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Checkpoints/tiny").path
    let folder: TestFolder
    let data: String
    var output: String { folder.path("targets.h5") }
    var journal: String { output + ".journal" }

    init() throws {
        folder = try TestFolder()
        let source = Self.tiny + "/../../Datasets/smart-home/test.jsonl"
        let lines = try JSONLinesFile(source)
        let text = (0..<90).map { String(decoding: lines.bytes($0), as: UTF8.self) + "\n" }
        data = try folder.write(text.joined(), to: "data.jsonl")
    }

    func teacher(threads: Int = 2) throws -> Model {
        try Model(
            Self.tiny, kernels: try #require(Kernels(threads: threads)), precision: .float32)
    }

    var recipe: DataRecipe {
        var recipe = DataRecipe()
        recipe.train = data
        recipe.settle()
        return recipe
    }

    func examples(_ teacher: Model) throws -> [TrainingExample] {
        try ExampleReader(teacher, recipe).read(data).examples
    }

    func caching(
        _ mode: SoftTargetMode, tokens: DistilledTokens, threads: Int = 2
    ) throws -> TargetCaching {
        try TargetCaching(
            teacher(threads: threads), data: recipe, mode: mode, tokens: tokens, output: output)
    }

    /// Makes the file, and gives its path.
    @discardableResult
    func cache(
        _ mode: SoftTargetMode, tokens: DistilledTokens, threads: Int = 2,
        onProgress: (Int) -> Void = { _ in }
    ) throws -> String {
        _ = try caching(mode, tokens: tokens, threads: threads).run(onProgress: onProgress)
        return output
    }
}

extension TestFolder {
    var names: [String] { get throws { try Folder.names(in: path) } }
}
