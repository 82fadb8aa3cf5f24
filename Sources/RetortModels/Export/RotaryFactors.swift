#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

extension RotaryDescription {
    /// By what each pair's frequency is divided: how GGUF files store Llama 3.1's scaling.
    var frequencyFactors: [Float] {
        var plain = self
        plain.scaling = .none
        return zip(plain.frequencies(batchLength: 1), frequencies(batchLength: 1)).map {
            Float($0 / $1)
        }
    }

    /// The scaling by a rule that stored factors come from: linear or Llama 3.1's.
    ///
    /// Of a pair that turns `t` times per token the rule takes `smooth = (L t - low) / (high - low)`,
    /// cut to 0 to 1, and divides by `1 / (smooth + (1 - smooth) / factor)`. Only `L : low : high`
    /// counts, so low is 1. Two pairs between the ends give the other two; of one, or none, `high` is
    /// taken to be 4, as published.
    ///
    /// - Returns: nil if neither rule gives these factors.
    var inferredScaling: Scaling? {
        guard case .perPair(let factors) = scaling, let factor = factors.max(), factor >= 1 else {
            return nil
        }
        var plain = self
        plain.scaling = .none
        let turns = plain.frequencies(batchLength: 1).map { $0 / (2 * .pi) }
        if factors.allSatisfy({ $0 == factor }) {
            return factor == 1 ? Scaling.none : .linear(factor: Double(factor))
        }
        let pairs = zip(turns, factors).map { (turns: $0, factor: Double($1)) }
        let lengths = Self.lengths(pairs, factor: Double(factor))
        for (high, length) in lengths {
            let rounded = length.rounded()
            guard (1...1e9).contains(rounded), high > 1, high.isFinite else { continue }
            var tried = self
            tried.scaling = .llama3(
                factor: Double(factor), lowFrequencyFactor: 1, highFrequencyFactor: high,
                trainedLength: Int(rounded))
            let isSame = zip(tried.frequencyFactors, factors).allSatisfy {
                abs($0 - $1) <= 1e-4 * abs($1)
            }
            if isSame { return tried.scaling }
        }
        return nil
    }

    /// Candidates for Llama 3.1's rule: its upper bound and the trained length.
    private static func lengths(
        _ pairs: [(turns: Double, factor: Double)], factor: Double
    ) -> [(high: Double, length: Double)] {
        let smooth = pairs.filter { $0.factor > 1.0001 && $0.factor < factor * 0.9999 }.map {
            (turns: $0.turns, part: (1 / $0.factor - 1 / factor) / (1 - 1 / factor))
        }
        guard let first = smooth.first else {
            let kept = pairs.filter { $0.factor <= 1.0001 }.map(\.turns).min() ?? 1
            let divided = pairs.filter { $0.factor > 1.0001 }.map(\.turns).max() ?? kept / 8
            // Between 4 / kept and 1 / divided turns.
            return [(4, 8192), (4, (4 / (kept * divided)).squareRoot())]
        }
        var found = [(high: 4.0, length: (3 * first.part + 1) / first.turns)]
        if let last = smooth.last, last.turns < first.turns {
            // part = (L · turns - 1) / (high - 1) at both.
            let slope = (first.part - last.part) / (first.turns - last.turns)
            let offset = first.part - slope * first.turns
            found.append((1 - 1 / offset, slope * -1 / offset))
        }
        return found
    }
}
