import LoopbackServer
import RetortFiles
import Testing

@testable import RetortTraining

@Suite("The journal of an endpoint")
struct EndpointJournalTests {
    private typealias Bench = EndpointBench

    private static func answer(_ number: Int, tokens: [AnswerToken]? = nil) -> TeacherAnswer {
        TeacherAnswer(
            index: number,
            message: JSONObject([
                ("role", .string("assistant")), ("content", .string("to \(number)")),
            ]), finishReason: "stop", tokens: tokens,
            usage: TokenUsage(prompt: 1, answer: number))
    }

    private static func key(_ number: Int) -> String { SHA256.hash([UInt8(number)]) }

    @Test("gives back what was kept, to the bit")
    func kept() throws {
        let folder = try TestFolder()
        let tokens = [
            AnswerToken(
                chosen: TokenProbability(bytes: [0xf0, 0x9f], logProbability: -0.1),
                alternatives: [
                    TokenProbability(bytes: nil, logProbability: -3.402_823_4e5),
                    TokenProbability(bytes: Array("é\"\n".utf8), logProbability: -1e-20),
                    TokenProbability(bytes: [0], logProbability: 0),
                ])
        ]
        let answer = Self.answer(3, tokens: tokens)
        do {
            let journal = try EndpointJournal(folder.path("j"))
            try journal.append(answer, key: Self.key(1))
            #expect(try journal.answer(Self.key(1), index: 3) == answer)
        }
        let journal = try EndpointJournal(folder.path("j"))
        #expect(try journal.answer(Self.key(1), index: 3) == answer)
        #expect(try journal.answer(Self.key(2), index: 0) == nil)
    }

    @Test("goes on after a kill at any byte")
    func torn() throws {
        let folder = try TestFolder()
        let path = folder.path("j")
        do {
            let journal = try EndpointJournal(path)
            for number in 0..<3 {
                try journal.append(Self.answer(number), key: Self.key(number))
            }
        }
        let whole = try MappedFile(path).contents
        let ends = whole.indices.filter { whole[$0] == UInt8(ascii: "\n") }
        for length in 0...whole.count {
            try AtomicFile.write(Array(whole[..<length]), to: path)
            let journal = try EndpointJournal(path)
            let lines = ends.count { $0 < length }
            #expect(journal.count == max(0, lines - 1))
            for number in journal.count..<3 {
                try journal.append(Self.answer(number), key: Self.key(number))
            }
            #expect(try MappedFile(path).contents == whole)
            #expect(try journal.answer(Self.key(2), index: 2) == Self.answer(2))
        }
    }

    @Test(
        "does not touch a file that is no journal",
        arguments: ["a", "{}\n", "\n", "{\"journal\":1"])
    func foreign(_ text: String) throws {
        let folder = try TestFolder()
        let path = try folder.write(text, to: "j")
        #expect(throws: EndpointError.notJournal(path: path)) { _ = try EndpointJournal(path) }
        #expect(try MappedFile(path).contents == Array(text.utf8))
    }

    @Test("names a damaged line")
    func damaged() throws {
        let folder = try TestFolder()
        let path = folder.path("j")
        try EndpointJournal(path).append(Self.answer(0), key: Self.key(0))
        let text = String(decoding: try MappedFile(path).contents, as: UTF8.self)
        for (old, new) in [("\"key\"", "\"kez\""), ("}\n", "\n")] {
            _ = try folder.write(text.replacing(old, with: new), to: "j")
            // The header is line 1 and may be hit too.
            #expect(throws: EndpointError.self) { _ = try EndpointJournal(path) }
        }
        _ = try folder.write(text.replacing("stop", with: "st\u{1}p"), to: "j")
        #expect(throws: EndpointError.damagedJournal(path: path, line: 2)) {
            _ = try EndpointJournal(path).answer(Self.key(0), index: 0)
        }
    }

    @Test("belongs to one run at a time")
    func locked() throws {
        let folder = try TestFolder()
        let path = folder.path("j")
        let journal = try EndpointJournal(path)
        #expect(throws: EndpointError.journalInUse(path: path)) { _ = try EndpointJournal(path) }
        #expect(journal.count == 0)
    }

    @Test("decides the outcome alone")
    func alone() throws {
        let bench = try Bench { .ok(Bench.answer("first to " + $0.question)) }
        let first = try bench.ask(4)
        let other = try Bench { _ in .ok(Bench.answer("another")) }
        other.recipe.url = bench.recipe.url
        let journal = try MappedFile(bench.journal).contents
        // The lines in another order, as other threads would have brought them.
        let lines = journal.split(separator: UInt8(ascii: "\n"))
        let turned = [lines[0]] + lines.dropFirst().reversed()
        try AtomicFile.write(turned.flatMap { $0 + [UInt8(ascii: "\n")] }, to: other.journal)
        #expect(try other.ask(4) == first)
        #expect(bench.server.requests.count == 4)
    }
}
