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
    /// Attention of single queries to cached keys and values, all rotated.
    ///
    /// - Parameters:
    ///   - q: `[rows, headCount * headSize]`.
    ///   - keys: `[cached, keyValueHeadCount * headSize]`.
    ///   - values: Like keys.
    ///   - queries: Which rows, and what they see.
    ///   - shape: The layer's sizes.
    ///   - out: Like q.
    public func attend(
        _ q: ActivationRows, _ keys: ActivationRows, _ values: ActivationRows,
        _ queries: [CachedQuery], _ shape: AttentionShape, into out: ActivationRows
    ) {
        let level = level, size = shape.headSize, bf16 = q.isBF16, element = q.type.bytes
        let group = shape.headCount / shape.keyValueHeadCount
        threads.run(queries.count * shape.headCount) { [threads] part, thread in
            let query = queries[part / shape.headCount], head = part % shape.headCount
            let count = query.keys.count, own = head / group * size * element
            let weights = threads.scratch(thread, (count + size) * 4)
                .assumingMemoryBound(to: Float.self)
            let sum = weights + count, first = query.keys.lowerBound
            level.attendCached(
                bf16, q.row(query.row) + head * size * element, keys.row(first) + own,
                keys.byteStride, values.row(first) + own, values.byteStride, count, size,
                shape.scale, weights, sum)
            let target = out.row(query.row) + head * size * element
            if bf16 {
                level.narrow(sum, target, size)
            } else {
                target.copyMemory(from: sum, byteCount: size * 4)
            }
        }
    }
}
