import CKernels

/// Sizes of one layer's attention.
public struct AttentionShape: Sendable, Equatable {
    /// Query heads.
    public var headCount: Int
    /// Key and value heads; each serves `headCount / keyValueHeadCount` query heads.
    public var keyValueHeadCount: Int
    /// Values in a head.
    public var headSize: Int
    /// Factor of the scores before the softmax.
    public var scale: Float
    /// Keys that a query sees, itself included; nil for all before it.
    public var window: Int?

    /// Describes an attention.
    public init(
        headCount: Int, keyValueHeadCount: Int, headSize: Int, scale: Float, window: Int? = nil
    ) {
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount
        self.headSize = headSize
        self.scale = scale
        self.window = window
    }

    /// The window as a number that may be added to places.
    var reach: Int { min(window ?? .max, 1 << 40) }
    /// Query heads that share a key and value head.
    var group: Int { headCount / keyValueHeadCount }
    /// Factor of the scores where weights are powers of two.
    var binaryScale: Float { scale * 1.442_695_04 }
}

/// Columns of a panel of queries or keys: the widest tile that runs at full rate.
let attentionColumns = 48

/// Places in a thread's scratch memory.
struct ScratchPlan {
    /// Bytes so far.
    private(set) var bytes = 0

    /// Puts something behind the rest.
    ///
    /// - Returns: Where it begins, a multiple of a cache line.
    mutating func place(_ count: Int) -> Int {
        defer { bytes += (count + 63) / 64 * 64 }
        return bytes
    }
}

extension ActivationRows {
    /// A head of some tokens as the rows of a matrix.
    func head(_ index: Int, _ size: Int, from token: Int) -> MatrixRows {
        MatrixRows(
            base: row(token) + index * size * type.bytes, stride: byteStride, map: nil,
            format: type.format)
    }
}

extension MatrixRows {
    /// Asks for rows that will soon be read: no processor foresees those of one head.
    func prefetch(_ rows: Range<Int>, bytes: Int) {
        for row in rows {
            for offset in Swift.stride(from: 0, to: bytes, by: 64) {
                rk_prefetch_read(start(row) + offset)
            }
        }
    }
}

extension Kernels {
    /// Softmax attention within documents: `out = softmax(scale · q kᵀ) v`, causal.
    ///
    /// Works on 48 queries against a chunk of their keys at a time, so that no matrix of tokens by
    /// tokens is ever held.
    ///
    /// The arguments:
    /// - q: `[tokens, headCount * headSize]`, rotated.
    /// - k: `[tokens, keyValueHeadCount * headSize]`, rotated.
    /// - v: The same shape as k.
    /// - documents: Ranges of tokens that see only themselves.
    /// - out: The same shape and type as q.
    /// - logSums: `[tokens, headCount]`: log of the softmax's denominators, for the backward pass.
    public func attend(
        _ q: ActivationRows, _ k: ActivationRows, _ v: ActivationRows, _ documents: [Range<Int>],
        _ shape: AttentionShape, into out: ActivationRows, logSums: UnsafeMutablePointer<Float>
    ) {
        // A long document is several parts, and the longest come first, so that all threads are
        // busy to the end.
        let segments = documents.flatMap { document in
            stride(from: document.count, to: 0, by: -ForwardPass.segmentRows).map { end in
                (document, max(0, end - ForwardPass.segmentRows)..<end)
            }
        }.sorted { $0.1.upperBound > $1.1.upperBound }
        let heads = shape.headCount
        threads.run(segments.count * heads) { part, thread in
            let (document, queries) = segments[part / heads]
            let pass = ForwardPass(
                kernels: self, thread: thread, document: document, queries: queries,
                head: part % heads, shape: shape, type: q.type)
            pass.run(q, k, v, out, logSums)
        }
    }
}

/// One head of some queries of one document.
private struct ForwardPass {
    let level: KernelLevel
    let document: Range<Int>
    /// Counted from the document's start, as all places here.
    let queries: Range<Int>
    let head: Int
    let shape: AttentionShape
    let type: ElementType
    /// First key that any query sees.
    let base: Int
    /// Elements between rows of the turned values: not a multiple of 4,096 bytes.
    let valueStride: Int
    /// Elements between rows of the turned output.
    let outStride: Int
    let values, panel, weights, turned: UnsafeMutableRawPointer
    let sums, reference, outs: UnsafeMutablePointer<Float>

    static let segmentRows = 10 * attentionColumns
    /// Keys whose weights stay in the first-level cache: whole tiles at every level.
    private static let chunk = 240
    /// Sums that are not within the range of this and its inverse have lost weights to the limits of
    /// f32.
    private static let largestSum: Float = 0x1p60

    init(
        kernels: Kernels, thread: Int, document: Range<Int>, queries: Range<Int>, head: Int,
        shape: AttentionShape, type: ElementType
    ) {
        level = kernels.level
        self.document = document
        self.queries = queries
        self.head = head
        self.shape = shape
        self.type = type
        base = Self.firstKey(queries.lowerBound, shape)
        let size = shape.headSize, element = type.bytes
        valueStride = (queries.upperBound - base + 31) / 32 * 32 + 32
        outStride = (size + 31) / 32 * 32
        var plan = ScratchPlan()
        let places = (
            plan.place(size * valueStride * element), plan.place(outStride * attentionColumns * 4),
            plan.place(Self.chunk * attentionColumns * 4),
            plan.place(attentionColumns * outStride * element), plan.place(attentionColumns * 4),
            plan.place(attentionColumns * 4), plan.place(size * attentionColumns * 4)
        )
        let scratch = kernels.threads.scratch(thread, plan.bytes)
        values = scratch + places.0
        panel = scratch + places.1
        weights = scratch + places.2
        turned = scratch + places.3
        sums = (scratch + places.4).assumingMemoryBound(to: Float.self)
        reference = (scratch + places.5).assumingMemoryBound(to: Float.self)
        outs = (scratch + places.6).assumingMemoryBound(to: Float.self)
    }

