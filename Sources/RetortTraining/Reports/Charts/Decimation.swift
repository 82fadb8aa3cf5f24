/// Chooses few of many values so that a line through them looks the same.
enum Decimation {
    /// The places of values that must be drawn.
    ///
    /// The values are cut into equal parts; each keeps its lowest and highest, and the first that
    /// is not finite, so that neither a spike nor a gap is lost. First and last stay.
    ///
    /// - Parameters:
    ///   - values: The values, in order.
    ///   - limit: About how many may be kept; at most half as many again and two are.
    /// - Returns: Rising places.
    static func places(in values: [Double], limit: Int) -> [Int] {
        guard values.count > max(limit, 4) else { return Array(values.indices) }
        let parts = max(limit / 2, 2)
        var places: [Int] = []
        for part in 0..<parts {
            let range = part * values.count / parts..<(part + 1) * values.count / parts
            places += kept(of: values, in: range)
        }
        if places.first != 0 { places.insert(0, at: 0) }
        if places.last != values.count - 1 { places.append(values.count - 1) }
        return places
    }

    private static func kept(of values: [Double], in range: Range<Int>) -> [Int] {
        var lowest: Int?, highest: Int?, broken: Int?
        for place in range {
            let value = values[place]
            guard value.isFinite else {
                broken = broken ?? place
                continue
            }
            if lowest.map({ value < values[$0] }) ?? true { lowest = place }
            if highest.map({ value > values[$0] }) ?? true { highest = place }
        }
        return Set([lowest, highest, broken].compactMap { $0 }).sorted()
    }
}
