#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The most probable tokens of some rows of logits, row by row.
public struct TopTargets: Sendable, Equatable {
    /// `[rows, k]`: ids, the most probable first, of equal ones the lower id.
    public var ids: [Int32]
    /// `[rows, k]`: logs of their probabilities among all tokens.
    public var logProbabilities: [Float]
    /// `[rows]`: the probability of all others together.
    public var tailMass: [Float]
}

/// Tokens drawn at random for some rows of logits, row by row.
public struct DrawnTargets: Sendable, Equatable {
    /// `[rows, samples]`: ids, ascending within a row; one may come several times.
    public var ids: [Int32]
    /// `[rows, samples]`: what each counts, `p / (samples · r)`.
    public var weights: [Float]
}

extension Kernels {
    /// The `k` most probable tokens of every row.
    ///
    /// The others' mass is their own sum, not what is left of 1: it keeps its digits where it is tiny.
    /// A row with a logit that is not finite has a mass that is NaN.
    ///
    /// - Parameters:
    ///   - logits: `[m, vocabulary]`, f32; used up.
    ///   - k: From 1 to the vocabulary's size.
    /// - Returns: The tokens.
    public func topTargets(_ logits: ActivationRows, _ k: Int) -> TopTargets {
        precondition(k >= 1 && k <= logits.columnCount)
        let level = level, threads = threads, count = logits.columnCount
        // A quarter of the room is sorted out of it whenever it is full.
        let room = min(count, max(4 * k, k + 256))
        return withRows(logits.rowCount, k, k, 1) { range, thread, ids, logs, tails in
            let keys = threads.scratch(thread, room * 8).assumingMemoryBound(to: UInt64.self)
            for row in range {
                let x = logits.floats(row)
                guard Self.areFinite(x, count) else {
                    tails[row] = .nan
                    continue
                }
                let best = UnsafeMutableBufferPointer(start: keys, count: room)
                Self.selectLargest(k, of: x, count, in: best)
                let top = x[Self.id(best[0])]
                var sum = 0.0
                for i in 0..<k {
                    let id = Self.id(best[i]), value = x[id]
                    ids[row * k + i] = Int32(id)
                    logs[row * k + i] = value - top
                    sum += exp(Double(value - top))
                }
                for i in 0..<k { x[Self.id(best[i])] = -.infinity }
                let others = level.logOfSum(x, count, 1)
                let rest =
                    others.top == -.infinity
                    ? 0 : exp(Double(others.top - top) + Double(others.logSum))
                let logAll = Float(log(sum + rest))
                for i in 0..<k { logs[row * k + i] -= logAll }
                tails[row] = Float(rest / (sum + rest))
            }
        } make: {
            TopTargets(ids: $0, logProbabilities: $1, tailMass: $2)
        }
    }

    /// Draws tokens from `r ~ p^power`, with weights that make them stand for `p` (arXiv:2503.16870).
    ///
    /// The mean of `Σ w_i f(x_i)` over draws is `Σ p f`, for any `f`. A row with a logit that is
    /// not finite has weights that are NaN.
    ///
    /// - Parameters:
    ///   - logits: `[m, vocabulary]`, f32; used up.
    ///   - samples: Draws for each row.
    ///   - power: Of the teacher's probabilities; 1 draws from the teacher itself.
    ///   - keys: The source of each row's random numbers.
    /// - Returns: The draws.
    public func drawTargets(
        _ logits: ActivationRows, samples: Int, power: Float, keys: [PhiloxKey]
    ) -> DrawnTargets {
        precondition(samples >= 1 && keys.count == logits.rowCount)
        let level = level, threads = threads, count = logits.columnCount
        return withRows(logits.rowCount, samples, samples, 0) { range, thread, ids, weights, _ in
            let bytes = (count + 15) / 16 * 64
            let p = threads.scratch(thread, bytes + samples * 8).assumingMemoryBound(to: Float.self)
            var points = UnsafeMutableBufferPointer(
                start: (UnsafeMutableRawPointer(p) + bytes).assumingMemoryBound(to: Double.self),
                count: samples)
            for row in range {
                let x = logits.floats(row), first = row * samples
                guard Self.areFinite(x, count) else {
                    for i in 0..<samples { weights[first + i] = .nan }
                    continue
                }
                Self.softmax(x, count, level, into: p)
                if power != 1 {
                    for i in 0..<count { x[i] *= power }
                }
                // The proposal takes the place of the logits.
                Self.softmax(x, count, level, into: x)
                var mass = 0.0, proposed = 0.0
                for i in 0..<count {
                    mass += Double(p[i])
                    proposed += Double(x[i])
                }
                for i in 0..<samples { points[i] = Self.uniform(keys[row], i) * proposed }
                points.sort()
                var id = -1, sum = 0.0, last = 0
                for i in 0..<samples {
                    while sum <= points[i], id < count - 1 {
                        id += 1
                        sum += Double(x[id])
                        if x[id] > 0 { last = id }
                    }
                    ids[first + i] = Int32(last)
                    let chance = Double(x[last]) / proposed
                    weights[first + i] = Float(
                        Double(p[last]) / mass / (Double(samples) * chance))
                }
            }
        } make: { ids, weights, _ in
            DrawnTargets(ids: ids, weights: weights)
        }
    }

