/// One query and the rows of the cache that it sees.
public struct CachedQuery: Sendable {
    let row: Int
    let keys: Range<Int>

    /// Names a row of q and its keys.
    public init(row: Int, keys: Range<Int>) {
        self.row = row
        self.keys = keys
    }
}

extension Kernels {
    /// Keys that one part of the work attends to: all heads read them while they are near.
    private static let keysOfPart = 64
    /// Queries up to which the keys of one are shared out over the threads.
    private static let fewQueries = 4

    /// Attention of single queries to cached keys and values, all rotated.
    ///
    /// - Parameters:
    ///   - q: `[rows, headCount * headSize]`.
    ///   - keys: `[keyValueHeadCount * cached, headSize]`: the rows of each head one after another, so that
    ///     memory is read in long runs.
    ///   - values: Like keys.
    ///   - queries: Which rows, and what they see: a key at least.
    ///   - shape: The layer's sizes.
    ///   - out: Like q.
    public func attend(
        _ q: ActivationRows, _ keys: ActivationRows, _ values: ActivationRows,
        _ queries: [CachedQuery], _ shape: AttentionShape, into out: ActivationRows
    ) {
        precondition(
            keys.rowCount == values.rowCount && keys.columnCount == shape.headSize
                && keys.rowCount % shape.keyValueHeadCount == 0)
        let attention = CachedAttention(
            level: level, q: q, keys: keys, values: values, shape: shape, out: out,
            keysOfPart: Self.keysOfPart)
        let weightBytes = attention.weightCount * 4, threads = threads
        if queries.count > Self.fewQueries {
            return threads.run(queries.count) { index, thread in
                let query = queries[index], parts = attention.parts(query)
                let scratch = threads.scratch(thread, weightBytes + attention.bytes(parts))
                let space = (scratch + weightBytes).assumingMemoryBound(to: Float.self)
                for part in 0..<parts {
                    attention.attend(
                        query, part, space, scratch.assumingMemoryBound(to: Float.self))
                }
                attention.join(query, space)
            }
        }
        for query in queries {
            let parts = attention.parts(query)
            let space = threads.sharedScratch(attention.bytes(parts))
                .assumingMemoryBound(to: Float.self)
            threads.run(parts) { part, thread in
                let weights = threads.scratch(thread, weightBytes)
                attention.attend(query, part, space, weights.assumingMemoryBound(to: Float.self))
            }
            attention.join(query, space)
        }
    }
}

/// Attention of queries to parts of their keys, each a softmax of its own, and what joins them.
///
/// With `L` the logarithm of a part's sum of exponentials, the whole is the sum of the parts times
/// `exp(L) / Σ exp(L)` (arXiv:2205.14135, section 3.1). The parts of a query do not depend on the
/// number of threads.
private struct CachedAttention {
    let level: KernelLevel
    let q, keys, values: ActivationRows
    let shape: AttentionShape
    let out: ActivationRows
    let keysOfPart: Int

    var group: Int { shape.headCount / shape.keyValueHeadCount }
    var width: Int { shape.headCount * shape.headSize }
    /// Floats that ``attend(_:_:_:_:)`` works in.
    var weightCount: Int { (group * (keysOfPart + 1) + 15) / 16 * 16 }
    /// Bytes of the results of some parts, of what joins them, and of the whole.
    func bytes(_ parts: Int) -> Int { ((parts + 1) * width + parts * shape.headCount) * 4 }

    func parts(_ query: CachedQuery) -> Int { (query.keys.count + keysOfPart - 1) / keysOfPart }

    /// Attends to one part of a query's keys; `space` has the results of all parts, then L by head and
    /// part.
    func attend(
        _ query: CachedQuery, _ part: Int, _ space: UnsafeMutablePointer<Float>,
        _ weights: UnsafeMutablePointer<Float>
    ) {
        let parts = parts(query), size = shape.headSize, element = q.type.bytes
        let first = query.keys.lowerBound + part * keysOfPart
        let count = min(keysOfPart, query.keys.upperBound - first)
        let logSums = weights + group * keysOfPart, all = space + parts * width
        let cached = keys.rowCount / shape.keyValueHeadCount
        for shared in 0..<shape.keyValueHeadCount {
            let head = shared * group, row = shared * cached + first
            level.attendCached(
                q.isBF16, q.row(query.row) + head * size * element, group, keys.row(row),
                keys.byteStride, values.row(row), values.byteStride, count, size, shape.scale,
                weights, space + part * width + head * size, logSums)
            for i in 0..<group { all[(head + i) * parts + part] = logSums[i] }
        }
    }

    /// Joins the parts of a query in its row of the results.
    func join(_ query: CachedQuery, _ space: UnsafeMutablePointer<Float>) {
        let parts = parts(query), size = shape.headSize
        let whole = parts == 1 ? space : space + parts * (width + shape.headCount)
        for head in 0..<shape.headCount where parts > 1 {
            let factors = space + parts * width + head * parts, sum = whole + head * size
            level.softmax(false, factors, parts, 1, level.logOfSum(factors, parts, 1), 1, factors)
            sum.update(repeating: 0, count: size)
            for part in 0..<parts {
                level.addScaled(factors[part], space + part * width + head * size, sum, size)
            }
        }
        if out.isBF16 {
            level.narrow(whole, out.row(query.row), width)
        } else {
            out.row(query.row).copyMemory(from: whole, byteCount: width * 4)
        }
    }
}
