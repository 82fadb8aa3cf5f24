extension Kernels {
    /// Gradients of ``attend(_:_:_:_:_:into:logSums:)``; the weights are computed again.
    ///
    /// The arguments:
    /// - out: Output of the forward pass.
    /// - dout: Its gradient, of q's type.
    /// - logSums: As the forward pass left them.
    /// - dq: `[tokens, headCount * headSize]`, f32, replaced.
    /// - dk: `[tokens, keyValueHeadCount * headSize]`, f32, replaced.
    /// - dv: Like dk.
    public func attendBack(
        _ q: ActivationRows, _ k: ActivationRows, _ v: ActivationRows, _ out: ActivationRows,
        _ dout: ActivationRows, logSums: UnsafePointer<Float>, _ documents: [Range<Int>],
        _ shape: AttentionShape, dq: ActivationRows, dk: ActivationRows, dv: ActivationRows
    ) {
        let heads = shape.keyValueHeadCount, width = dq.columnCount
        let cuts = KeyCut.all(documents, shape)
        let count = q.rowCount * shape.headCount
        var used = 2 * count * 4
        let shared = threads.sharedScratch(
            used + cuts.map(\.partialRows).reduce(0, +) * width * 4)
        let means = shared.assumingMemoryBound(to: Float.self), logs = means + count
        readRows(out, dout, shape, logSums, means: means, logs: logs)
        // What each cut adds to dq; the first of a document writes there.
        let targets = cuts.map { cut in
            if cut.isFirst { return dq }
            defer { used += cut.partialRows * width * 4 }
            // Rows are counted as those of dq.
            return ActivationRows(
                base: shared + used - (cut.document.lowerBound + cut.queries.lowerBound) * width
                    * 4,
                rowCount: dq.rowCount, columnCount: width, type: .float32)
        }
        let order = cuts.indices.sorted { cuts[$0].work > cuts[$1].work }
        threads.run(cuts.count * heads) { part, thread in
            let index = order[part / heads]
            let pass = BackwardPass(
                kernels: self, thread: thread, cut: cuts[index], keyValueHead: part % heads,
                shape: shape, tokens: q.rowCount, type: q.type, means: means, logs: logs)
            pass.run(q, k, v, dout, dq: targets[index], dk, dv)
        }
        let level = level
        for (cut, target) in zip(cuts, targets) where !cut.isFirst {
            split(cut.queries.count, grain: 16) { rows, _ in
                for row in rows {
                    let token = cut.document.lowerBound + cut.queries.lowerBound + row
                    level.addScaled(1, target.floats(token), dq.floats(token), width)
                }
            }
        }
    }

    /// Of every query the mean of its weights' gradients, `scale · Σ p dp = scale · out · dout`
    /// (arXiv:2205.14135), and the logarithm of its denominator to the base of two: `[heads, tokens]`.
    private func readRows(
        _ out: ActivationRows, _ dout: ActivationRows, _ shape: AttentionShape,
        _ logSums: UnsafePointer<Float>, means: UnsafeMutablePointer<Float>,
        logs: UnsafeMutablePointer<Float>
    ) {
        let level = level, heads = shape.headCount, size = shape.headSize, tokens = out.rowCount
        split(tokens, grain: 64) { rows, _ in
            for row in rows {
                for head in 0..<heads {
                    let offset = head * size * out.type.bytes
                    let sum = level.dot(
                        out.isBF16, out.row(row) + offset, dout.row(row) + offset, size)
                    means[head * tokens + row] = shape.scale * sum
                    logs[head * tokens + row] = logSums[row * heads + head] * 1.442_695_04
                }
            }
        }
    }
}

extension AttentionShape {
    /// The end of the last group of 48 queries of which any sees some keys.
    fileprivate func groupsEnd(_ keys: Range<Int>) -> Int {
        (keys.upperBound - 1 + reach + attentionColumns - 1) / attentionColumns * attentionColumns
    }
}

/// Some keys of a document and the queries that see them, cut for the threads.
///
/// One thread computes all gradients of a key and value head of them. The cut depends on the documents
/// alone.
private struct KeyCut {
    let document: Range<Int>
    /// Counted from the document's start, as the queries.
    let keys: Range<Int>
    let queries: Range<Int>
    /// Pairs of a query and a key.
    let work: Int

    /// Parts that keep the threads of a small machine busy.
    private static let wantedParts = 12

