import CKernels

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// One row of logits while its losses are computed, and the gradient that they add up.
///
/// A loss that says so uses the logits up; it comes last.
public struct LogitRow {
    /// The logits.
    public let logits: UnsafeMutablePointer<Float>
    /// Their number, the vocabulary.
    public let count: Int
    /// Where gradients add up, or nil; zero at first.
    public let gradient: UnsafeMutablePointer<Float>?
    let level: KernelLevel
    private let sum = KeptSum()

    /// What several losses ask for.
    private final class KeptSum {
        var value: LogSum?
    }

    /// The row's sum at temperature 1, computed once, before any loss uses the logits up.
    var logSum: LogSum {
        if let value = sum.value { return value }
        let value = logSum(temperature: 1)
        sum.value = value
        return value
    }

    /// The row's sum as it is now.
    func logSum(temperature: Float) -> LogSum {
        LogSum(logits, count, temperature: temperature, level)
    }

    /// Adds `factor` times the row's distribution, whose sum is known, to the gradient.
    func push(_ own: LogSum, _ factor: Float, _ gradient: UnsafeMutablePointer<Float>) {
        level.addSoftmax(logits, count, own.inverseTemperature, own.sum, factor, gradient)
    }
}

/// A row's largest logit and `log Σ exp((logit - largest) / temperature)`, kept apart: added, they
/// would lose what losses are made of where logits are large.
struct LogSum {
    let sum: rk_log_sum
    let inverseTemperature: Float

    init(
        _ row: UnsafePointer<Float>, _ count: Int, temperature: Float, _ level: KernelLevel
    ) {
        inverseTemperature = 1 / temperature
        var sum = level.logOfSum(row, count, inverseTemperature)
        // An infinite logit must show in the loss.
        if !sum.top.isFinite { sum.logSum = .nan }
        self.sum = sum
    }

    var top: Float { sum.top }
    var logSum: Float { sum.logSum }

    /// Log-probabilities of sixteen logits.
    @inline(__always)
    func logProbabilities(_ logits: Lanes) -> Lanes {
        (logits - top) * inverseTemperature - logSum
    }

    /// The log-probability of one logit.
    func logProbability(_ logit: Float) -> Float { (logit - top) * inverseTemperature - logSum }

    /// The probabilities of some of the row's logits.
    func probabilities(
        _ logits: UnsafePointer<Float>, _ count: Int, into out: UnsafeMutablePointer<Float>,
        _ level: KernelLevel
    ) {
        level.softmax(false, logits, count, inverseTemperature, sum, 1, out)
    }
}

extension Kernels {
    /// Computes losses row by row.
    ///
    /// - Parameters:
    ///   - logits: `[m, vocabulary]`, f32; may be used up.
    ///   - softcap: Logits are `softcap * tanh(logit / softcap)` where it is given.
    ///   - gradient: `[m, vocabulary]` of the logits before the cap, replaced; or nil. Its rows may begin
    ///     where the logits' do.
    ///   - body: Computes the losses of a row.
    public func eachLogitRow(
        _ logits: ActivationRows, softcap: Float? = nil, gradient: ActivationRows?,
        _ body: @escaping (_ row: Int, LogitRow) -> Void
    ) {
        let level = level, count = logits.columnCount, threads = threads
        threads.run(logits.rowCount) { index, thread in
            let row = logits.floats(index)
            let scratch = threads.scratch(thread, 2 * count * 4).assumingMemoryBound(to: Float.self)
            let sums = scratch, slopes = scratch + count
            if let softcap {
                for i in 0..<count {
                    let value = tanhf(row[i] / softcap)
                    row[i] = softcap * value
                    slopes[i] = 1 - value * value
                }
            }
            guard let gradient else {
                return body(index, LogitRow(logits: row, count: count, gradient: nil, level: level))
            }
            sums.update(repeating: 0, count: count)
            body(index, LogitRow(logits: row, count: count, gradient: sums, level: level))
            if softcap != nil {
                for i in 0..<count { sums[i] *= slopes[i] }
            }
            let out = gradient.row(index)
            guard gradient.isBF16 else {
                out.copyMemory(from: sums, byteCount: count * 4)
                return
            }
            level.narrow(sums, out, count)
            if gradient.stride > count {
                (out + count * 2).storeBytes(of: 0, as: UInt16.self)
            }
        }
    }
}

extension LogitRow {
    /// The first logits only.
    public func prefix(_ limit: Int) -> LogitRow {
        LogitRow(logits: logits, count: min(limit, count), gradient: gradient, level: level)
    }

    /// Computes a loss of chosen logits, whose gradient goes back to their places.
    public func gathered(_ places: [Int32], _ body: (LogitRow) -> Float) -> Float {
        let chosen = UnsafeMutablePointer<Float>.allocate(capacity: 2 * places.count)
        defer { chosen.deallocate() }
        let slopes = chosen + places.count
        for (index, place) in places.enumerated() {
            chosen[index] = logits[Int(place)]
            slopes[index] = 0
        }
        let loss = body(
            LogitRow(
                logits: chosen, count: places.count, gradient: gradient == nil ? nil : slopes,
                level: level))
        if let gradient {
            for (index, place) in places.enumerated() { gradient[Int(place)] += slopes[index] }
        }
        return loss
    }

    /// e to a log-probability.
    public static func probability(_ logProbability: Float) -> Float { expf(logProbability) }
}
