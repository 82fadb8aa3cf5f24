import Foundation
import RetortFiles
import Testing

@testable import RetortTraining

/// Charts of the documentation that are drawn from a table beside them.
@Suite("Charts of the documentation")
struct DocumentedChartTests {
    @Test("the trade-off between learning and forgetting is drawn from its table")
    func forgetting() throws {
        let page = try String(decoding: MappedFile("Docs/Distillation.md").contents, as: UTF8.self)
        let rows = page.split(separator: "\n").map {
            $0.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        guard let head = rows.firstIndex(where: { $0.first == "`alpha`, one epoch" }) else {
            Issue.record("Docs/Distillation.md has no table over alpha")
            return
        }
        let points = rows[(head + 2)...].prefix { $0.count == 3 }.compactMap { row in
            Double(row[1]).flatMap { x in Double(row[2]).map { ChartPoint(x: x, y: $0) } }
        }
        #expect(points.count >= 5)
        let chart = LineChart(
            x: LineChart.Axis(name: "requests answered exactly, %"),
            y: LineChart.Axis(name: "Perplexity on GSM8K", kind: .logarithmic),
            series: [
                ChartSeries(
                    name: "alpha", style: 0, form: .markers, points: points.sorted { $0.x < $1.x })
            ])
        let fresh = chart.standaloneSVG.text, path = "Docs/Pictures/forgetting.svg"
        let found = (try? MappedFile(path)).map { String(decoding: $0.contents, as: UTF8.self) }
        if found != fresh {
            let place = FileManager.default.temporaryDirectory.path + "/forgetting.svg"
            try fresh.write(toFile: place, atomically: true, encoding: .utf8)
            Issue.record("\(path) is not what the table says; \(place) is.")
        }
    }
}
