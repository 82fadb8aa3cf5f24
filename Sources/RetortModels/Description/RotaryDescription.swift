#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Rotary position embedding: frequencies per pair, and how they are scaled for long contexts.
public struct RotaryDescription: Sendable, Equatable, Hashable {
    /// Base of the frequencies' geometric series.
    public var base: Double
    /// Values of a head that turn, an even number.
    public var rotatedSize: Int
    /// How the frequencies are changed.
    public var scaling: Scaling = .none

    /// Kinds of scaling.
    public enum Scaling: Sendable, Equatable, Hashable {
        /// Frequencies as they are.
        case none
        /// All divided by a factor (position interpolation, arXiv:2306.15595).
        case linear(factor: Double)
        /// The base grows with the length of the batch beyond the trained one.
        case dynamic(factor: Double, trainedLength: Int)
        /// Low frequencies divided, high ones kept, blended between (Llama 3.1's rule).
        case llama3(
            factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double,
            trainedLength: Int)
        /// YaRN (arXiv:2309.00071): a ramp over the pairs, and scaled cosines and sines.
        case yarn(
            factor: Double, betaFast: Double, betaSlow: Double, trainedLength: Int,
            attentionFactor: Double, truncate: Bool)
        /// Each frequency divided by a factor of its own, as GGUF files store it.
        case perPair(factors: [Float])
    }

    /// Radians per position of every pair, for a batch of this length (largest position + 1).
    ///
    /// Computed in `Double`: a single-precision angle at position 10,000 is off by half a milliradian.
    public func frequencies(batchLength: Int) -> [Double] {
        let size = Double(rotatedSize), count = rotatedSize / 2
        var base = base
        if case .dynamic(let factor, let trained) = scaling {
            let length = Double(max(batchLength, trained))
            base *= pow(factor * length / Double(trained) - (factor - 1), size / (size - 2))
        }
        let plain = (0..<count).map { pow(base, -2 * Double($0) / size) }
        switch scaling {
        case .none, .dynamic: return plain
        case .linear(let factor): return plain.map { $0 / factor }
        case .perPair(let factors): return zip(plain, factors).map { $0 / Double($1) }
        case .llama3(let factor, let low, let high, let trained):
            return plain.map { frequency in
                let turns = Double(trained) * frequency / (2 * .pi)
                if turns < low { return frequency / factor }
                if turns > high { return frequency }
                let smooth = (turns - low) / (high - low)
                return (1 - smooth) * frequency / factor + smooth * frequency
            }
        case .yarn(let factor, let fast, let slow, let trained, _, let truncate):
            func pair(turning turns: Double) -> Double {
                size * log(Double(trained) / (turns * 2 * .pi)) / (2 * log(base))
            }
            var low = pair(turning: fast), high = pair(turning: slow)
            if truncate { (low, high) = (low.rounded(.down), high.rounded(.up)) }
            low = max(low, 0)
            high = min(high, size - 1)
            if low == high { high += 0.001 }
            return plain.enumerated().map { index, frequency in
                let ramp = min(max((Double(index) - low) / (high - low), 0), 1)
                return frequency / factor * ramp + frequency * (1 - ramp)
            }
        }
    }

    /// Factor of all cosines and sines.
    public var magnitude: Double {
        if case .yarn(_, _, _, _, let attentionFactor, _) = scaling { attentionFactor } else { 1 }
    }

    /// YaRN's magnitude where nothing else is said.
    static func usualMagnitude(yarnFactor factor: Double) -> Double {
        factor <= 1 ? 1 : 1 + 0.1 * log(factor)
    }

    /// Whether the frequencies depend on the length of the batch.
    var dependsOnLength: Bool {
        if case .dynamic = scaling { true } else { false }
    }
}
