import RetortFiles
import Testing

@testable import RetortTraining

@Suite("Metrics table")
struct MetricsTableTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    private func table(_ text: String, maximumCount: Int = 1000) throws -> MetricsTable {
        try MetricsTable(try folder.write(text, to: "metrics.jsonl"), maximumCount: maximumCount)
    }

    @Test("reads what training writes")
    func written() throws {
        let steps = (1...3).map {
            StepMetrics(
                step: $0, epoch: 1, loss: 3 / Double($0), gradientNorm: 1, learningRate: 1e-3,
                tokens: 100, supervisedTokens: 40, seconds: 0.5)
        }
        let lines = steps.map { $0.json.serialized() + "\n" }.joined()
        let table = try table(lines + "{\"step\":3,\"epoch\":1,\"validation_loss\":1.5}\n")
        #expect(table.steps == [1, 2, 3])
        #expect(table["loss"]?.values == [3, 1.5, 1])
        #expect(table["tokens_per_second"]?.values == [200, 200, 200])
        #expect(table["peak_rss_mib"]?.values.count == 3)
        #expect(table.sums(of: "tokens") == [100, 200, 300])
        #expect(table.validations == [MetricsTable.Validation(step: 3, loss: 1.5)])
        #expect(table.lossParts.isEmpty)
        #expect(table.notes.isEmpty)
    }

    @Test("takes every number whose key ends in _loss as a part of the loss, and no other key")
    func parts() throws {
        let table = try table(
            """
            {"step":1,"loss":2,"soft_loss":3,"hard_loss":1,"new_key":7,"text_loss":"x"}
            {"step":2,"loss":2,"hard_loss":1,"hidden_loss":5}

            """)
        #expect(table.lossParts == ["soft_loss", "hard_loss", "hidden_loss"])
        #expect(table["soft_loss"]?.rows == [0])
        #expect(table["hidden_loss"]?.rows == [1])
        #expect(table["new_key"] == nil)
        #expect(table.notes.isEmpty)
    }

    @Test("leaves out what is no line of metrics, and says so once")
    func damaged() throws {
        let long = String(repeating: "x", count: 70_000)
        let table = try table(
            """
            {"step":1,"loss":2}
            nonsense
            [1]
            {"step":0,"loss":2}
            {"step":9000000000000000000,"loss":2}
            {"step":1.5,"loss":2}
            {"step":2}
            \(long)
            \t
            {"step":2,"loss":1}
            {"step":3,"lo
            """)
        #expect(table.steps == [1, 2])
        #expect(
            table.notes == [
                "The last line of metrics.jsonl was cut short and is left out.",
                "metrics.jsonl has 7 lines without the metrics of a step, the first in line 2; "
                    + "they are left out.",
            ])
    }

    @Test("reads a last line without a line feed if it is whole")
    func unended() throws {
        #expect(try table("{\"step\":1,\"loss\":2}").steps == [1])
    }

    @Test("keeps values that are not finite as such")
    func notFinite() throws {
        let table = try table(
            """
            {"step":1,"loss":NaN,"grad_norm":Infinity}
            {"step":2,"loss":null}
            {"step":2,"validation_loss":NaN}

            """)
        #expect(table["loss"]?.values.allSatisfy(\.isNaN) == true)
        #expect(table["loss"]?.values.count == 2)
        #expect(table["grad_norm"]?.values == [.infinity])
        #expect(table.validations.first?.loss.isNaN == true)
    }

    @Test("lets a step that comes again replace what stood from there on")
    func resumed() throws {
        let table = try table(
            """
            {"step":1,"loss":9}
            {"step":2,"loss":8,"soft_loss":1}
            {"step":2,"validation_loss":7}
            {"step":3,"loss":7}
            {"step":2,"loss":6}

            """)
        #expect(table.steps == [1, 2])
        #expect(table["loss"]?.values == [9, 6])
        #expect(table["soft_loss"] == nil)
        #expect(table.validations.isEmpty)
    }

    @Test("counts recorded steps for those between them, and says that it does")
    func sparse() throws {
        let table = try table(
            """
            {"step":10,"loss":2,"tokens":100}
            {"step":20,"loss":2,"tokens":200}
            {"step":25,"loss":2,"tokens":9223372036854775807}

            """)
        #expect(table.sums(of: "tokens")?.prefix(2) == [1000, 3000])
        #expect(table.sums(of: "tokens")?.allSatisfy(\.isFinite) == true)
        #expect(table.notes.count == 1)
    }

    @Test("is bounded in lines and in parts")
    func bounds() throws {
        let lines = (1...50).map { "{\"step\":\($0),\"loss\":1,\"p\($0)_loss\":1}\n" }.joined()
        let few = try table(lines, maximumCount: 20)
        #expect(few.steps.count == 20)
        #expect(few.notes.contains { $0.contains("more than 20 lines") })
        #expect(try table(lines).lossParts.count < 50)
    }

    @Test("is empty for a file without bytes, and refuses one that is not there")
    func absent() throws {
        #expect(try table("").steps.isEmpty)
        #expect(throws: FileError.missing(path: "/no/such/file")) {
            try MetricsTable("/no/such/file")
        }
    }
}
