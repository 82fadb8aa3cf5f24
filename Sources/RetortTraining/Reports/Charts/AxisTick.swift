import Glibc

/// A value that is written beside an axis.
struct AxisTick: Sendable, Equatable {
    /// The value.
    let value: Double
    /// How it is written.
    let label: String
}

extension AxisScale {
    /// Round values on the scale.
    ///
    /// - Parameters:
    ///   - count: About how many; there may be half as many or twice as many.
    ///   - isWhole: Whether only whole numbers have a meaning.
    /// - Returns: At least one tick, in rising order, all within the scale.
    func ticks(about count: Int, isWhole: Bool = false) -> [AxisTick] {
        if kind == .logarithmic, let ticks = logarithmicTicks(about: max(count, 2)) { return ticks }
        let raw = (high / 2 - low / 2) / Double(max(count, 1)) * 2
        let step = max(Self.roundStep(near: raw), isWhole ? 1 : 0)
        let first = (low / step).rounded(.up)
        let last = (high / step).rounded(.down)
        // Values that are huge beside their range have no round ones between them.
        guard step.isFinite, step > 0, first.magnitude < 0x1p53, last.magnitude < 0x1p53,
            last >= first, last - first < 100
        else {
            return [low, high].map { AxisTick(value: $0, label: ChartNumber.text($0)) }
        }
        let values = (0...Int(last - first)).map { (first + Double($0)) * step }
        return zip(values, ChartNumber.labels(values, step: step)).map(AxisTick.init)
    }

    /// The number nearest in ratio that is 1, 2 or 5 times a power of ten.
    private static func roundStep(near raw: Double) -> Double {
        guard raw > 0 else { return 0 }
        let power = pow(10, log10(raw).rounded(.down))
        let part = raw / power
        let factor = part < 2.0.squareRoot() ? 1.0 : part < 10.0.squareRoot() ? 2 : 5
        return (part < 50.0.squareRoot() ? factor : 10) * power
    }

    /// Powers of ten, or with 2 and 5 between them where there are few; nil if those are few too.
    private func logarithmicTicks(about count: Int) -> [AxisTick]? {
        let first = Int(log10(low).rounded(.up))
        let last = Int(log10(high).rounded(.down))
        var values: [Double]
        if last - first >= 2 {
            // Up to half as many again as wanted rather than every other power.
            let stride = max(1, (2 * (last - first + 1) + 3 * count - 1) / (3 * count))
            values = Swift.stride(from: first, through: last, by: stride).map(Self.power)
        } else {
            values = (first - 1...max(last, first)).flatMap { exponent in
                [1, 2, 5].map { $0 * Self.power(exponent) }
            }
        }
        values = values.filter { $0 >= low && $0 <= high }
        guard values.count > 1 else { return nil }
        return values.map { AxisTick(value: $0, label: ChartNumber.text($0)) }
    }

    private static func power(_ exponent: Int) -> Double { pow(10, Double(exponent)) }
}