    /// Whether its gradients of queries are the first of the document's to be summed.
    var isFirst: Bool { keys.lowerBound == 0 }
    var partialRows: Int { isFirst ? 0 : queries.count }

    static func all(_ documents: [Range<Int>], _ shape: AttentionShape) -> [KeyCut] {
        let works = documents.map { work(0..<$0.count, $0.count, shape.reach) }
        let grain = works.reduce(0, +) * shape.keyValueHeadCount / wantedParts
        return zip(documents, works).flatMap { document, work in
            cut(document, into: max(1, (work + grain / 2) / max(1, grain)), shape)
        }
    }

    /// Pairs of some keys with the queries of a document that see them.
    private static func work(_ keys: Range<Int>, _ length: Int, _ reach: Int) -> Int {
        // Keys before this one are seen by as many queries as the window is long.
        let bend = max(0, length - reach)
        let whole = keys.clamped(to: 0..<bend).count
        let rest = keys.clamped(to: bend..<max(bend, length))
        let most = length - rest.lowerBound, least = length - rest.upperBound
        return whole * min(reach, length) + (most + least + 1) * rest.count / 2
    }

    /// Parts of about the same work that begin at whole panels.
    private static func cut(_ document: Range<Int>, into parts: Int, _ shape: AttentionShape)
        -> [KeyCut]
    {
        let length = document.count, panel = attentionColumns, reach = shape.reach
        let total = work(0..<length, length, reach)
        var cuts: [KeyCut] = [], first = 0, done = 0
        for key in stride(from: panel, through: length + panel - 1, by: panel) {
            let keys = first..<min(key, length)
            let own = work(keys, length, reach)
            guard keys.upperBound == length || (done + own) * parts >= total * (cuts.count + 1)
            else { continue }
            let last = min(shape.groupsEnd(keys), length)
            cuts.append(
                KeyCut(
                    document: document, keys: keys, queries: keys.lowerBound..<last, work: own))
            first = keys.upperBound
            done += own
        }
        return cuts
    }
}

/// One key and value head of some keys: all queries that see them, head after head.
///
/// Scores have a row for each query and a column for each key. So their panels are read down the
/// queries by the products that give dk and dv, with a column for each token, and the products that
/// give dq read rows.
private struct BackwardPass {
    let level: KernelLevel
    let cut: KeyCut
    let keyValueHead: Int
    let shape: AttentionShape
    let type: ElementType
    /// Tokens of all documents.
    let tokens: Int
    /// Vectors of the panels of `keyColumns`.
    let vectors: Int
    /// Queries at a time.
    let queriesAtOnce: Int
    /// Elements between rows of the turned queries.
    let turnedStride: Int
    /// Keys whose gradients are gathered in the second-level cache.
    let keysAtOnce: Int
    let keyPanels, valuePanels, keyColumns: UnsafeMutableRawPointer
    let weights, gradients, gradientRows: UnsafeMutableRawPointer
    let turnedQueries, turnedGradients, turnedBack: UnsafeMutableRawPointer
    let dkTurned, dvTurned: UnsafeMutablePointer<Float>
    /// See `readRows`.
    let means, logs: UnsafePointer<Float>

    init(
        kernels: Kernels, thread: Int, cut: KeyCut, keyValueHead: Int, shape: AttentionShape,
        tokens: Int, type: ElementType, means: UnsafePointer<Float>, logs: UnsafePointer<Float>
    ) {
        level = kernels.level
        self.tokens = tokens
        self.means = means
        self.logs = logs
        self.cut = cut
        self.keyValueHead = keyValueHead
        self.shape = shape
        self.type = type
        let size = shape.headSize, element = type.bytes, padded = (size + 31) / 32 * 32
        // As few panels as do, and as narrow.
        let panels = (size + 63) / 64
        vectors = ((size + 15) / 16 + panels - 1) / panels
        // As many as leave all that is read again in the second-level cache.
        keysAtOnce = (size > 64 ? 4 : 8) * attentionColumns
        queriesAtOnce = 8 * attentionColumns / element
        turnedStride = queriesAtOnce + 32
        let scorePanel = queriesAtOnce * attentionColumns * element
        let turnedRows = size * turnedStride * element
        var plan = ScratchPlan()
        let places = [
            padded * keysAtOnce * element, padded * keysAtOnce * element,
            panels * vectors * 16 * keysAtOnce * element, scorePanel, scorePanel,
            queriesAtOnce * keysAtOnce * element, turnedRows, turnedRows, padded * keysAtOnce * 4,
            size * keysAtOnce * 4, size * keysAtOnce * 4,
        ].map { plan.place($0) }
        let scratch = kernels.threads.scratch(thread, plan.bytes)
        keyPanels = scratch + places[0]
        valuePanels = scratch + places[1]
        keyColumns = scratch + places[2]
        weights = scratch + places[3]
        gradients = scratch + places[4]
        gradientRows = scratch + places[5]
        turnedQueries = scratch + places[6]
        turnedGradients = scratch + places[7]
        turnedBack = scratch + places[8]
        dkTurned = (scratch + places[9]).assumingMemoryBound(to: Float.self)
        dvTurned = (scratch + places[10]).assumingMemoryBound(to: Float.self)
    }

