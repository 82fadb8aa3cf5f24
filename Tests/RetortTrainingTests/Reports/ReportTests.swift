import RetortTraining
import Testing

@Suite("Humanized numbers")
struct HumanizedTests {
    @Test(
        "counts have commas",
        arguments: [
            (0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567"),
            (Int.min, "-9,223,372,036,854,775,808"),
        ])
    func count(_ value: Int, _ text: String) { #expect(Humanized.count(value) == text) }

    @Test(
        "large counts have three digits",
        arguments: [
            (0, "0"), (960, "960"), (999, "999"), (1000, "1.00 k"), (4_884_480, "4.88 M"),
            (134_515_008, "135 M"), (999_999, "1.00 M"), (70_000_000_000, "70.0 G"),
        ])
    func short(_ value: Int, _ text: String) { #expect(Humanized.short(value) == text) }

    @Test(
        "sizes are in powers of 1024",
        arguments: [
            (0, "0 B"), (512, "512 B"), (1023, "1.00 KiB"), (1536, "1.50 KiB"),
            (96_154_419, "91.7 MiB"), (2 << 30, "2.00 GiB"), (Int.max, "8192 PiB"),
        ])
    func bytes(_ value: Int, _ text: String) { #expect(Humanized.bytes(value) == text) }

    @Test(
        "times have two units",
        arguments: [
            (0, "0 s"), (0.0123, "12.3 ms"), (0.9999, "1.0 s"), (8.44, "8.4 s"),
            (59.96, "1 min 00 s"),
            (127, "2 min 07 s"), (3599.6, "1 h 00 min"), (3900, "1 h 05 min"), (86399, "1 d 00 h"),
            (100_000, "1 d 04 h"), (-3, "-3.0 s"), (.infinity, "?"), (.nan, "?"),
        ] as [(Double, String)])
    func duration(_ seconds: Double, _ text: String) {
        #expect(Humanized.duration(seconds: seconds) == text)
    }

    @Test(
        "rates have three leading digits",
        arguments: [
            (0, "0"), (0.001, "0.001"), (0.000970468, "0.00097"), (5e-6, "5e-06"), (1, "1"),
            (0.99999, "1"), (1.23456e-7, "1.23e-07"), (-0.25, "-0.25"), (1234, "1234"),
            (2.5e9, "2.5e+09"), (9.999e-8, "1e-07"),
        ])
    func rate(_ value: Double, _ text: String) { #expect(Humanized.rate(value) == text) }

    @Test(
        "fixed numbers are rounded",
        arguments: [(1.005, 1, "1.0"), (0.05, 1, "0.1"), (-0.001, 2, "0.00"), (12.5, 0, "13")])
    func fixed(_ value: Double, _ digits: Int, _ text: String) {
        #expect(Humanized.fixed(value, digits) == text)
    }
}

@Suite("Loss curve")
struct LossCurveTests {
    @Test("falls from the first step to the last")
    func falling() {
        let curve = LossCurve((0..<8).map { ($0 + 1, 4.0 - 0.5 * Double($0)) })
        #expect(
            curve.text(width: 8, height: 2) == """
                4.000 ┤█▆▄▂
                0.500 ┤████▇▅▃▁
                       step 1 8
                """)
    }

    @Test("puts many steps into the width")
    func wide() {
        let curve = LossCurve((0..<1000).map { ($0, 3.0 / (1 + Double($0) / 100)) })
        let lines = curve.text(width: 40, height: 5).split(separator: "\n")
        #expect(lines.count == 6)
        #expect(lines.allSatisfy { $0.count <= 47 })
        #expect(lines[5].hasSuffix("999"))
    }

    @Test("has a line for a loss that does not move, and none for nothing")
    func degenerate() {
        #expect(LossCurve([(0, 1.0), (1, 1.0)]).text(width: 9, height: 1).contains("▁▁"))
        #expect(LossCurve([]).text().isEmpty)
        #expect(LossCurve([(0, 1.0)]).text().isEmpty)
        #expect(LossCurve([(0, .nan), (1, 2.0)]).text().isEmpty)
        let huge = LossCurve([(0, 1.7e308), (1, 1.7e308), (2, -1.7e308), (3, 1.7e308)])
        #expect(!huge.text(width: 4).isEmpty)
    }
}
