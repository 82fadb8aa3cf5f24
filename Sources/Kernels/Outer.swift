#if arch(x86_64) || arch(arm64)
    import CKernels

    // C[i, j] = sum over rows t of A[t, i] * X[t, j] where A has few columns, as an adapter's gradients
    // have: A is a packed panel of 16 columns, and X is read as it lies. To pack X as ``Tile`` needs it
    // would cost more than its products.

    extension BF16Pairs: RowPairs {
        @inline(__always)
        static func load(_ x: UnsafeRawPointer, _ next: UnsafeRawPointer?) -> (Words, Words) {
            let a = x.loadUnaligned(as: Words.self)
            let b = next?.loadUnaligned(as: Words.self) ?? .zero
            return (rk_zip16_low(a, b), rk_zip16_high(a, b))
        }
        @inline(__always) static var bytesOf32: Int { 64 }
    }

    extension F32Singles: RowPairs {
        @inline(__always)
        static func load(_ x: UnsafeRawPointer, _ next: UnsafeRawPointer?) -> (Words, Words) {
            (x.loadUnaligned(as: Words.self), (x + 64).loadUnaligned(as: Words.self))
        }
        @inline(__always) static var bytesOf32: Int { 128 }
    }

    /// Rows as a reduction runs down them.
    private protocol RowPairs: Element {
        /// A word of each of 32 columns, of one row or two.
        static func load(_ x: UnsafeRawPointer, _ next: UnsafeRawPointer?) -> (Words, Words)
        /// Bytes of 32 values.
        static var bytesOf32: Int { get }
    }

    /// Rows of X, all of them, and the columns that a tile takes of them.
    private struct Strip {
        let x: UnsafeRawPointer
        let stride, rows, width: Int
    }

    /// Sums of `height` columns of A with 32 columns of X, in registers.
    private enum OuterTile<E: RowPairs, let height: Int> {
        @inline(never)
        static func multiply(
            _ panel: UnsafeRawPointer, _ strip: Strip, _ c: UnsafeMutablePointer<Float>,
            _ stride: Int, _ adds: Bool
        ) {
            let zero = rk_zero(), step = E.perWord
            var sums = InlineArray<height, InlineArray<2, Floats>> { _ in
                InlineArray<2, Floats> { _ in zero }
            }
            withUnsafeTemporaryAllocation(byteCount: 256, alignment: 64) { scratch in
                let space = scratch.baseAddress.unsafelyUnwrapped
                @inline(__always) func row(_ index: Int, _ half: Int) -> UnsafeRawPointer {
                    let from = strip.x + index &* strip.stride
                    return strip.width == 32
                        ? from
                        : shortBlock(
                            from, values: strip.width, bytesOf32: E.bytesOf32, space + half)
                }
                var a = panel, index = 0
                while index < strip.rows {
                    let hasNext = step == 2 && index &+ 1 < strip.rows
                    let b = E.load(row(index, 0), hasNext ? row(index &+ 1, 128) : nil)
                    for i in 0..<height {
                        let word = (a + i &* 4).loadUnaligned(as: UInt32.self)
                        let x = unsafeBitCast(SIMD16<UInt32>(repeating: word), to: Words.self)
                        var own = sums[unchecked: i]
                        own[unchecked: 0] = E.multiplyAdd(own[unchecked: 0], x, b.0)
                        own[unchecked: 1] = E.multiplyAdd(own[unchecked: 1], x, b.1)
                        own[unchecked: 0] = E.multiplyAddRest(own[unchecked: 0], x, b.0)
                        own[unchecked: 1] = E.multiplyAddRest(own[unchecked: 1], x, b.1)
                        sums[unchecked: i] = own
                    }
                    a += 64
                    index &+= step
                }
            }
            for i in 0..<height {
                for j in 0..<2 {
                    let valid = min(16, strip.width - 16 * j), at = c + i * stride + 16 * j
                    if valid <= 0 { break }
                    var sum = sums[unchecked: i][unchecked: j]
                    if adds { sum += Float32.load(at, first: valid) }
                    Float32.store(sum, at, first: valid)
                }
            }
        }
    }

    /// The columns of a panel go by in tiles of falling height.
    @inline(__always)
    private func outer<E: RowPairs>(
        _: E.Type, _ panel: UnsafeRawPointer, _ count: Int, _ strip: Strip,
        _ c: UnsafeMutablePointer<Float>, _ stride: Int, _ adds: Bool
    ) {
        var column = 0
        @inline(__always) func move<let height: Int>(_: OuterTile<E, height>.Type) {
            while column + height <= count {
                OuterTile<E, height>.multiply(
                    panel + column * 4, strip, c + column * stride, stride, adds)
                column += height
            }
        }
        if Processor.sums == 24 {
            move(OuterTile<E, 8>.self)
            move(OuterTile<E, 4>.self)
        } else {
            move(OuterTile<E, 3>.self)
        }
        move(OuterTile<E, 1>.self)
    }

    /// Products of the first `count` columns of a panel of 16 with `width` columns of X, at most 32, as
    /// f32 rows, stored or added; the reduction runs down the rows of X.
    public func outer(
        bf16: Bool, _ panel: UnsafeRawPointer, _ count: Int, _ x: UnsafeRawPointer,
        _ xStride: Int, _ rows: Int, _ width: Int, _ c: UnsafeMutablePointer<Float>,
        _ stride: Int, _ adds: Bool
    ) {
        let strip = Strip(x: x, stride: xStride, rows: rows, width: width)
        bf16
            ? outer(BF16Pairs.self, panel, count, strip, c, stride, adds)
            : outer(F32Singles.self, panel, count, strip, c, stride, adds)
    }
#endif
