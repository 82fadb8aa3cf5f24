import Glibc

/// The course of noisy values.
enum Smoothing {
    /// Means in which a neighbour `k` places away, before or after, has the weight `exp(-k / width)`.
    ///
    /// Since both sides count, the course does not lag behind the values. What is not finite has
    /// no weight and stays what it is.
    ///
    /// - Parameters:
    ///   - values: The values, in order.
    ///   - width: The distance at which the weight has fallen to `1/e`.
    /// - Returns: As many means.
    static func means(of values: [Double], width: Double) -> [Double] {
        let decay = exp(-1 / max(width, 1e-3))
        // Sums in the range of 1 can neither overflow nor vanish.
        let unit = max(values.lazy.filter(\.isFinite).map(\.magnitude).max() ?? 1, 1e-300)
        let before = sums(values.lazy.map { $0 / unit }, decay)
        let after = sums(values.reversed().lazy.map { $0 / unit }, decay).reversed()
        return zip(values, zip(before, after)).map { value, sums in
            guard value.isFinite else { return value }
            let (before, after) = sums
            // The value itself is in both.
            let sum = before.sum + after.sum - value / unit
            return sum / (before.weight + after.weight - 1) * unit
        }
    }

    private static func sums(
        _ values: some Sequence<Double>, _ decay: Double
    ) -> [(sum: Double, weight: Double)] {
        var sum = 0.0, weight = 0.0
        return values.map { value in
            sum = sum * decay + (value.isFinite ? value : 0)
            weight = weight * decay + (value.isFinite ? 1 : 0)
            return (sum, weight)
        }
    }
}
