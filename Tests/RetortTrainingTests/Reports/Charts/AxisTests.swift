import Testing

@testable import RetortTraining

@Suite("Axis")
struct AxisTests {
    private func labels(
        _ values: [Double], _ kind: AxisScale.Kind = .linear, about count: Int = 5,
        includesZero: Bool = false, isWhole: Bool = false
    ) -> [String] {
        AxisScale(values, kind: kind, includesZero: includesZero, margin: 0)
            .ticks(about: count, isWhole: isWhole).map(\.label)
    }

    @Test("has round ticks within the values")
    func round() {
        #expect(labels([0, 5000]) == ["0", "1,000", "2,000", "3,000", "4,000", "5,000"])
        #expect(labels([0.35, 2.9]) == ["0.5", "1.0", "1.5", "2.0", "2.5"])
        #expect(labels([-3, 2]) == ["-3", "-2", "-1", "0", "1", "2"])
        #expect(labels([0, 4_810_000]) == ["0 ", "1 M", "2 M", "3 M", "4 M"].map(\.trimmed))
        #expect(labels([0, 0.001]) == ["0", "2e-4", "4e-4", "6e-4", "8e-4", "1e-3"])
        #expect(labels([0, 1500], about: 3, includesZero: true) == ["0", "500", "1,000", "1,500"])
    }

    @Test("has whole ticks for steps")
    func whole() {
        #expect(labels([0, 3], isWhole: true) == ["0", "1", "2", "3"])
        let single = AxisScale([7], kind: .linear).ticks(about: 5, isWhole: true)
        #expect(single.map(\.label) == ["7"])
    }

    @Test("has powers of ten on a logarithmic scale, with 2 and 5 where there are few")
    func logarithmic() {
        #expect(labels([1e-4, 10], .logarithmic) == ["1e-4", "0.001", "0.01", "0.1", "1", "10"])
        #expect(labels([0.3, 8], .logarithmic) == ["0.5", "1", "2", "5"])
        #expect(labels([1e-300, 1e300], .logarithmic).count <= 8)
    }

    @Test("puts what is not above 0 at the lower end of a logarithmic scale")
    func zeros() {
        let scale = AxisScale([0, -4, 0.1, 10], kind: .logarithmic, margin: 0)
        #expect(scale.low == 0.1)
        #expect(scale.position(of: 0) == 0)
        #expect(scale.position(of: -4) == 0)
        #expect(abs((scale.position(of: 1) ?? 0) - 0.5) < 1e-12)
        #expect(AxisScale([0, -1], kind: .logarithmic).ticks(about: 4).count > 1)
    }

    @Test(
        "holds any values",
        arguments: [
            [], [0], [5], [-5], [.nan], [.infinity, 1], [1e308, -1e308], [5e-324],
            [5e-324, 1e-323],
            [1e16, 1e16 + 2], [1.7976931348623157e308], [-1e-310, 1e-310], [0, 1e-300],
            [123_456_789_012, 123_456_789_013], [1, 1 + 1e-15], [999_999.5, 1_000_000],
        ] as [[Double]], [AxisScale.Kind.linear, .logarithmic])
    func hostile(_ values: [Double], _ kind: AxisScale.Kind) {
        for includesZero in [false, true] {
            for isWhole in [false, true] {
                let scale = AxisScale(values, kind: kind, includesZero: includesZero)
                #expect(scale.low.isFinite && scale.high.isFinite && scale.low < scale.high)
                for value in values {
                    let position = scale.position(of: value)
                    #expect((position == nil) == !value.isFinite)
                    #expect(position.map { (0...1).contains($0) } ?? true)
                }
                let ticks = scale.ticks(about: 5, isWhole: isWhole)
                #expect(!ticks.isEmpty && ticks.count < 100)
                #expect(ticks.allSatisfy { $0.value >= scale.low && $0.value <= scale.high })
                #expect(ticks.allSatisfy { !$0.label.isEmpty && $0.label.count < 24 })
                #expect(zip(ticks, ticks.dropFirst()).allSatisfy { $0.value < $1.value })
            }
        }
    }
}

@Suite("Numbers beside a chart")
struct ChartNumberTests {
    @Test(
        "have four leading digits",
        arguments: [
            (2.31749, "2.317"), (0, "0"), (1204.4, "1,204"), (99_999, "99,999"),
            (3_512_345, "3.512 M"), (999_999, "1 M"), (2.5e-4, "2.5e-4"), (-0.125, "-0.125"),
            (0.99999, "1"), (4.2e12, "4.2 T"), (1e300, "1e300"), (5e-324, "4.941e-324"),
            (.nan, "NaN"), (-.infinity, "-∞"), (1e15, "1e15"), (0.00099999, "0.001"),
        ] as [(Double, String)])
    func text(_ value: Double, _ text: String) { #expect(ChartNumber.text(value) == text) }
}

extension String {
    fileprivate var trimmed: String { hasSuffix(" ") ? String(dropLast()) : self }
}
