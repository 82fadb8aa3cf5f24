#if arch(x86_64) || arch(arm64)
    import CKernels

    // Tiles of attention: scores are products that leave the registers only as weights and gradients.
    // Panels have 48 columns.

    /// Vectors of a panel's columns.
    private let across = 3

    /// Which query sees which key.
    struct Sight {
        /// How far the query of the first row and column is behind its key.
        let distance: Int
        /// Keys that a query sees, its own included.
        let window: Int
        /// Whether rows are queries and columns keys, or the other way round.
        let rowsAreQueries: Bool

        /// The columns, some of them perhaps beyond the panel, that go with a row.
        @inline(__always) func columns(_ row: Int) -> (low: Int, high: Int) {
            let low = rowsAreQueries ? distance + row - window + 1 : row - distance
            return (low, low + window)
        }

        /// Vectors that go with any of some rows.
        @inline(__always) func vectors(_ row: Int, _ count: Int) -> (first: Int, count: Int) {
            let low = columns(row).low, high = columns(row + count - 1).high
            let first = max(0, low) / 16
            return (first, max(0, (min(16 * across, high) + 15) / 16 - first))
        }

        /// Whether every column of some vectors goes with every one of some rows.
        @inline(__always)
        func isWhole(_ row: Int, _ count: Int, _ vector: Int, _ vectors: Int) -> Bool {
            columns(row + count - 1).low <= 16 * vector
                && columns(row).high >= 16 * (vector + vectors)
        }

        /// The lanes of a vector that go with a row; the others become zero.
        @inline(__always) func kept(_ x: Floats, _ row: Int, _ vector: Int) -> Floats {
            let (low, high) = columns(row)
            return rk_keep(
                x, Int32(truncatingIfNeeded: max(0, min(16, low - 16 * vector))),
                Int32(truncatingIfNeeded: max(0, min(16, high - 16 * vector))))
        }
    }

    /// Whether a tile has elements that do not count: a type, so that the compiler makes two functions.
    private protocol Sighted {
        static func kept(_ x: Floats, _ sight: Sight, _ row: Int, _ vector: Int) -> Floats
    }

    private enum Whole: Sighted {
        @inline(__always)
        static func kept(_ x: Floats, _ sight: Sight, _ row: Int, _ vector: Int) -> Floats { x }
    }

    private enum Partial: Sighted {
        @inline(__always)
        static func kept(_ x: Floats, _ sight: Sight, _ row: Int, _ vector: Int) -> Floats {
            sight.kept(x, row, vector)
        }
    }

    /// What the tiles of the forward pass share: rows are keys, columns queries.
    private struct Weighing {
        let keys: Operand
        let queries: UnsafePointer<Words>
        let sight: Sight
        let scale: Float
        let reference: UnsafePointer<Float>
        let sums: UnsafeMutablePointer<Float>
        let weights: UnsafeMutablePointer<Words>
    }

    /// What the tiles of the backward pass share: rows are queries, columns keys.
    private struct Sloping {
        let queries, dout: Operand
        let keys, values: UnsafePointer<Words>
        let sight: Sight
        let scale, gradientScale: Float
        let logSums, means: UnsafePointer<Float>
        let weights, gradients: UnsafeMutablePointer<Words>
        let gradientRows: UnsafeMutableRawPointer
        let rowStride: Int
        /// Gradients of the weights of one tile.
        let slopes: UnsafeMutablePointer<Floats>
    }

    extension Tile {
        // Loops as calls, so that every sum stays in its register: the compiler does not unroll bodies
        // of this size.

        @inline(__always)
        private static func eachVector(_ body: (_ j: Int) -> Void) {
            body(0)
            if vectors > 1 { body(1) }
            if vectors > 2 { body(2) }
        }

        /// Pairs of rows, the last of which may be a single one.
        @inline(__always)
        private static func eachPair(_ body: (_ i: Int, _ count: Int) -> Void) {
            body(0, min(2, rows))
            if rows > 2 { body(2, min(2, rows - 2)) }
            if rows > 4 { body(4, min(2, rows - 4)) }
            if rows > 6 { body(6, min(2, rows - 6)) }
        }

        @inline(__always)
        private static func product(
            _ a: Operand, _ row: Int, _ panel: UnsafePointer<Words>, _ vector: Int
        ) -> Sums {
            let zero = rk_zero()
            var sums = Sums { _ in InlineArray<vectors, Floats> { _ in zero } }
            var rows = a
            rows.base += row &* a.stride
            add(rows, panel + vector, across, to: &sums)
            return sums
        }

        @inline(never)
        fileprivate static func weigh(_ work: Weighing, _ row: Int, _ vector: Int) {
            let sums = product(work.keys, row, work.queries, vector)
            if work.sight.isWhole(row, rows, vector, vectors) {
                finish(Whole.self, sums, work, row, vector)
            } else {
                finish(Partial.self, sums, work, row, vector)
            }
        }

        @inline(__always)
        private static func finish<S: Sighted>(
            _: S.Type, _ sums: Sums, _ work: Weighing, _ row: Int, _ vector: Int
        ) {
            let scale = Floats(repeating: work.scale)
            let out = work.weights + row / E.perWord * across + vector
            @inline(__always) func finish(_ j: Int) {
                let column = 16 * (vector + j)
                let reference = load(work.reference + column)
                var total = load(work.sums + column)
                @inline(__always) func weight(_ i: Int) -> Floats {
                    let x = rk_fma(sums[unchecked: i][unchecked: j], scale, -reference)
                    return S.kept(exponential2(x), work.sight, row + i, vector + j)
                }
                eachPair { i, some in
                    let one = weight(i), two = some == 2 ? weight(i + 1) : .zero
                    total += one + two
                    E.store(
                        one, two, some, out + i / E.perWord * across + j, across, rows: nil, 0)
                }
                store(total, work.sums + column)
            }
            eachVector(finish)
        }

        @inline(never)
        fileprivate static func slope(_ work: Sloping, _ row: Int, _ vector: Int) {
            let slopes = product(work.dout, row, work.values, vector)
            let gradientScale = Floats(repeating: work.gradientScale)
            for i in 0..<rows {
                let mean = Floats(repeating: work.means[row + i])
                for j in 0..<vectors {
                    work.slopes[i * vectors + j] = rk_fma(
                        slopes[unchecked: i][unchecked: j], gradientScale, -mean)
                }
            }
            let sums = product(work.queries, row, work.keys, vector)
            if work.sight.isWhole(row, rows, vector, vectors) {
                finish(Whole.self, sums, work, row, vector)
            } else {
                finish(Partial.self, sums, work, row, vector)
            }
        }

        @inline(__always)
        private static func finish<S: Sighted>(
            _: S.Type, _ sums: Sums, _ work: Sloping, _ row: Int, _ vector: Int
        ) {
            let scale = Floats(repeating: work.scale)
            let place = row / E.perWord * across + vector
            let out = work.gradientRows + row &* work.rowStride + 16 * vector * (4 / E.perWord)
            eachPair { i, some in
                eachVector { j in
                    @inline(__always) func weight(_ i: Int) -> Floats {
                        let logSum = Floats(repeating: work.logSums[row + i])
                        let x = rk_fma(sums[unchecked: i][unchecked: j], scale, -logSum)
                        return S.kept(exponential2(x), work.sight, row + i, vector + j)
                    }
                    let one = weight(i), two = some == 2 ? weight(i + 1) : .zero
                    let at = place + i / E.perWord * across + j
                    E.store(one, two, some, work.weights + at, across, rows: nil, 0)
                    let dOne = one * work.slopes[i * vectors + j]
                    let dTwo = some == 2 ? two * work.slopes[(i + 1) * vectors + j] : .zero
                    E.store(
                        dOne, dTwo, some, work.gradients + at, across,
                        rows: out + i &* work.rowStride + 16 * j * (4 / E.perWord), work.rowStride)
                }
            }
        }
    }

    /// Takes the rows in tiles of falling height.
    private struct TileRows<E: Element> {
        let count: Int
        let sight: Sight
        var row = 0

        /// Takes as many rows as tiles of this height cover; `tile` is told how many vectors go with
        /// them, `clear` which do not.
        @inline(__always)
        mutating func move(
            _ height: Int, atOnce: Int,
            clear: (_ row: Int, _ vectors: Range<Int>) -> Void,
            tile: (_ row: Int, _ vector: Int, _ vectors: Int) -> Void
        ) {
            while row + height <= count {
                let (first, live) = sight.vectors(row, height)
                let start = live > 0 ? first : across
                clear(row, 0..<start)
                if live > 0 {
                    clear(row, first + live..<across)
                    for vector in stride(from: first, to: first + live, by: atOnce) {
                        tile(row, vector, min(atOnce, first + live - vector))
                    }
                }
                row += height
            }
        }
    }

    @inline(__always)
    private func clear<E: Element>(
        _: E.Type, _ panel: UnsafeMutablePointer<Words>, _ row: Int, _ height: Int,
        _ vectors: Range<Int>
    ) {
        for word in row / E.perWord..<(row + height + E.perWord - 1) / E.perWord {
            for vector in vectors { panel[word * across + vector] = .zero }
        }
    }

    @inline(__always)
    private func weigh<E: Element>(_: E.Type, _ work: Weighing, _ rows: Int) {
        var all = TileRows<E>(count: rows, sight: work.sight)
        @inline(__always) func move<let height: Int>(_: Tile<E, height, 1>.Type, atOnce: Int) {
            all.move(height, atOnce: atOnce) { row, vectors in
                clear(E.self, work.weights, row, height, vectors)
            } tile: { row, vector, vectors in
                switch (height, vectors) {
                case (8, 3): Tile<E, height, 3>.weigh(work, row, vector)
                case (8, 2): Tile<E, height, 2>.weigh(work, row, vector)
                default: Tile<E, height, 1>.weigh(work, row, vector)
                }
            }
        }
        if Processor.sums == 24 {
            move(Tile<E, 8, 1>.self, atOnce: 3)
        } else {
            move(Tile<E, 6, 1>.self, atOnce: 1)
        }
        move(Tile<E, 2, 1>.self, atOnce: 1)
        move(Tile<E, 1, 1>.self, atOnce: 1)
    }

    @inline(__always)
    private func slope<E: Element>(_: E.Type, _ work: Sloping, _ rows: Int) {
        var all = TileRows<E>(count: rows, sight: work.sight)
        @inline(__always) func move<let height: Int>(_: Tile<E, height, 1>.Type, atOnce: Int) {
            all.move(height, atOnce: atOnce) { row, vectors in
                clear(E.self, work.weights, row, height, vectors)
                clear(E.self, work.gradients, row, height, vectors)
                let bytes = 64 / E.perWord
                for i in row..<row + height {
                    let from = i &* work.rowStride + vectors.lowerBound * bytes
                    (work.gradientRows + from).initializeMemory(
                        as: UInt8.self, repeating: 0, count: vectors.count * bytes)
                }
            } tile: { row, vector, vectors in
                switch (height, vectors) {
                case (8, 3): Tile<E, height, 3>.slope(work, row, vector)
                case (8, 2): Tile<E, height, 2>.slope(work, row, vector)
                default: Tile<E, height, 1>.slope(work, row, vector)
                }
            }
        }
        if Processor.sums == 24 {
            move(Tile<E, 8, 1>.self, atOnce: 3)
        } else {
            move(Tile<E, 6, 1>.self, atOnce: 1)
        }
        move(Tile<E, 2, 1>.self, atOnce: 1)
        move(Tile<E, 1, 1>.self, atOnce: 1)
    }

    /// Attention weights of some keys for the 48 queries of a panel; see `level.h`.
    public func attentionWeights(
        bf16: Bool, _ keys: UnsafeRawPointer, _ keyStride: Int, _ words: Int, _ rows: Int,
        _ queries: UnsafeRawPointer, _ distance: Int, _ window: Int, _ scale: Float,
        _ reference: UnsafePointer<Float>, _ sums: UnsafeMutablePointer<Float>,
        _ weights: UnsafeMutableRawPointer
    ) {
        let work = Weighing(
            keys: Operand(base: keys, stride: keyStride, words: words),
            queries: queries.assumingMemoryBound(to: Words.self),
            sight: Sight(distance: distance, window: window, rowsAreQueries: false), scale: scale,
            reference: reference, sums: sums, weights: weights.assumingMemoryBound(to: Words.self))
        bf16 ? weigh(BF16Pairs.self, work, rows) : weigh(F32Singles.self, work, rows)
    }

    /// Attention weights of some queries for the 48 keys of a panel, and the gradients of their scores;
    /// see `level.h`.
    public func attentionGradients(
        bf16: Bool, _ queries: UnsafeRawPointer, _ queryStride: Int, _ dout: UnsafeRawPointer,
        _ doutStride: Int, _ words: Int, _ rows: Int, _ keys: UnsafeRawPointer,
        _ values: UnsafeRawPointer, _ distance: Int, _ window: Int, _ scale: Float,
        _ gradientScale: Float, _ logSums: UnsafePointer<Float>, _ means: UnsafePointer<Float>,
        _ weights: UnsafeMutableRawPointer, _ gradients: UnsafeMutableRawPointer,
        _ gradientRows: UnsafeMutableRawPointer, _ rowStride: Int
    ) {
        withUnsafeTemporaryAllocation(byteCount: 24 * 64, alignment: 64) { scratch in
            let work = Sloping(
                queries: Operand(base: queries, stride: queryStride, words: words),
                dout: Operand(base: dout, stride: doutStride, words: words),
                keys: keys.assumingMemoryBound(to: Words.self),
                values: values.assumingMemoryBound(to: Words.self),
                sight: Sight(distance: distance, window: window, rowsAreQueries: true),
                scale: scale, gradientScale: gradientScale, logSums: logSums, means: means,
                weights: weights.assumingMemoryBound(to: Words.self),
                gradients: gradients.assumingMemoryBound(to: Words.self),
                gradientRows: gradientRows, rowStride: rowStride,
                slopes: scratch.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: Floats.self))
            bf16 ? slope(BF16Pairs.self, work, rows) : slope(F32Singles.self, work, rows)
        }
    }
#endif
