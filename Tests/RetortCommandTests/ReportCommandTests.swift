import Foundation
import RetortFiles
import Testing

@testable import RetortCommand

@Suite("retort report")
struct ReportCommandTests {
    private let folder = FileManager.default.temporaryDirectory
        .appending(path: "retort-report-\(UUID().uuidString)").path

    private func run(_ name: String) throws -> String {
        let path = folder + "/" + name
        try Folder.create(path)
        let lines =
            "{\"step\":1,\"loss\":2,\"soft_loss\":1}\n{\"step\":2,\"loss\":1,\"soft_loss\":1}\n"
        try AtomicFile.write(Array(lines.utf8), to: path + "/metrics.jsonl")
        try AtomicFile.write(Array("task: sft\n".utf8), to: path + "/recipe.yaml")
        return path
    }

    @Test("writes a page for several runs")
    func page() throws {
        defer { try? Folder.remove(folder) }
        let output = folder + "/report.html"
        let outcome = Outcome(["report", try run("a"), try run("b"), "--output", output])
        #expect(outcome.code == .success)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.hasPrefix("\(output): "))
        let page = String(decoding: try MappedFile(output).contents, as: UTF8.self)
        #expect(page.contains("id=\"show-1\""))
        #expect(page.contains("id=\"chart-soft_loss\""))
    }

    @Test("writes one chart as SVG")
    func picture() throws {
        defer { try? Folder.remove(folder) }
        let output = folder + "/loss.svg"
        let outcome = Outcome(
            ["report", try run("a"), "--chart", "soft_loss", "--output", output])
        #expect(outcome.code == .success)
        #expect(String(decoding: try MappedFile(output).contents, as: UTF8.self).contains("<svg"))
        let absent = Outcome(
            ["report", try run("a"), "--chart", "validation", "--output", output])
        #expect(absent.code == .failure)
        #expect(absent.errors.contains("No run has recorded validation; there is loss, soft_loss."))
    }

    @Test(
        "refuses command lines that make no sense",
        arguments: [
            ["report"], ["report", "--output", "a.html"], ["report", "run"],
            ["report", "run", "--output", "a.svg"],
            ["report", "run", "--chart", "loss", "--output", "a.html"],
            ["report", "run", "--chart", "nonsense", "--output", "a.svg"],
            ["report", "run", "--chart", "loss", "--output", "a.svg", "--answers", "x"],
        ])
    func usage(_ words: [String]) {
        #expect(Outcome(words).code == .usage)
    }

    @Test("leaves no file where a run is not there")
    func missing() {
        let outcome = Outcome(["report", "/no/such/run", "--output", folder + "/report.html"])
        #expect(outcome.code == .failure)
        #expect(outcome.errors == "retort: /no/such/run: no such file; check the path.\n")
        #expect(!Folder.exists(folder))
    }
}
