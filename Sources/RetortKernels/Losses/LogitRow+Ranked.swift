extension LogitRow {
    /// Universal logit distillation (arXiv:2402.12030): distance of the two distributions' sorted
    /// probabilities, for teachers with another vocabulary.
    ///
    /// - Parameters:
    ///   - teacher: The teacher's logits; used up.
    ///   - teacherCount: Their number.
    ///   - temperature: Divides both sides' logits.
    ///   - scale: Factor of the gradient.
    /// - Returns: `Σ |sorted p - sorted q|`, the shorter filled up with zeros. The row's logits are
    ///   used up.
    public func ranked(
        teacher: UnsafeMutablePointer<Float>, teacherCount: Int, temperature: Float, scale: Float
    ) -> Float {
        probabilities(teacher, teacherCount, temperature)
        let sorted = Ranking(teacher, teacherCount).keys.map { Float(bitPattern: $0) }
        return ranked(teacher: sorted, tailMass: nil, temperature: temperature, scale: scale)
    }

    /// The same for probabilities that are sorted already, such as the stored top of a distribution.
    ///
    /// - Parameters:
    ///   - sorted: The teacher's probabilities, largest first.
    ///   - tailMass: Probability of all that is not among them, compared in one piece with what the
    ///     student gives to the ranks behind; nil if nothing was left out.
    ///   - temperature: Divides the student's logits.
    ///   - scale: Factor of the gradient.
    /// - Returns: The distance. The row's logits are used up.
    public func ranked(
        teacher sorted: [Float], tailMass: Float?, temperature: Float, scale: Float
    ) -> Float {
        probabilities(logits, count, temperature)
        let own = Ranking(logits, count)
        let compared = min(count, sorted.count)
        var loss: Float = 0, mean: Float = 0, rest: Float = 0
        for rank in 0..<compared {
            let q = Float(bitPattern: own.keys[rank]), p = sorted[rank]
            loss += abs(p - q)
            mean += q * Self.sign(q - p)
        }
        for rank in compared..<count { rest += Float(bitPattern: own.keys[rank]) }
        let missing = (tailMass ?? 0) + sorted[compared...].reduce(0, +)
        let restSign = Self.sign(rest - missing)
        loss += abs(missing - rest)
        mean += rest * restSign
        guard let gradient else { return loss }
        // The sign of every rank goes back through the sort to the token that stands there.
        let factor = scale / temperature
        for (rank, key) in own.keys.enumerated() {
            let q = Float(bitPattern: key)
            let sign = rank < compared ? Self.sign(q - sorted[rank]) : restSign
            gradient[Int(own.places[rank])] += q * (sign - mean) * factor
        }
        return loss
    }

    private static func sign(_ x: Float) -> Float { x > 0 ? 1 : x < 0 ? -1 : 0 }

    private func probabilities(
        _ x: UnsafeMutablePointer<Float>, _ count: Int, _ temperature: Float
    ) {
        LogSum(x, count, temperature: temperature, level).probabilities(x, count, into: x, level)
    }
}

/// Probabilities in falling order, equal ones in the order of their tokens.
private struct Ranking {
    /// Bit patterns, which sort as the numbers do: none is negative.
    var keys: [UInt32]
    /// The token of each.
    var places: [UInt32]

    /// Sorts by three digits of eleven bits, lowest first.
    init(_ values: UnsafePointer<Float>, _ count: Int) {
        keys = (0..<count).map { values[$0].bitPattern }
        places = (0..<UInt32(count)).map { $0 }
        var otherKeys = keys, otherPlaces = places
        for shift in [UInt32(0), 11, 22] {
            var starts = [Int](repeating: 0, count: 2049)
            for key in keys { starts[2047 - Int((key >> shift) & 2047) + 1] += 1 }
            for digit in 1...2048 { starts[digit] += starts[digit - 1] }
            for index in 0..<count {
                let digit = 2047 - Int((keys[index] >> shift) & 2047)
                otherKeys[starts[digit]] = keys[index]
                otherPlaces[starts[digit]] = places[index]
                starts[digit] += 1
            }
            swap(&keys, &otherKeys)
            swap(&places, &otherPlaces)
        }
    }
}
