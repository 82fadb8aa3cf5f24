import FoundationXML
import Foundation
import Testing

@testable import RetortTraining

@Suite("Line chart")
struct LineChartTests {
    private func chart(
        _ values: [Double], smooth: Bool = false, kind: AxisScale.Kind = .linear
    ) -> LineChart {
        let course = smooth ? Smoothing.means(of: values, width: 3) : nil
        return LineChart(
            x: LineChart.Axis(name: "steps", isWhole: true),
            y: LineChart.Axis(name: "Loss", unit: "nats", kind: kind),
            series: [
                ChartSeries(
                    name: "a <run> & \"more\"", style: 0,
                    points: values.enumerated().map {
                        ChartPoint(x: Double($0 + 1), y: $1, smooth: course?[$0])
                    })
            ])
    }

    @Test(
        "is well-formed and stays in its box, whatever the values",
        arguments: [
            [], [1], [.nan], [1, 2, 3], [2, 2, 2], [-1, 1], [1e308, -1e308, 3], [0, 1e-300, 0],
            [1, .nan, 2, .infinity, -.infinity, 3], [.nan, 4], [4, .nan],
            (0..<500).map { Double($0 % 7) * 1e-5 },
        ] as [[Double]], [AxisScale.Kind.linear, .logarithmic])
    func wellFormed(_ values: [Double], _ kind: AxisScale.Kind) throws {
        for smooth in [false, true] {
            let chart = chart(values, smooth: smooth, kind: kind)
            for markup in [chart.svg(.wide), chart.svg(.small), chart.standaloneSVG] {
                let picture = try Picture(markup.text)
                let lines = picture.paths("line") + picture.paths("trace")
                #expect(lines.isEmpty == false)
                #expect(picture.points(of: lines).allSatisfy(picture.isInside))
                let hasValues = values.contains { $0.isFinite }
                #expect(chart.isEmpty == !hasValues)
                #expect(picture.points(of: lines).isEmpty == !hasValues)
                #expect(!markup.text.contains("nan") && !markup.text.contains("inf"))
            }
        }
    }

    @Test("breaks a line where values are not finite, and marks where that begins")
    func gaps() throws {
        let chart = chart([1, 2, .nan, .nan, 3, 4, .infinity])
        let picture = try Picture(chart.svg(.wide).text)
        #expect(picture.paths("line").map { $0.filter { $0 == "M" }.count } == [2])
        #expect(chart.series[0].gaps == [3, 7])
        #expect(picture.paths("cross").map { $0.filter { $0 == "M" }.count } == [4])
        #expect(chart.summary.hasSuffix("; not finite from 3 on."))
    }

    @Test("draws a value alone between gaps as a dot")
    func alone() throws {
        let values = (0..<200).map { $0 == 100 ? 5.0 : $0 < 99 ? 1.0 : .nan }
        let path = try #require(try Picture(chart(values).svg(.wide).text).paths("line").first)
        #expect(path.hasSuffix("l0 0"))
    }

    @Test("marks values one by one only where they are apart")
    func marks() {
        func count(_ values: Int, smooth: Bool = false) -> Int {
            chart((0..<values).map(Double.init), smooth: smooth).svg(.wide).text
                .split(separator: "<circle", omittingEmptySubsequences: false).count - 1
        }
        #expect(count(1) == 1)
        #expect(count(40) == 40)
        #expect(count(400) == 0)
        #expect(count(40, smooth: true) == 0)
    }

    @Test("is described in words, its names escaped")
    func words() throws {
        let chart = chart([3, 1, 2])
        #expect(
            chart.summary == "Loss, nats, over steps. a <run> & \"more\": 3 at 1, 2 at 3; "
                + "lowest 1 at 2, highest 3 at 1.")
        #expect(try Picture(chart.svg(.wide).text).label == chart.summary)
    }

    @Test("does not let a single value near 0 decide a logarithmic scale")
    func outlier() {
        var values = (0..<200).map { 1 + Double($0 % 3) }
        values[50] = 1e-9
        #expect(chart(values, smooth: true, kind: .logarithmic).yScale.low > 0.1)
        #expect(chart(values, kind: .logarithmic).yScale.low < 1e-9)
    }

    @Test("puts points where their values lie")
    func places() throws {
        let picture = try Picture(chart([0, 10, 5]).svg(.wide).text)
        let points = picture.points(of: picture.paths("line"))
        try #require(points.count >= 3)
        // The y axis goes from -0.4 to 10.4, the x axis from 1 to 3.
        #expect(abs(points[0].y - (picture.top + picture.height * 10.4 / 10.8)) < 0.2)
        #expect(abs(points[1].y - (picture.top + picture.height * 0.4 / 10.8)) < 0.2)
        #expect(abs(points[1].x - (picture.left + picture.width / 2)) < 0.2)
        #expect(abs(points[2].x - (picture.left + picture.width)) < 0.2)
    }

    @Test("does not add up roundings along a path")
    func roundings() {
        var path = SVGPath()
        path.move(x: 0, y: 0)
        for step in 1...10_000 { path.line(x: Double(step) * 0.033, y: -0.04) }
        let last = Picture.points(of: path.text).last
        #expect(abs((last?.x ?? 0) - 330) < 0.06)
        #expect(abs((last?.y ?? 1)) < 0.06)
    }
}

/// What an SVG text says, read by an XML parser.
private final class Picture: NSObject, XMLParserDelegate {
    private var found: [(name: String, path: String)] = []
    private var frame: [Double] = []
    private(set) var label = ""
    var left: Double { frame[0] }
    var top: Double { frame[1] }
    var width: Double { frame[2] }
    var height: Double { frame[3] }

    struct Malformed: Error { let reason: String }

    init(_ text: String) throws {
        super.init()
        let parser = XMLParser(data: Data(text.utf8))
        parser.delegate = self
        guard parser.parse(), frame.count == 4 else {
            throw Malformed(reason: "\(String(describing: parser.parserError))")
        }
    }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
        qualifiedName: String?, attributes: [String: String]
    ) {
        if name == "svg" {
            frame = (attributes["data-plot"] ?? "").split(separator: " ").compactMap { Double($0) }
            label = attributes["aria-label"] ?? ""
        }
        if name == "path" { found.append((attributes["class"] ?? "", attributes["d"] ?? "")) }
    }

    func paths(_ name: String) -> [String] { found.filter { $0.name == name }.map(\.path) }

    func points(of paths: [String]) -> [(x: Double, y: Double)] { paths.flatMap(Self.points) }

    func isInside(_ point: (x: Double, y: Double)) -> Bool {
        point.x >= left - 0.11 && point.x <= left + width + 0.11 && point.y >= top - 0.11
            && point.y <= top + height + 0.11
    }

    /// The places that a path of `M` and `l` goes through; not a number if it is none.
    static func points(of path: String) -> [(x: Double, y: Double)] {
        var points: [(x: Double, y: Double)] = []
        var command: Character = " ", number = "", numbers: [Double] = []
        func flush() {
            if !number.isEmpty { numbers.append(Double(number) ?? .nan) }
            number = ""
            guard numbers.count == 2 else { return }
            let last = command == "l" ? points.last ?? (.nan, .nan) : (0, 0)
            points.append((last.0 + numbers[0], last.1 + numbers[1]))
            numbers = []
        }
        for character in path {
            switch character {
            case "M", "l":
                flush()
                command = character
            case " ": flush()
            case "-":
                flush()
                number = "-"
            default: number.append(character)
            }
        }
        flush()
        return points
    }
}
