#if arch(x86_64)
    import CKernels

    // Prompts in whole numbers: many rows of activations, rounded to bytes with a scale for every 32,
    // against panels of weights as unsigned bytes. A tile of 8 rows by 48 columns sums one block of 32
    // in 24 vectors of i32, four products to the instruction, then widens the sums, multiplies them by
    // the scales of both sides and adds them to f32 sums that stay in the first-level cache:
    //
    //     y = Σ over blocks of d·s·(Σ u·q - zero·Σ q) + m·s·Σ q       w = d·(u - zero) + m, x = s·q
    //
    // The sums of i32 begin at -zero·Σ q.

    private typealias ByteRow = RoundedRow<ByteRounding>

    /// A panel of 48 columns, block by block: for each four of the reduction the bytes of all columns,
    /// then the columns' scales and minima.
    private enum BytePanel {
        @inline(__always) static var scales: Int { 8 * 192 }
        @inline(__always) static var minima: Int { 9 * 192 }
        @inline(__always) static var blockBytes: Int { 10 * 192 }
    }

    /// Bytes of a panel that ``packGroups`` writes.
    public func bytePanelBytes(blocks: Int) -> Int { blocks * BytePanel.blockBytes }

    @inline(__always)
    private func packGroups<F: InterleavedFormat>(
        _: F.Type, _ base: UnsafeRawPointer, _ first: Int, _ count: Int, _ blocks: Int,
        _ panel: UnsafeMutableRawPointer
    ) {
        for group in 0..<count {
            var from = base + (first + group) * blocks * F.interleavedBytes
            var out = panel + group * 64
            for _ in 0..<blocks {
                let weights = F.unpack(from)
                @inline(__always) func put(_ words: Words, _ i: Int) {
                    (out + i * 192).storeBytes(of: words, as: Words.self)
                }
                put(weights.v0, 0)
                put(weights.v1, 1)
                put(weights.v2, 2)
                put(weights.v3, 3)
                put(weights.v4, 4)
                put(weights.v5, 5)
                put(weights.v6, 6)
                put(weights.v7, 7)
                store(rk_from_f16(from + F.scales), out + BytePanel.scales)
                if F.hasMinimum { store(rk_from_f16(from + F.scales + 32), out + BytePanel.minima) }
                from += F.interleavedBytes
                out += BytePanel.blockBytes
            }
        }
    }

    /// Unpacks groups `first ..< first + count` of 16 interleaved rows, at most 3, into a panel of bytes.
    public func packGroups(
        _ format: UInt32, _ base: UnsafeRawPointer, _ first: Int, _ count: Int, _ blocks: Int,
        _ panel: UnsafeMutableRawPointer
    ) {
        switch format {
        case 2: packGroups(Q4_0Format.self, base, first, count, blocks, panel)
        case 3: packGroups(Q4_1Format.self, base, first, count, blocks, panel)
        default: packGroups(Q8_0Format.self, base, first, count, blocks, panel)
        }
    }

    /// Products of one block of `rows` rows of bytes with 48 columns.
    @inline(__always)
    private func sumBlock<let count: Int>(
        _ rows: Int, _ sums: inout InlineArray<count, Words>, _ x: UnsafeRawPointer, _ stride: Int,
        _ panel: UnsafePointer<Words>
    ) {
        var from = x, b = panel
        for _ in 0..<8 {
            for i in 0..<rows {
                let word = (from + i &* stride).loadUnaligned(as: UInt32.self)
                let a = unsafeBitCast(SIMD16<UInt32>(repeating: word), to: Words.self)
                for j in 0..<3 {
                    sums[unchecked: i &* 3 &+ j] = rk_dot_bytes(
                        sums[unchecked: i &* 3 &+ j], b[j], a)
                }
            }
            from += 4
            b += 3
        }
    }

    /// Adds the products of one block of `rows` rows and a panel to `before`; all are rows of 48.
    @inline(__always)
    private func tile<let count: Int>(
        _ rows: Int, _: InlineArray<count, Words>.Type, _ hasMinimum: Bool, _ x: UnsafeRawPointer,
        _ block: Int, _ row: ByteRow, _ panel: UnsafeRawPointer, _ before: UnsafePointer<Float>,
        _ out: UnsafeMutablePointer<Float>
    ) {
        let stride = row.bytes, own = x + block * 4
        // A function for `repeating:` would be one that other modules may be given.
        var sums = InlineArray<count, Words> { _ in .zero }
        for i in 0..<rows {
            let start = (own + i &* stride + row.starts).loadUnaligned(as: UInt32.self)
            for j in 0..<3 {
                sums[unchecked: i &* 3 &+ j] = unsafeBitCast(
                    SIMD16<UInt32>(repeating: start), to: Words.self)
            }
        }
        sumBlock(rows, &sums, x + block * 32, stride, panel.assumingMemoryBound(to: Words.self))
        @inline(__always) func finish(_ i: Int) {
            let own = own + i &* stride
            let scale = Floats(repeating: (own + row.scales).loadUnaligned(as: Float.self))
            for j in 0..<3 {
                let from = panel + BytePanel.scales + j * 64, place = (i &* 3 &+ j) &* 16
                let scaled = rk_from_i32(sums[unchecked: i &* 3 &+ j]) * load(from)
                var sum = rk_fma(scaled, scale, load(before + place))
                if hasMinimum {
                    let all = (own + row.sums).loadUnaligned(as: Float.self)
                    sum = rk_fma(load(from + 192), Floats(repeating: all), sum)
                }
                store(sum, out + place)
            }
        }
        // Written out: in a loop of this length the sums would not stay in registers.
        finish(0)
        if rows == 8 {
            finish(1)
            finish(2)
            finish(3)
            finish(4)
            finish(5)
            finish(6)
            finish(7)
        }
    }

    /// Heights of tiles, with a minimum and without.
    ///
    /// Each is a function of its own, called for every block, so that the sums of a block stay in
    /// registers and those of f32 do not.
    private enum ByteTile {
        typealias Body = (
            UnsafeRawPointer, Int, ByteRow, UnsafeRawPointer, UnsafePointer<Float>,
            UnsafeMutablePointer<Float>
        ) -> Void

        @inline(never)
        static func rows8(
            _ x: UnsafeRawPointer, _ block: Int, _ row: ByteRow, _ panel: UnsafeRawPointer,
            _ before: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>
        ) {
            tile(
                8, InlineArray<24, Words>.self, false, x, block, row, panel, before,
                out)
        }

        @inline(never)
        static func rows8WithMinimum(
            _ x: UnsafeRawPointer, _ block: Int, _ row: ByteRow, _ panel: UnsafeRawPointer,
            _ before: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>
        ) {
            tile(
                8, InlineArray<24, Words>.self, true, x, block, row, panel, before, out
            )
        }

        @inline(never)
        static func row(
            _ x: UnsafeRawPointer, _ block: Int, _ row: ByteRow, _ panel: UnsafeRawPointer,
            _ before: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>
        ) {
            tile(
                1, InlineArray<3, Words>.self, false, x, block, row, panel, before, out
            )
        }

        @inline(never)
        static func rowWithMinimum(
            _ x: UnsafeRawPointer, _ block: Int, _ row: ByteRow, _ panel: UnsafeRawPointer,
            _ before: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>
        ) {
            tile(
                1, InlineArray<3, Words>.self, true, x, block, row, panel, before, out)
        }
    }

    /// Where a tile's sums go, row by row.
    @inline(__always)
    private func put<A: Activation>(
        _: A.Type, _ sums: UnsafePointer<Float>, _ rows: Int, _ width: Int, _ adds: Bool,
        _ c: UnsafeMutableRawPointer, _ stride: Int
    ) {
        for row in 0..<rows {
            let to = c + row * stride * A.bytes, from = sums + row * 48
            eachVector(width) { i, valid in
                let own = load(from + i)
                put(A.self, adds ? own + get(A.self, to, i, valid) : own, to, i, valid)
            }
        }
    }

    /// All rows of bytes against one panel, of which `width` columns are stored.
    ///
    /// `target`: 0 stores f32, 1 adds to f32, 2 stores bf16; the stride of C is in elements.
    public func sweepBytes(
        _ hasMinimum: Bool, _ x: UnsafeRawPointer, _ blocks: Int, _ rows: Int,
        _ panel: UnsafeRawPointer, _ c: UnsafeMutableRawPointer, _ stride: Int, _ width: Int,
        _ target: Int
    ) {
        let bytes = target == 2 ? 2 : 4, shape = ByteRow(blocks: blocks)
        withUnsafeTemporaryAllocation(byteCount: 16 * 192, alignment: 64) { space in
            let sums = space.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: Float.self)
            let zeros = sums + 8 * 48
            for i in 0..<8 * 3 { store(.zero, zeros + i * 16) }
            var row = 0
            func move(_ height: Int, _ body: ByteTile.Body) {
                while row + height <= rows {
                    for block in 0..<blocks {
                        body(
                            x + row * shape.bytes, block, shape,
                            panel + block * BytePanel.blockBytes, block == 0 ? zeros : sums, sums)
                    }
                    let to = c + row * stride * bytes
                    if target == 2 {
                        put(BFloat16.self, sums, height, width, false, to, stride)
                    } else {
                        put(Float32.self, sums, height, width, target == 1, to, stride)
                    }
                    row += height
                }
            }
            move(8, hasMinimum ? ByteTile.rows8WithMinimum : ByteTile.rows8)
            move(1, hasMinimum ? ByteTile.rowWithMinimum : ByteTile.row)
        }
    }
#endif