    private var bf16: Bool { type == .bfloat16 }
    /// Values in a word of the reduction.
    private var step: Int { bf16 ? 2 : 1 }
    private var start: Int { cut.document.lowerBound }
    private var heads: Range<Int> {
        keyValueHead * shape.group..<(keyValueHead + 1) * shape.group
    }
    private var panelBytes: Int { (shape.headSize + 31) / 32 * 32 * attentionColumns * type.bytes }
    private var columnPanelBytes: Int { keysAtOnce / step * vectors * 64 }

    func run(
        _ q: ActivationRows, _ k: ActivationRows, _ v: ActivationRows, _ dout: ActivationRows,
        dq: ActivationRows, _ dk: ActivationRows, _ dv: ActivationRows
    ) {
        if cut.isFirst { clearUnseen(dq) }
        for first in stride(from: cut.keys.lowerBound, to: cut.keys.upperBound, by: keysAtOnce) {
            let keys = first..<min(first + keysAtOnce, cut.keys.upperBound)
            pack(keys, k, v)
            let end = min(cut.queries.upperBound, shape.groupsEnd(keys))
            for head in heads {
                for query in stride(from: first, to: end, by: queriesAtOnce) {
                    let queries = query..<min(query + queriesAtOnce, end)
                    add(queries, keys, head, q, dout, dq, end: end)
                }
            }
            store(dkTurned, keys, dk)
            store(dvTurned, keys, dv)
        }
    }

    /// Queries behind the last that sees the keys: other cuts add to them.
    private func clearUnseen(_ dq: ActivationRows) {
        for query in cut.queries.upperBound..<max(cut.queries.upperBound, cut.document.count) {
            (dq.floats(start + query) + heads.lowerBound * shape.headSize).update(
                repeating: 0, count: heads.count * shape.headSize)
        }
    }

    private func pack(_ keys: Range<Int>, _ k: ActivationRows, _ v: ActivationRows) {
        let size = shape.headSize
        for (x, panels) in [(k, keyPanels), (v, valuePanels)] {
            let rows = x.head(keyValueHead, size, from: start + keys.lowerBound)
            for (i, first) in stride(from: 0, to: keys.count, by: attentionColumns).enumerated() {
                level.packRows(
                    rows, first, min(attentionColumns, keys.count - first), size,
                    attentionColumns / 16, bf16, panels + i * panelBytes)
            }
        }
        level.packColumns(
            k.head(keyValueHead, size, from: start + keys.lowerBound), 0, keys.count, 0, size,
            vectors, bf16, keyColumns, columnPanelBytes)
    }

    /// What some queries add to the gradients of some keys, and the other way round.
    private func add(
        _ queries: Range<Int>, _ keys: Range<Int>, _ head: Int, _ q: ActivationRows,
        _ dout: ActivationRows, _ dq: ActivationRows, end: Int
    ) {
        let size = shape.headSize, first = start + queries.lowerBound
        let ownQueries = q.head(head, size, from: first)
        let ownGradients = dout.head(head, size, from: first)
        level.transposed(
            bf16, ownQueries.base, q.stride, queries.count, size, bf16, turnedQueries, turnedStride)
        level.transposed(
            bf16, ownGradients.base, dout.stride, queries.count, size, bf16, turnedGradients,
            turnedStride)
        for key in stride(from: keys.lowerBound, to: keys.upperBound, by: attentionColumns) {
            let panel = key..<min(key + attentionColumns, keys.upperBound)
            addToKeys(panel, keys, queries, head, ownQueries, ownGradients)
            // A share of the next queries with every panel.
            let isLast = queries.upperBound == end
            let next = isLast ? head + 1 : head
            guard next < heads.upperBound else { continue }
            let from = isLast ? keys.lowerBound : queries.upperBound
            let count = min(queriesAtOnce, end - from)
            let done = count * (panel.lowerBound - keys.lowerBound) / keys.count
            let more = count * (panel.upperBound - keys.lowerBound) / keys.count
            for x in [q, dout] {
                x.head(next, size, from: start + from).prefetch(
                    done..<more, bytes: size * type.bytes)
            }
        }
        for query in stride(from: queries.lowerBound, to: queries.upperBound, by: attentionColumns)
        {
            let some = query..<min(query + attentionColumns, queries.upperBound)
            addToQueries(some, queries, keys, head, dq)
        }
    }

