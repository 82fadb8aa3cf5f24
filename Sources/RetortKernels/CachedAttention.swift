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
            let scores = threads.scratch(thread, (count + size) * 4)
                .assumingMemoryBound(to: Float.self)
            let sum = scores + count
            let row = q.row(query.row) + head * size * element
            for (i, key) in query.keys.enumerated() {
                scores[i] = level.dot(bf16, row, keys.row(key) + own, size)
            }
            _ = level.attentionRow(
                false, scores, 0, count, count, shape.scale, UnsafeMutableRawPointer(scores))
            for i in 0..<size { sum[i] = 0 }
            for (i, key) in query.keys.enumerated() {
                level.addScaledRow(bf16, scores[i], values.row(key) + own, sum, size)
            }
            let target = out.row(query.row) + head * size * element
            if bf16 {
                level.narrow(sum, target, size)
            } else {
                target.copyMemory(from: sum, byteCount: size * 4)
            }
        }
    }
}
