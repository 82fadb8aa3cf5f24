import Foundation
import RetortFiles
import Testing

@testable import RetortCommand

@Suite("retort cache-targets")
struct CacheTargetsCommandTests {
    private let folder = FileManager.default.temporaryDirectory
        .appending(path: "retort-targets-\(UUID().uuidString)").path
    private let tiny = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Checkpoints/tiny").path

    /// A folder with data, which the body may fill.
    private func inFolder(_ body: (_ data: String, _ output: String) throws -> Void) throws {
        try Folder.create(folder)
        defer { try? Folder.remove(folder) }
        let lines = (1...3).map { #"{"text": "Light number \#($0) is on."}"# + "\n" }
        let data = folder + "/data.jsonl"
        try AtomicFile.write(Array(lines.joined().utf8), to: data)
        try body(data, folder + "/targets.h5")
    }

    @Test("writes a file that inspect accepts, and tells what is in it")
    func wholeRun() throws {
        try inFolder { data, output in
            let made = Outcome([
                "cache-targets", "--model", tiny, "--data", data, "--format", "text", "--tokens",
                "all", "--top-k", "5", "--threads", "1", "--output", output,
            ])
            #expect(made.code == .success)
            #expect(made.output.isEmpty)
            #expect(made.errors.contains("in 3 documents, read again and checked.\n"))
            #expect(try Folder.names(in: folder) == ["data.jsonl", "targets.h5"])
            let shown = Outcome(["inspect", "--verify", output, "--json"])
            #expect(shown.code == .success)
            let json = try JSONParser.parse(String(shown.output.dropLast()))
            #expect(json["kind"]?.string == "soft_targets")
            #expect(json["top_k"]?.integer == 5 && json["documents"]?.integer == 3)
            #expect(json["distilled_tokens"]?.string == "all")
            #expect(json["verified"]?.bool == true)
            let again = Outcome([
                "cache-targets", "--model", tiny, "--data", data, "--format", "text", "--output",
                output,
            ])
            #expect(again.code == .failure)
            #expect(
                again.errors
                    == "retort: \(output): exists already; name another path or remove it.\n")
        }
    }

    @Test("says in one sentence that there are not so many tokens")
    func tooMany() throws {
        try inFolder { data, output in
            let outcome = Outcome([
                "cache-targets", "--model", tiny, "--data", data, "--format", "text", "--top-k",
                "513", "--output", output,
            ])
            #expect(outcome.code == .failure)
            #expect(
                outcome.errors
                    == "retort: \(tiny): has 512 tokens in its vocabulary, fewer than --top-k 513; "
                    + "ask for fewer.\n")
        }
    }
}
