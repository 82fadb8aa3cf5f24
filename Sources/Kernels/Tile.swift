#if arch(x86_64) || arch(arm64)
    import CKernels

    // C[m, n] = sum over words of A[m, word] * panel[word][n]. A's rows are plain memory, broadcast word
    // by word; a tile has as many sums as the registers of the level hold, which hides the latency of
    // the products: 24 vectors (8 rows x 3 vectors or 6 x 4), or 6 where a vector takes two registers
    // of sixteen or four of 32.

    protocol Element: SendableMetatype {
        static func multiplyAdd(_ sum: Floats, _ a: Words, _ b: Words) -> Floats
        /// The second half of a word's products, where they are not one instruction.
        static func multiplyAddRest(_ sum: Floats, _ a: Words, _ b: Words) -> Floats
        /// Values in a word of the reduction.
        static var perWord: Int { get }
        /// Stores one or two neighbouring rows as words of a panel that the reduction runs down, and
        /// as rows if there is a place for them.
        static func store(
            _ one: Floats, _ two: Floats, _ count: Int, _ panel: UnsafeMutablePointer<Words>,
            _ pitch: Int, rows: UnsafeMutableRawPointer?, _ stride: Int)
    }

    enum BF16Pairs: Element {
        @inline(__always) static func multiplyAdd(_ sum: Floats, _ a: Words, _ b: Words) -> Floats {
            rk_dot_bf16(sum, a, b)
        }
        @inline(__always)
        static func multiplyAddRest(_ sum: Floats, _ a: Words, _ b: Words) -> Floats {
            rk_dot_bf16_rest(sum, a, b)
        }
        @inline(__always) static var perWord: Int { 2 }
        @inline(__always)
        static func store(
            _ one: Floats, _ two: Floats, _ count: Int, _ panel: UnsafeMutablePointer<Words>,
            _ pitch: Int, rows: UnsafeMutableRawPointer?, _ stride: Int
        ) {
            let packed: Words = rk_pack_bf16(one, two)
            panel[0] = rk_zip_halves(packed)
            guard let rows else { return }
            rows.storeBytes(of: packed.lowHalf, as: SIMD4<Int64>.self)
            if count == 2 { (rows + stride).storeBytes(of: packed.highHalf, as: SIMD4<Int64>.self) }
        }
    }

    enum F32Singles: Element {
        @inline(__always) static func multiplyAdd(_ sum: Floats, _ a: Words, _ b: Words) -> Floats {
            rk_fma(floats(a), floats(b), sum)
        }
        @inline(__always)
        static func multiplyAddRest(_ sum: Floats, _ a: Words, _ b: Words) -> Floats { sum }
        @inline(__always) static var perWord: Int { 1 }
        @inline(__always)
        static func store(
            _ one: Floats, _ two: Floats, _ count: Int, _ panel: UnsafeMutablePointer<Words>,
            _ pitch: Int, rows: UnsafeMutableRawPointer?, _ stride: Int
        ) {
            panel[0] = words(one)
            if count == 2 { panel[pitch] = words(two) }
            guard let rows else { return }
            rows.storeBytes(of: one, as: Floats.self)
            if count == 2 { (rows + stride).storeBytes(of: two, as: Floats.self) }
        }
    }

    /// One operand of rows: a pointer, bytes from row to row, words of reduction in a row.
    struct Operand {
        var base: UnsafeRawPointer
        var stride: Int
        var words: Int
    }

    /// Where a tile's sums go: f32 stored, f32 added to what is there, or rounded to bf16.
    enum Target { case store, add, bfloat16 }

    /// Sums of `rows x vectors` vectors in registers: every loop here unrolls.
    ///
    /// A function of its own for each size, which is why `multiply` is not inlined. `pitch` is how
    /// many vectors a word of the panel has; the tile takes the first of them.
    enum Tile<E: Element, let rows: Int, let vectors: Int> {
        typealias Sums = InlineArray<rows, InlineArray<vectors, Floats>>

        @inline(__always)
        static func add(
            _ a: Operand, _ panel: UnsafePointer<Words>, _ pitch: Int, to sums: inout Sums
        ) {
            var from = a.base, b = panel
            @inline(__always) func broadcast(_ row: Int) -> Words {
                let word = (from + row &* a.stride).loadUnaligned(as: UInt32.self)
                return unsafeBitCast(SIMD16<UInt32>(repeating: word), to: Words.self)
            }
            for _ in 0..<a.words {
                for i in 0..<rows {
                    let x = broadcast(i)
                    for j in 0..<vectors {
                        sums[unchecked: i][unchecked: j] = E.multiplyAdd(
                            sums[unchecked: i][unchecked: j], x, b[j])
                    }
                }
                // Apart, so that fewer registers hold halves of words.
                for i in 0..<rows {
                    let x = broadcast(i)
                    for j in 0..<vectors {
                        sums[unchecked: i][unchecked: j] = E.multiplyAddRest(
                            sums[unchecked: i][unchecked: j], x, b[j])
                    }
                }
                from += 4
                b += pitch
            }
        }

        @inline(never)
        static func multiply(
            _ a: Operand, _ more: Operand, _ panel: UnsafePointer<Words>, _ pitch: Int,
            _ c: UnsafeMutableRawPointer, _ stride: Int, _ width: Int, _ target: Target
        ) {
            let bytes = target == .bfloat16 ? 2 : 4
            if target != .bfloat16 {
                // Asked for before it is needed: no processor foresees rows this far apart.
                for i in 0..<rows {
                    for j in 0..<vectors { rk_prefetch(c + (i * stride + 16 * j) * 4) }
                }
            }
            let zero = rk_zero()
            var sums = Sums { _ in InlineArray<vectors, Floats> { _ in zero } }
            add(a, panel, pitch, to: &sums)
            if more.words > 0 { add(more, panel + a.words * pitch, pitch, to: &sums) }
            for i in 0..<rows {
                let out = c + i * stride * bytes
                for j in 0..<vectors {
                    let valid = min(16, width - 16 * j)
                    if valid <= 0 { break }
                    let sum = sums[unchecked: i][unchecked: j]
                    let at = out + 16 * j * bytes
                    switch target {
                    case .bfloat16:
                        valid == 16
                            ? BFloat16.store(sum, at) : BFloat16.store(sum, at, first: valid)
                    case .store:
                        valid == 16
                            ? Float32.store(sum, at) : Float32.store(sum, at, first: valid)
                    case .add:
                        if valid == 16 {
                            Float32.store(sum + Float32.load(at), at)
                        } else {
                            Float32.store(sum + Float32.load(at, first: valid), at, first: valid)
                        }
                    }
                }
            }
        }
    }

    /// One sweep: the rows of A go by in tiles of falling height.
    private struct Sweep<E: Element, let vectors: Int> {
        let a, more: Operand
        let rows: Int
        let panel: UnsafePointer<Words>
        let c: UnsafeMutableRawPointer
        let stride, width: Int
        let target: Target
        var row = 0

        /// Takes as many rows as tiles of this size cover, each tile row from left to right.
        @inline(__always)
        mutating func move<let height: Int, let across: Int>(_: Tile<E, height, across>.Type) {
            let bytes = target == .bfloat16 ? 2 : 4
            while row + height <= rows {
                var first = a, second = more
                first.base += row * a.stride
                second.base += row * more.stride
                for j in Swift.stride(from: 0, to: vectors, by: across) where 16 * j < width {
                    Tile<E, height, across>.multiply(
                        first, second, panel + j, vectors, c + (row * stride + 16 * j) * bytes,
                        stride, width - 16 * j, target)
                }
                row += height
            }
        }
    }

    @inline(__always)
    private func sweep<E: Element>(
        _: E.Type, _ vectors: Int, _ a: Operand, _ more: Operand, _ rows: Int,
        _ panel: UnsafeRawPointer, _ c: UnsafeMutableRawPointer, _ stride: Int, _ width: Int,
        _ target: Target
    ) {
        let panel = panel.assumingMemoryBound(to: Words.self)
        @inline(__always) func start<let count: Int>(_: Sweep<E, count>.Type) -> Sweep<E, count> {
            Sweep<E, count>(
                a: a, more: more, rows: rows, panel: panel, c: c, stride: stride, width: width,
                target: target)
        }
        switch (vectors, Processor.sums) {
        case (1, 24):
            var sweep = start(Sweep<E, 1>.self)
            sweep.move(Tile<E, 16, 1>.self)
            sweep.move(Tile<E, 4, 1>.self)
            sweep.move(Tile<E, 1, 1>.self)
        case (2, 24):
            var sweep = start(Sweep<E, 2>.self)
            sweep.move(Tile<E, 8, 2>.self)
            sweep.move(Tile<E, 1, 2>.self)
        case (3, 24):
            var sweep = start(Sweep<E, 3>.self)
            sweep.move(Tile<E, 8, 3>.self)
            sweep.move(Tile<E, 4, 3>.self)
            sweep.move(Tile<E, 1, 3>.self)
        case (4, 24):
            var sweep = start(Sweep<E, 4>.self)
            sweep.move(Tile<E, 6, 4>.self)
            sweep.move(Tile<E, 1, 4>.self)
        case (1, _):
            var sweep = start(Sweep<E, 1>.self)
            sweep.move(Tile<E, 6, 1>.self)
            sweep.move(Tile<E, 1, 1>.self)
        case (2, _):
            var sweep = start(Sweep<E, 2>.self)
            sweep.move(Tile<E, 6, 1>.self)
            sweep.move(Tile<E, 1, 2>.self)
        case (3, _):
            var sweep = start(Sweep<E, 3>.self)
            sweep.move(Tile<E, 6, 1>.self)
            sweep.move(Tile<E, 1, 3>.self)
        default:
            var sweep = start(Sweep<E, 4>.self)
            sweep.move(Tile<E, 6, 1>.self)
            sweep.move(Tile<E, 1, 4>.self)
        }
    }

    /// All rows of A (and of a second operand whose words follow in the panel) against one panel of
    /// `16 * vectors` columns (vectors 1 to 4), of which `width` are stored.
    ///
    /// Strides of A in bytes, of C in elements; `target`: 0 stores f32, 1 adds to f32, 2 stores bf16.
    public func sweep(
        bf16: Bool, _ vectors: Int, _ a: UnsafeRawPointer, _ aStride: Int, _ aWords: Int,
        _ more: UnsafeRawPointer?, _ moreStride: Int, _ moreWords: Int, _ rows: Int,
        _ panel: UnsafeRawPointer, _ c: UnsafeMutableRawPointer, _ stride: Int, _ width: Int,
        _ target: Int
    ) {
        let first = Operand(base: a, stride: aStride, words: aWords)
        let second = Operand(
            base: more ?? a, stride: moreStride, words: more == nil ? 0 : moreWords)
        let target = target == 2 ? Target.bfloat16 : target == 1 ? .add : .store
        if bf16 {
            sweep(
                BF16Pairs.self, vectors, first, second, rows, panel, c, stride, width, target)
        } else {
            sweep(
                F32Singles.self, vectors, first, second, rows, panel, c, stride, width, target)
        }
    }
#endif
