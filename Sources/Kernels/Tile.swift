#if arch(x86_64)
    import CKernels

    // C[m, n] = sum over words of A[m, word] * panel[word][n]. A's rows are plain memory, broadcast word
    // by word; 24 accumulators hide the latency of the products (8 rows x 3 vectors or 6 x 4).

    protocol Element: SendableMetatype {
        static func multiplyAdd(_ sum: Floats, _ a: Words, _ b: Words) -> Floats
    }

    enum BF16Pairs: Element {
        @inline(__always) static func multiplyAdd(_ sum: Floats, _ a: Words, _ b: Words) -> Floats {
            rk_dot_bf16(sum, a, b)
        }
    }

    enum F32Singles: Element {
        @inline(__always) static func multiplyAdd(_ sum: Floats, _ a: Words, _ b: Words) -> Floats {
            rk_fma(floats(a), floats(b), sum)
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
    /// A function of its own for each size, which is why `multiply` is not inlined.
    private enum Tile<E: Element, let rows: Int, let vectors: Int> {
        typealias Sums = InlineArray<rows, InlineArray<vectors, Floats>>

        @inline(__always)
        static func add(_ a: Operand, _ panel: UnsafePointer<Words>, to sums: inout Sums) {
            var from = a.base, b = panel
            for _ in 0..<a.words {
                for i in 0..<rows {
                    let word = (from + i &* a.stride).loadUnaligned(as: UInt32.self)
                    let x = unsafeBitCast(SIMD16<UInt32>(repeating: word), to: Words.self)
                    for j in 0..<vectors {
                        sums[unchecked: i][unchecked: j] = E.multiplyAdd(
                            sums[unchecked: i][unchecked: j], x, b[j])
                    }
                }
                from += 4
                b += vectors
            }
        }

        @inline(never)
        static func multiply(
            _ a: Operand, _ more: Operand, _ panel: UnsafePointer<Words>,
            _ c: UnsafeMutableRawPointer, _ stride: Int, _ width: Int, _ target: Target
        ) {
            let zero = rk_zero()
            var sums = Sums { _ in InlineArray<vectors, Floats> { _ in zero } }
            add(a, panel, to: &sums)
            if more.words > 0 { add(more, panel + a.words * vectors, to: &sums) }
            let bytes = target == .bfloat16 ? 2 : 4
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

        @inline(__always)
        mutating func move<let height: Int>(_: Tile<E, height, vectors>.Type) {
            let bytes = target == .bfloat16 ? 2 : 4
            while row + height <= rows {
                var first = a, second = more
                first.base += row * a.stride
                second.base += row * more.stride
                Tile<E, height, vectors>.multiply(
                    first, second, panel, c + row * stride * bytes, stride, width, target)
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
        switch vectors {
        case 1:
            var sweep = start(Sweep<E, 1>.self)
            sweep.move(Tile<E, 16, 1>.self)
            sweep.move(Tile<E, 4, 1>.self)
            sweep.move(Tile<E, 1, 1>.self)
        case 2:
            var sweep = start(Sweep<E, 2>.self)
            sweep.move(Tile<E, 8, 2>.self)
            sweep.move(Tile<E, 1, 2>.self)
        case 3:
            var sweep = start(Sweep<E, 3>.self)
            sweep.move(Tile<E, 8, 3>.self)
            sweep.move(Tile<E, 4, 3>.self)
            sweep.move(Tile<E, 1, 3>.self)
        default:
            var sweep = start(Sweep<E, 4>.self)
            sweep.move(Tile<E, 6, 4>.self)
            sweep.move(Tile<E, 1, 4>.self)
        }
    }

    /// All rows of A (and of a second operand whose words follow in the panel) against one panel of
    /// `16 * vectors` columns (vectors 3 or 4), of which `width` are stored.
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
