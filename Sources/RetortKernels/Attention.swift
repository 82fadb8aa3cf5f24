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
}

/// Queries handled together: eight tiles of six rows.
private let blockRows = 48
private let vectors = 4
private let width = 64

/// Queries of a document that are one part of the forward pass, so that a long document keeps all
/// threads busy.
private let segmentRows = 20 * blockRows

/// One block of queries of one document and the keys that any of them sees.
private struct Block {
    let first: Int
    let count: Int
    /// First key, a multiple of the panels' width.
    let base: Int
    /// Keys from `base` on.
    let keys: Int
    private let window: Int

    init(first: Int, length: Int, window: Int?) {
        self.first = first
        self.window = window ?? Int.max
        count = min(blockRows, length - first)
        base = max(0, first - min(self.window - 1, first)) / width * width
        keys = first + count - base
    }

    /// Keys that query `row` of the block sees, counted from `base`.
    func visible(_ row: Int) -> Range<Int> {
        let query = first + row
        return max(0, query - min(window - 1, query) - base)..<query + 1 - base
    }
}

/// Keys or values of one head of one document, packed for products.
private struct HeadPanels {
    /// Panels with a column per token: the reduction runs along the head.
    static func rowsBytes(_ tokens: Int, _ headSize: Int) -> Int {
        (tokens + width - 1) / width * rowPanelBytes(headSize)
    }
    static func rowPanelBytes(_ headSize: Int) -> Int { (headSize + 31) / 32 * 32 * width * 4 }
    /// Panels with a column per value: the reduction runs along the tokens.
    static func columnsBytes(_ tokens: Int, _ headSize: Int) -> Int {
        (headSize + width - 1) / width * columnPanelBytes(tokens)
    }
    static func columnPanelBytes(_ tokens: Int) -> Int { (tokens + 1) * width * 4 }
}

