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

    @inline(__always)
    private func run<E: Element, let count: Int>(
        _: E.Type, _ rows: Int, _ vectors: Int, _ sums: inout InlineArray<count, Floats>,
        _ a: Operand, _ panel: UnsafePointer<Words>
    ) {
        var from = a.base, b = panel
        for _ in 0..<a.words {
            for i in 0..<rows {
                let word = (from + i &* a.stride).loadUnaligned(as: UInt32.self)
                let x = unsafeBitCast(SIMD16<UInt32>(repeating: word), to: Words.self)
                for j in 0..<vectors {
                    sums[unchecked: i &* vectors &+ j] = E.multiplyAdd(
                        sums[unchecked: i &* vectors &+ j], x, b[j])
                }
            }
            from += 4
            b += vectors
        }
    }

    @inline(__always)
    private func tile<E: Element, let count: Int>(
        _ element: E.Type, _ rows: Int, _ vectors: Int, _ zero: InlineArray<count, Floats>,
        _ a: Operand, _ more: Operand, _ panel: UnsafePointer<Words>,
        _ c: UnsafeMutableRawPointer, _ stride: Int, _ width: Int, _ target: Target
    ) {
        var sums = zero
        run(element, rows, vectors, &sums, a, panel)
        if more.words > 0 { run(element, rows, vectors, &sums, more, panel + a.words * vectors) }
        let bytes = target == .bfloat16 ? 2 : 4
        for i in 0..<rows {
            let out = c + i * stride * bytes
            for j in 0..<vectors {
                let valid = min(16, width - 16 * j)
                if valid <= 0 { break }
                let sum = sums[i * vectors + j]
                let at = out + 16 * j * bytes
                switch target {
                case .bfloat16:
                    valid == 16 ? BFloat16.store(sum, at) : BFloat16.store(sum, at, first: valid)
                case .store:
                    valid == 16 ? Float32.store(sum, at) : Float32.store(sum, at, first: valid)
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

    /// The heights of tiles, each a function of its own so that its loops unroll into registers.
    private enum Tile<E: Element> {
        typealias Body = (
            Operand, Operand, UnsafePointer<Words>, UnsafeMutableRawPointer, Int, Int, Target
        ) -> Void

        @inline(never)
        static func rows8(
            _ a: Operand, _ more: Operand, _ panel: UnsafePointer<Words>,
            _ c: UnsafeMutableRawPointer, _ stride: Int, _ width: Int, _ target: Target
        ) {
            tile(
                E.self, 8, 3, InlineArray<24, Floats>(repeating: .zero), a, more, panel, c, stride,
                width, target)
        }
        @inline(never)
        static func rows4(
            _ a: Operand, _ more: Operand, _ panel: UnsafePointer<Words>,
            _ c: UnsafeMutableRawPointer, _ stride: Int, _ width: Int, _ target: Target
        ) {
            tile(
                E.self, 4, 3, InlineArray<12, Floats>(repeating: .zero), a, more, panel, c, stride,
                width, target)
        }
        @inline(never)
        static func row(
            _ a: Operand, _ more: Operand, _ panel: UnsafePointer<Words>,
            _ c: UnsafeMutableRawPointer, _ stride: Int, _ width: Int, _ target: Target
        ) {
            tile(
                E.self, 1, 3, InlineArray<3, Floats>(repeating: .zero), a, more, panel, c, stride,
                width, target)
        }
        @inline(never)
        static func wideRows6(
            _ a: Operand, _ more: Operand, _ panel: UnsafePointer<Words>,
            _ c: UnsafeMutableRawPointer, _ stride: Int, _ width: Int, _ target: Target
        ) {
            tile(
                E.self, 6, 4, InlineArray<24, Floats>(repeating: .zero), a, more, panel, c, stride,
                width, target)
        }
        @inline(never)
        static func wideRow(
            _ a: Operand, _ more: Operand, _ panel: UnsafePointer<Words>,
            _ c: UnsafeMutableRawPointer, _ stride: Int, _ width: Int, _ target: Target
        ) {
            tile(
                E.self, 1, 4, InlineArray<4, Floats>(repeating: .zero), a, more, panel, c, stride,
                width, target)
        }
    }

    @inline(__always)
    private func sweep<E: Element>(
        _: E.Type, _ vectors: Int, _ a: Operand, _ more: Operand, _ rows: Int,
        _ panel: UnsafeRawPointer, _ c: UnsafeMutableRawPointer, _ stride: Int, _ width: Int,
        _ target: Target
    ) {
        let panel = panel.assumingMemoryBound(to: Words.self)
        let bytes = target == .bfloat16 ? 2 : 4
        var row = 0
        @inline(__always) func move(_ height: Int, _ body: Tile<E>.Body) {
            while row + height <= rows {
                var first = a, second = more
                first.base += row * a.stride
                second.base += row * more.stride
                body(first, second, panel, c + row * stride * bytes, stride, width, target)
                row += height
            }
        }
        if vectors == 3 {
            move(8, Tile<E>.rows8)
            move(4, Tile<E>.rows4)
            move(1, Tile<E>.row)
        } else {
            move(6, Tile<E>.wideRows6)
            move(1, Tile<E>.wideRow)
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