    // MARK: Rows

    /// Runs work over rows that fills three arrays with so many values a row.
    private func withRows<Result>(
        _ rows: Int, _ ids: Int, _ values: Int, _ more: Int,
        _ body:
            @escaping (
                Range<Int>, Int, UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Float>,
                UnsafeMutablePointer<Float>
            ) -> Void, make: ([Int32], [Float], [Float]) -> Result
    ) -> Result {
        let idMemory = UnsafeMutableBufferPointer<Int32>.allocate(capacity: rows * ids)
        let valueMemory = UnsafeMutableBufferPointer<Float>.allocate(capacity: rows * values)
        let moreMemory = UnsafeMutableBufferPointer<Float>.allocate(capacity: max(1, rows * more))
        idMemory.initialize(repeating: 0)
        valueMemory.initialize(repeating: 0)
        moreMemory.initialize(repeating: 0)
        defer {
            idMemory.deallocate()
            valueMemory.deallocate()
            moreMemory.deallocate()
        }
        guard rows > 0, let a = idMemory.baseAddress, let b = valueMemory.baseAddress,
            let c = moreMemory.baseAddress
        else { return make([], [], []) }
        split(rows, grain: 1) { range, thread in body(range, thread, a, b, c) }
        return make(Array(idMemory), Array(valueMemory), Array(moreMemory.prefix(rows * more)))
    }

    private static func softmax(
        _ x: UnsafeMutablePointer<Float>, _ count: Int, _ level: KernelLevel,
        into out: UnsafeMutablePointer<Float>
    ) {
        level.softmax(false, x, count, 1, level.logOfSum(x, count, 1), 1, out)
    }

    /// A number in `0 ..< 1`.
    private static func uniform(_ key: PhiloxKey, _ index: Int) -> Double {
        let words = key.block(UInt64(index), 0)
        return Double((UInt64(words[0]) | UInt64(words[1]) << 32) >> 11) * 0x1p-53
    }

    // MARK: Selection

    /// A value and its id as one number: the larger value is larger, of equal ones the lower id.
    @inline(__always)
    private static func key(_ value: Float, _ id: Int) -> UInt64 {
        // Adding zero makes one zero of both.
        let bits = (value + 0).bitPattern
        let ordered = bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
        return UInt64(ordered) << 32 | UInt64(~UInt32(truncatingIfNeeded: id))
    }

    @inline(__always)
    private static func id(_ key: UInt64) -> Int { Int(~UInt32(truncatingIfNeeded: key)) }

    /// Puts the keys of the `k` largest values in front, the largest first.
    ///
    /// Values above the least of the best so far are gathered until there is no more room; then the
    /// best are sorted out. Almost all values are only compared, sixteen at a time.
    private static func selectLargest(
        _ k: Int, of x: UnsafePointer<Float>, _ count: Int,
        in best: UnsafeMutableBufferPointer<UInt64>
    ) {
        var filled = 0
        var threshold = -Float.infinity
        var isFull = false
        func settle() {
            var taken = UnsafeMutableBufferPointer(rebasing: best[..<filled])
            taken.sort(by: >)
            filled = min(filled, k)
            isFull = filled == k
            if isFull { threshold = x[id(best[k - 1])] }
        }
        func take(_ i: Int) {
            // Of equal values the first ones stay: ids come in ascending order.
            guard !isFull || x[i] > threshold else { return }
            if filled == best.count { settle() }
            guard !isFull || x[i] > threshold else { return }
            best[filled] = key(x[i], i)
            filled += 1
        }
        var i = 0
        while i + 16 <= count {
            let values = UnsafeRawPointer(x + i).loadUnaligned(as: SIMD16<Float>.self)
            if !isFull || any(values .> SIMD16(repeating: threshold)) {
                for lane in i..<i + 16 { take(lane) }
            }
            i += 16
        }
        while i < count {
            take(i)
            i += 1
        }
        settle()
    }
}