extension Kernels {
    /// Softmax attention within documents: `out = softmax(scale · q kᵀ) v`, causal.
    ///
    /// Works on one block of queries against all their keys at a time, so that no matrix of tokens by
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
        let level = level, size = shape.headSize, heads = shape.headCount
        let group = heads / shape.keyValueHeadCount, bf16 = q.isBF16, element = q.type.bytes
        let segments = documents.flatMap { document in
            stride(from: 0, to: document.count, by: segmentRows).map { first in
                // What comes after the segment's own tokens is not seen.
                (
                    first,
                    document
                        .lowerBound..<min(
                            document.upperBound, document.lowerBound + first + segmentRows)
                )
            }
        }
        threads.run(segments.count * heads) { [threads] part, thread in
            let (start, document) = segments[part / heads], head = part % heads
            let length = document.count, padded = (length + width - 1) / width * width
            let keyBytes = HeadPanels.rowsBytes(length, size)
            let valueBytes = HeadPanels.columnsBytes(length, size)
            let scratch = threads.scratch(
                thread, keyBytes + valueBytes + blockRows * padded * 8)
            let keys = scratch, values = keys + keyBytes
            let scores = (values + valueBytes).assumingMemoryBound(to: Float.self)
            let weights = UnsafeMutableRawPointer(scores + blockRows * padded)
            let ownHead = head / group * size * element
            Self.packTokens(level, k, document, ownHead, size, keys)
            Self.packValues(level, v, document, ownHead, size, values)

            for first in stride(from: start, to: length, by: blockRows) {
                let block = Block(first: first, length: length, window: shape.window)
                let queries = q.row(document.lowerBound + first) + head * size * element
                Self.scores(
                    level, bf16, queries, q.byteStride, size, keys, block, scores, padded)
                let even = (block.keys + 1) / 2 * 2
                for row in 0..<block.count {
                    let seen = block.visible(row)
                    let sum = level.attentionRow(
                        bf16, scores + row * padded, seen.lowerBound, seen.upperBound, even,
                        shape.scale, weights + row * padded * element)
                    logSums[(document.lowerBound + first + row) * heads + head] = sum
                }
                let step = bf16 ? 2 : 1
                for column in stride(from: 0, to: size, by: width) {
                    let panel =
                        values + column / width * HeadPanels.columnPanelBytes(length)
                        + block.base / step * width * 4
                    level.sweep(
                        bf16, vectors, weights, padded * element, (block.keys + step - 1) / step,
                        nil, 0, 0, block.count, panel,
                        out.row(document.lowerBound + first) + (head * size + column) * element,
                        out.stride, min(width, size - column), bf16 ? 2 : 0)
                }
            }
        }
    }

    private static func packTokens(
        _ level: KernelLevel, _ rows: ActivationRows, _ tokens: Range<Int>, _ offset: Int,
        _ size: Int, _ panels: UnsafeMutableRawPointer
    ) {
        let source = MatrixRows(
            base: rows.row(tokens.lowerBound) + offset, stride: rows.byteStride, map: nil,
            format: rows.type.format)
        for first in stride(from: 0, to: tokens.count, by: width) {
            level.packRows(
                source, first, min(width, tokens.count - first), size, vectors, rows.isBF16,
                panels + first / width * HeadPanels.rowPanelBytes(size))
        }
    }

    private static func packValues(
        _ level: KernelLevel, _ rows: ActivationRows, _ tokens: Range<Int>, _ offset: Int,
        _ size: Int, _ panels: UnsafeMutableRawPointer
    ) {
        let source = MatrixRows(
            base: rows.row(tokens.lowerBound) + offset, stride: rows.byteStride, map: nil,
            format: rows.type.format)
        level.packColumns(
            source, 0, tokens.count, 0, size, vectors, rows.isBF16, panels,
            HeadPanels.columnPanelBytes(tokens.count))
    }

    /// Products of a block's queries (or output gradients) with packed tokens.
    private static func scores(
        _ level: KernelLevel, _ bf16: Bool, _ queries: UnsafeRawPointer, _ stride: Int,
        _ size: Int, _ panels: UnsafeMutableRawPointer, _ block: Block,
        _ out: UnsafeMutablePointer<Float>, _ outStride: Int
    ) {
        for key in Swift.stride(from: 0, to: block.keys, by: width) {
            level.sweep(
                bf16, vectors, queries, stride, bf16 ? (size + 1) / 2 : size, nil, 0, 0,
                block.count,
                panels + (block.base + key) / width * HeadPanels.rowPanelBytes(size), out + key,
                outStride, min(width, block.keys - key), 0)
        }
    }

    /// Gradients of ``attend(_:_:_:_:_:into:logSums:)``; the weights are computed again.
    ///
    /// The arguments:
    /// - dout: Gradient of the output, of q's type.
    /// - logSums: As the forward pass left them.
    /// - dq: `[tokens, headCount * headSize]`, f32, replaced.
    /// - dk: `[tokens, keyValueHeadCount * headSize]`, f32, replaced. With headCount instead of
    ///   keyValueHeadCount every query head's own part, so that few documents keep all threads busy.
    /// - dv: Like dk.
    public func attendBack(
        _ q: ActivationRows, _ k: ActivationRows, _ v: ActivationRows, _ dout: ActivationRows,
        logSums: UnsafePointer<Float>, _ documents: [Range<Int>], _ shape: AttentionShape,
        dq: ActivationRows, dk: ActivationRows, dv: ActivationRows
    ) {
        let places = dk.columnCount / shape.headSize
        threads.run(documents.count * places) { part, thread in
            let pass = BackwardPass(
                kernels: self, thread: thread, document: documents[part / places],
                place: part % places, places: places, shape: shape, bf16: q.isBF16)
            pass.run(q, k, v, dout, logSums, dq, dk, dv)
        }
    }

    /// One place of dk and dv in one document: all queries that add to it, in order.
    private struct BackwardPass {
        let level: KernelLevel
        let document: Range<Int>
        let place: Int
        let heads: Range<Int>
        let keyValueHead: Int
        let shape: AttentionShape
        let bf16: Bool
        let padded: Int
        let keyRows, valueRows, keyColumns, queryColumns, gradientColumns: UnsafeMutableRawPointer
        let scores, gradients: UnsafeMutablePointer<Float>
        let rounded, turned: UnsafeMutableRawPointer
        private static let turnedStride = 64

        init(
            kernels: Kernels, thread: Int, document: Range<Int>, place: Int, places: Int,
            shape: AttentionShape, bf16: Bool
        ) {
            level = kernels.level
            self.document = document
            self.place = place
            let share = shape.headCount / places
            heads = place * share..<(place + 1) * share
            keyValueHead = place * shape.keyValueHeadCount / places
            self.shape = shape
            self.bf16 = bf16
            let size = shape.headSize, length = document.count
            padded = (length + width - 1) / width * width
            let rowBytes = HeadPanels.rowsBytes(length, size)
            let columnBytes = HeadPanels.columnsBytes(length, size)
            let blockBytes = HeadPanels.columnsBytes(blockRows, size)
            let matrix = blockRows * padded * 4
            let total =
                2 * rowBytes + columnBytes + 2 * blockBytes + 3 * matrix
                + padded * Self.turnedStride * 4
            keyRows = kernels.threads.scratch(thread, total)
            valueRows = keyRows + rowBytes
            keyColumns = valueRows + rowBytes
            queryColumns = keyColumns + columnBytes
            gradientColumns = queryColumns + blockBytes
            scores = (gradientColumns + blockBytes).assumingMemoryBound(to: Float.self)
            gradients = scores + matrix / 4
            rounded = UnsafeMutableRawPointer(gradients + matrix / 4)
            turned = rounded + matrix
        }

        func run(
            _ q: ActivationRows, _ k: ActivationRows, _ v: ActivationRows, _ dout: ActivationRows,
            _ logSums: UnsafePointer<Float>, _ dq: ActivationRows, _ dk: ActivationRows,
            _ dv: ActivationRows
        ) {
            let size = shape.headSize, element = q.type.bytes
            let own = keyValueHead * size * element
            packTokens(level, k, document, own, size, keyRows)
            packTokens(level, v, document, own, size, valueRows)
            packValues(level, k, document, own, size, keyColumns)
            for token in document {
                for rows in [dk, dv] {
                    (rows.row(token) + place * size * 4).initializeMemory(
                        as: Float.self, repeating: 0, count: size)
                }
            }
            for head in heads {
                for first in stride(from: 0, to: document.count, by: blockRows) {
                    let block = Block(
                        first: first, length: document.count, window: shape.window)
                    run(block, head, q, dout, logSums, dq, dk, dv)
                }
            }
        }

        private func run(
            _ block: Block, _ head: Int, _ q: ActivationRows, _ dout: ActivationRows,
            _ logSums: UnsafePointer<Float>, _ dq: ActivationRows, _ dk: ActivationRows,
            _ dv: ActivationRows
        ) {
            let size = shape.headSize, element = q.type.bytes, step = bf16 ? 2 : 1
            let start = document.lowerBound + block.first
            let tokens = start..<start + block.count
            let offset = head * size * element
            Kernels.scores(
                level, bf16, q.row(start) + offset, q.byteStride, size, keyRows, block, scores,
                padded)
            Kernels.scores(
                level, bf16, dout.row(start) + offset, dout.byteStride, size, valueRows, block,
                gradients, padded)
            let even = (block.keys + 1) / 2 * 2
            for row in 0..<block.count {
                let seen = block.visible(row)
                level.attentionRowBackward(
                    scores + row * padded, gradients + row * padded, seen.lowerBound,
                    seen.upperBound, even, shape.scale,
                    logSums[(start + row) * shape.headCount + head])
            }
            // dq = dS k
            var operand = UnsafeRawPointer(gradients)
            if bf16 {
                level.narrow(gradients, rounded, block.count * padded)
                operand = UnsafeRawPointer(rounded)
            }
            for column in stride(from: 0, to: size, by: width) {
                level.sweep(
                    bf16, vectors, operand, padded * element, (block.keys + step - 1) / step, nil,
                    0, 0, block.count,
                    keyColumns + column / width * HeadPanels.columnPanelBytes(document.count)
                        + block.base / step * width * 4,
                    dq.row(start) + (head * size + column) * 4, dq.stride,
                    min(width, size - column), 0)
            }
            // dk += dSᵀ q, dv += pᵀ dout
            packValues(level, q, tokens, offset, size, queryColumns)
            packValues(level, dout, tokens, offset, size, gradientColumns)
            addTurned(gradients, queryColumns, block, dk)
            addTurned(scores, gradientColumns, block, dv)
        }

        /// Adds `matrixᵀ · panels` to the rows of the block's keys.
        private func addTurned(
            _ matrix: UnsafeMutablePointer<Float>, _ panels: UnsafeMutableRawPointer,
            _ block: Block, _ target: ActivationRows
        ) {
            let element = bf16 ? 2 : 4, step = bf16 ? 2 : 1, size = shape.headSize
            level.transposed(
                false, matrix, padded, block.count, block.keys, bf16, turned, Self.turnedStride)
            for column in stride(from: 0, to: size, by: width) {
                level.sweep(
                    bf16, vectors, turned, Self.turnedStride * element,
                    (block.count + step - 1) / step, nil, 0, 0, block.keys,
                    panels + column / width * HeadPanels.columnPanelBytes(block.count),
                    target.row(document.lowerBound + block.base)
                        + (place * size + column) * 4, target.stride,
                    min(width, size - column), 1)
            }
        }
    }
}
