import Glibc

/// How values lie along an axis: the lowest at 0, the highest at 1.
struct AxisScale: Sendable, Equatable {
    /// The kinds of scale.
    enum Kind: Sendable, Equatable {
        /// Equal differences are equal distances.
        case linear
        /// Equal ratios are equal distances; what is not above 0 lies at the lower end.
        case logarithmic
    }

    /// The kind of scale.
    let kind: Kind
    /// The value at 0 and that at 1: finite, and the first is below the second.
    let low, high: Double

    /// Makes room for values.
    ///
    /// - Parameters:
    ///   - values: What must find a place; those that are not finite are left out.
    ///   - kind: The kind of scale.
    ///   - includesZero: Whether a linear scale begins (or ends) at 0.
    ///   - margin: The part of the range that is added at both ends, but not at a zero.
    init(_ values: [Double], kind: Kind, includesZero: Bool = false, margin: Double = 0.04) {
        self.kind = kind
        switch kind {
        case .linear: (low, high) = Self.linear(values, includesZero, margin)
        case .logarithmic: (low, high) = Self.logarithmic(values, margin)
        }
    }

    private static func linear(
        _ values: [Double], _ includesZero: Bool, _ margin: Double
    ) -> (Double, Double) {
        let finite = values.filter(\.isFinite)
        guard var low = finite.min(), var high = finite.max() else { return (0, 1) }
        if includesZero { (low, high) = (min(low, 0), max(high, 0)) }
        let magnitude = max(low.magnitude, high.magnitude)
        // Halved, so that the range of huge values cannot overflow.
        let half = high / 2 - low / 2
        guard half > magnitude * 1e-12 else {
            let room = magnitude > 1e-300 ? magnitude * 0.05 : includesZero ? 0 : 1
            return room > 0 ? limited(low - room, high + room) : (0, 1)
        }
        let room = 2 * margin * half
        return limited(
            includesZero && low == 0 ? 0 : low - room, includesZero && high == 0 ? 0 : high + room)
    }

    private static func logarithmic(_ values: [Double], _ margin: Double) -> (Double, Double) {
        let positive = values.filter { $0.isFinite && $0 > 0 }
        guard let low = positive.min(), let high = positive.max() else { return (1, 10) }
        let decades = log10(high) - log10(low)
        let factor = pow(10, decades < 1e-6 ? 0.5 : decades * margin)
        return (max(low / factor, .leastNonzeroMagnitude), min(high * factor, limit))
    }

    private static func limited(_ low: Double, _ high: Double) -> (Double, Double) {
        (max(low, -limit), min(high, limit))
    }

    private static let limit = Double.greatestFiniteMagnitude

    /// Where a value lies; nil if it is not finite.
    func position(of value: Double) -> Double? {
        guard value.isFinite else { return nil }
        let part =
            switch kind {
            case .linear: (value / 2 - low / 2) / (high / 2 - low / 2)
            case .logarithmic:
                value > 0 ? (log10(value) - log10(low)) / (log10(high) - log10(low)) : 0
            }
        return part.isNaN ? 0.5 : max(0, min(1, part))
    }
}