    private var bf16: Bool { type == .bfloat16 }

    /// The first key that a query sees, or one or more before it: chunks begin at even keys.
    private static func firstKey(_ query: Int, _ shape: AttentionShape) -> Int {
        max(0, query - shape.reach + 1) / 8 * 8
    }

    func run(
        _ q: ActivationRows, _ k: ActivationRows, _ v: ActivationRows, _ out: ActivationRows,
        _ logSums: UnsafeMutablePointer<Float>
    ) {
        let size = shape.headSize, own = head / shape.group
        level.transposed(
            bf16, v.head(own, size, from: document.lowerBound + base).base, v.stride,
            queries.upperBound - base, size, bf16, values, valueStride)
        let keys = k.head(own, size, from: document.lowerBound)
        // A block that is not full is the first: it has the fewest keys.
        let rest = queries.count % attentionColumns
        for end in stride(
            from: queries.lowerBound + (rest > 0 ? rest : attentionColumns),
            through: queries.upperBound, by: attentionColumns)
        {
            let block = max(queries.lowerBound, end - attentionColumns)..<end
            let first = block.lowerBound, start = document.lowerBound + first
            level.packRows(
                q.head(head, size, from: start), 0, block.count, size, attentionColumns / 16, bf16,
                panel)
            referToOneKey(keys, first)
            q.head(head, size, from: start).prefetch(
                block.count..<min(block.count + attentionColumns, queries.upperBound - first),
                bytes: size * type.bytes)
            attend(block, keys)
            if !isInRange(block.count) {
                referToLargest(block, keys)
                attend(block, keys)
            }
            store(block.count, out, start)
            for query in block {
                let i = query - first
                logSums[(document.lowerBound + query) * shape.headCount + head] =
                    reference[i] * 0.693_147_18 + rk_log(sums[i])
            }
        }
    }

    /// Any score will do to subtract from all: floats have room for the differences.
    private func referToOneKey(_ keys: MatrixRows, _ key: Int) {
        scores(keys, key..<key + 1, reference)
        for i in 0..<attentionColumns { reference[i] *= shape.binaryScale }
    }

    /// But where they have not.
    private func referToLargest(_ block: Range<Int>, _ keys: MatrixRows) {
        let scores = weights.assumingMemoryBound(to: Float.self)
        for i in 0..<attentionColumns { reference[i] = -.infinity }
        let start = Self.firstKey(block.lowerBound, shape)
        for first in stride(from: start, to: block.upperBound, by: Self.chunk) {
            let chunk = first..<min(first + Self.chunk, block.upperBound)
            self.scores(keys, chunk, scores)
            for key in chunk {
                for query in max(block.lowerBound, key)..<block.upperBound
                where query - key < shape.reach {
                    let i = query - block.lowerBound
                    let score = scores[(key - first) * attentionColumns + i] * shape.binaryScale
                    reference[i] = max(reference[i], score)
                }
            }
        }
        for i in block.count..<attentionColumns { reference[i] = 0 }
    }

    /// Products of some keys with the panel of queries.
    private func scores(_ keys: MatrixRows, _ some: Range<Int>, _ out: UnsafeMutablePointer<Float>)
    {
        level.sweep(
            bf16, attentionColumns / 16, keys.start(some.lowerBound), keys.stride, words, nil, 0, 0,
            some.count, panel, out, attentionColumns, attentionColumns, 0)
    }

    /// Words of a head.
    private var words: Int { bf16 ? (shape.headSize + 1) / 2 : shape.headSize }

    /// Sums of the weights and of the weighted values, turned, for one block of queries.
    private func attend(_ block: Range<Int>, _ keys: MatrixRows) {
        let step = bf16 ? 2 : 1, vectors = attentionColumns / 16
        for i in 0..<attentionColumns { sums[i] = 0 }
        let start = Self.firstKey(block.lowerBound, shape)
        for first in stride(from: start, to: block.upperBound, by: Self.chunk) {
            let count = min(Self.chunk, block.upperBound - first)
            level.attentionWeights(
                bf16, keys.start(first), keys.stride, words, count, panel, block.lowerBound - first,
                shape.reach, shape.binaryScale, reference, sums, weights)
            level.sweep(
                bf16, vectors, values + (first - base) * type.bytes, valueStride * type.bytes,
                (count + step - 1) / step, nil, 0, 0, shape.headSize, weights, outs,
                attentionColumns, attentionColumns, first > start ? 1 : 0)
        }
    }

    private func isInRange(_ count: Int) -> Bool {
        (0..<count).allSatisfy { sums[$0] >= 1 / Self.largestSum && sums[$0] <= Self.largestSum }
    }

    /// Divides by the sums and turns the output to rows.
    private func store(_ count: Int, _ out: ActivationRows, _ start: Int) {
        let size = shape.headSize
        withUnsafeTemporaryAllocation(of: Float.self, capacity: attentionColumns) { inverse in
            for i in 0..<attentionColumns { inverse[i] = 1 / sums[i] }
            for value in 0..<size {
                let row = outs + value * attentionColumns
                for i in 0..<attentionColumns { row[i] *= inverse[i] }
            }
        }
        level.transposed(
            false, outs, attentionColumns, size, count, bf16, turned, outStride)
        for row in 0..<count {
            (out.row(start + row) + head * size * type.bytes).copyMemory(
                from: turned + row * outStride * type.bytes, byteCount: size * type.bytes)
        }
    }
}
