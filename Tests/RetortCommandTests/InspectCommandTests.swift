import Foundation
import RetortFiles
import Testing

@testable import RetortCommand

@Suite("retort inspect")
struct InspectCommandTests {
    private let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../Fixtures/yaml").standardized.path

    @Test("accepts a recipe and warns of files that are not there")
    func recipe() throws {
        let outcome = Outcome(["inspect", "--verify", folder + "/good.yaml"])
        #expect(outcome.code == .success)
        #expect(outcome.output.contains("max_steps: 100\n"))
        #expect(outcome.errors.contains("model.path is ./tiny, which does not exist here"))
        let json = Outcome(["inspect", folder + "/good.yaml", "--json"]).output
        let value = try JSONParser.parse(String(json.dropLast()))
        #expect(value["kind"]?.string == "recipe")
        #expect(value["recipe"]?["adapter"]?["rank"]?.integer == 8)
    }

    @Test("says in one line what is wrong, and nothing else")
    func refused() {
        let outcome = Outcome(["inspect", "--verify", folder + "/unknown_key.yaml"])
        #expect(outcome.code == .failure)
        #expect(outcome.output.isEmpty)
        #expect(
            outcome.errors
                == "retort: \(folder)/unknown_key.yaml:5: unknown key adapter.alhpa; "
                + "did you mean alpha?\n")
    }

    @Test("refuses what is not there or not known", arguments: ["/no/such/file", "/dev/null"])
    func unknown(_ path: String) {
        let outcome = Outcome(["inspect", path])
        #expect(outcome.code == .failure)
        #expect(outcome.errors.hasPrefix("retort: \(path): "))
        #expect(outcome.errors.filter { $0 == "\n" }.count == 1)
    }
}