    /// The weights of one panel of keys, and what follows for them.
    private func addToKeys(
        _ panel: Range<Int>, _ keys: Range<Int>, _ queries: Range<Int>, _ head: Int,
        _ q: MatrixRows, _ dout: MatrixRows
    ) {
        let low = max(queries.lowerBound, panel.lowerBound) - queries.lowerBound
        let high = min(queries.upperBound, shape.groupsEnd(panel)) - queries.lowerBound
        guard low < high else { return }
        let index = (panel.lowerBound - keys.lowerBound) / attentionColumns
        let size = shape.headSize, element = type.bytes, words = bf16 ? (size + 1) / 2 : size
        let place = head * tokens + start + queries.lowerBound + low
        let rowStride = keysAtOnce * element
        level.attentionGradients(
            bf16, q.start(low), q.stride, dout.start(low), dout.stride, words, high - low,
            keyPanels + index * panelBytes, valuePanels + index * panelBytes,
            queries.lowerBound + low - panel.lowerBound, shape.reach, shape.binaryScale,
            shape.scale, logs + place, means + place, weights, gradients,
            gradientRows + low * rowStride + index * attentionColumns * element, rowStride)
        let isFirst = head == heads.lowerBound && panel.lowerBound >= queries.lowerBound
        for (rows, scores, sums) in [
            (turnedGradients, weights, dvTurned), (turnedQueries, gradients, dkTurned),
        ] {
            level.sweep(
                bf16, attentionColumns / 16, rows + low * element, turnedStride * element,
                (high - low + step - 1) / step, nil, 0, 0, size, scores,
                sums + index * attentionColumns, keysAtOnce, attentionColumns, isFirst ? 0 : 1)
        }
    }

    /// What some keys add to one group of queries.
    private func addToQueries(
        _ some: Range<Int>, _ queries: Range<Int>, _ keys: Range<Int>, _ head: Int,
        _ dq: ActivationRows
    ) {
        // Whole panels, of which any query sees a key.
        let unseen = max(0, some.lowerBound - shape.reach + 1 - keys.lowerBound)
        let low = unseen / attentionColumns * attentionColumns
        let high = min(keys.count, some.lowerBound + attentionColumns - keys.lowerBound)
        guard low < high else { return }
        let size = shape.headSize, rowStride = keysAtOnce * type.bytes, width = vectors * 16
        let isFirst =
            keys.lowerBound <= max(cut.keys.lowerBound, some.lowerBound - shape.reach + 1)
        for column in stride(from: 0, to: size, by: width) {
            level.sweep(
                bf16, vectors,
                gradientRows + (some.lowerBound - queries.lowerBound) * rowStride
                    + low * type.bytes, rowStride, (high - low + step - 1) / step, nil, 0, 0,
                some.count,
                keyColumns + column / width * columnPanelBytes + low / step * vectors * 64,
                dq.floats(start + some.lowerBound) + head * size + column, dq.stride,
                min(width, size - column), isFirst ? 0 : 1)
        }
    }

    /// Turns the gradients of some keys to rows.
    private func store(
        _ turned: UnsafeMutablePointer<Float>, _ keys: Range<Int>, _ target: ActivationRows
    ) {
        let size = shape.headSize, padded = (size + 31) / 32 * 32
        level.transposed(
            false, turned, keysAtOnce, size, keys.count, false, turnedBack, padded)
        for (i, key) in keys.enumerated() {
            (target.row(start + key) + keyValueHead * size * 4).copyMemory(
                from: turnedBack + i * padded * 4, byteCount: size * 4)
        }
    }
}
