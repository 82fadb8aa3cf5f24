#if arch(x86_64) || arch(arm64)
    import CKernels

    // A panel is what the tile streams: for each word of the reduction (two bf16 or one f32), the words
    // of 16 * vectors columns. Columns and words behind the end are zero.

    /// Transposes 16 x 16 words in registers.
    @inline(__always)
    func transpose(_ r: inout InlineArray<16, Words>) {
        var t = r
        for i in 0..<8 {
            t[2 * i] = rk_unpack_low32(r[2 * i], r[2 * i + 1])
            t[2 * i + 1] = rk_unpack_high32(r[2 * i], r[2 * i + 1])
        }
        for g in 0..<4 {
            let a = t[4 * g], b = t[4 * g + 1], c = t[4 * g + 2], d = t[4 * g + 3]
            r[4 * g] = rk_unpack_low64(a, c)
            r[4 * g + 1] = rk_unpack_high64(a, c)
            r[4 * g + 2] = rk_unpack_low64(b, d)
            r[4 * g + 3] = rk_unpack_high64(b, d)
        }
        for c in 0..<4 {
            let e0 = rk_even_lanes(r[c], r[4 + c]), o0 = rk_odd_lanes(r[c], r[4 + c])
            let e1 = rk_even_lanes(r[8 + c], r[12 + c]), o1 = rk_odd_lanes(r[8 + c], r[12 + c])
            t[c] = rk_even_lanes(e0, e1)
            t[8 + c] = rk_odd_lanes(e0, e1)
            t[4 + c] = rk_even_lanes(o0, o1)
            t[12 + c] = rk_odd_lanes(o0, o1)
        }
        r = t
    }

    /// Rows of a stored matrix: row i begins at `base + stride * (map[i] or i)`.
    struct Rows {
        let base: UnsafeRawPointer
        let stride: Int
        let map: UnsafePointer<Int32>?

        @inline(__always) func start(_ row: Int) -> UnsafeRawPointer {
            base + stride &* (map.map { Int($0[row]) } ?? row)
        }
    }

    /// Panel whose columns are rows `first ..< first + count` of the matrix.
    ///
    /// The reduction runs along the rows. In two steps through 8 KiB that stay in L1: decode 16 rows, then transpose.
    @inline(__always)
    private func packRows<F: Format>(
        _: F.Type, _ rows: Rows, _ first: Int, _ count: Int, _ length: Int, _ vectors: Int,
        _ asBF16: Bool, _ panel: UnsafeMutableRawPointer
    ) {
        let blocks = (length + 31) / 32, rest = length % 32
        // Vectors of 16 words that one block of 32 values fills.
        let perBlock = asBF16 ? 1 : 2
        let atOnce = 8 / perBlock
        withUnsafeTemporaryAllocation(byteCount: 16 * 512 + 128, alignment: 64) { scratch in
            let decoded = scratch.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: Words.self)
            let space = scratch.baseAddress.unsafelyUnwrapped + 16 * 512
            for group in 0..<vectors {
                let valid = max(0, min(16, count - 16 * group))
                for i in valid * 8..<128 { decoded[i] = .zero }
                var block = 0
                while block < blocks {
                    let some = min(atOnce, blocks - block)
                    for i in 0..<valid {
                        var from = rows.start(first + 16 * group + i) + block * F.bytes
                        for b in 0..<some {
                            var source = from
                            if rest > 0, block + b == blocks - 1 {
                                source = shortBlock(from, values: rest, bytesOf32: F.bytes, space)
                            }
                            if asBF16 {
                                decoded[i * 8 + b] = F.decodeBF16(source)
                            } else {
                                let (low, high) = F.decode(source)
                                decoded[i * 8 + 2 * b] = words(low)
                                decoded[i * 8 + 2 * b + 1] = words(high)
                            }
                            from += F.bytes
                        }
                    }
                    for v in 0..<some * perBlock {
                        var r = InlineArray<16, Words> { decoded[$0 * 8 + v] }
                        transpose(&r)
                        let out =
                            panel.assumingMemoryBound(to: Words.self)
                            + (block * perBlock + v) * 16 * vectors + group
                        for i in 0..<16 { out[i * vectors] = r[i] }
                    }
                    block += some
                }
            }
        }
    }

    /// Panels whose columns are columns `first ..< first + count` of the matrix (`first` a multiple of
    /// 32); the reduction runs down the rows `firstRow ..< firstRow + rowCount`.
    @inline(__always)
    private func packColumns<F: Format>(
        _: F.Type, _ rows: Rows, _ firstRow: Int, _ rowCount: Int, _ first: Int, _ count: Int,
        _ vectors: Int, _ asBF16: Bool, _ panels: UnsafeMutableRawPointer, _ panelBytes: Int
    ) {
        let groups = (count + 16 * vectors - 1) / (16 * vectors) * vectors
        // A few hundred rows at a time, and their blocks of 32 columns one after another: writes are
        // then at fixed distances, and the rows' cache lines are still near when the next block comes.
        let rowsAtOnce = 256
        for start in stride(from: 0, to: rowCount, by: rowsAtOnce) {
            let some = firstRow + start..<firstRow + min(start + rowsAtOnce, rowCount)
            let words = UnsafeMutableRawPointer(
                panels + (asBF16 ? start / 2 : start) * vectors * 64)
            @inline(__always) func target(_ group: Int) -> UnsafeMutableRawPointer {
                words + group / vectors * panelBytes + group % vectors * 64
            }
            for group in Swift.stride(from: 0, to: groups, by: 2) {
                let valid = min(32, count - 16 * group)
                let out = (target(group), group + 1 < groups ? target(group + 1) : nil)
                let offset = (first / 32 + group / 2) * F.bytes
                packBlock(F.self, rows, some, offset, valid, vectors, asBF16, out)
            }
        }
    }

    /// 32 columns of some rows as two columns of panels.
    @inline(__always)
    private func packBlock<F: Format>(
        _: F.Type, _ rows: Rows, _ some: Range<Int>, _ offset: Int, _ valid: Int, _ vectors: Int,
        _ asBF16: Bool, _ out: (UnsafeMutableRawPointer, UnsafeMutableRawPointer?)
    ) {
        withUnsafeTemporaryAllocation(byteCount: 256, alignment: 64) { scratch in
            let space = scratch.baseAddress.unsafelyUnwrapped
            @inline(__always) func block(_ row: Int, _ half: Int) -> UnsafeRawPointer {
                let from = rows.start(row) + offset
                return valid == 32
                    ? from : shortBlock(from, values: valid, bytesOf32: F.bytes, space + half)
            }
            var row = some.lowerBound, at = 0
            while row < some.upperBound {
                var one = Words.zero, two = Words.zero
                if valid <= 0 {
                } else if asBF16 {
                    let x = F.decodeBF16(block(row, 0))
                    var y = Words.zero
                    if row + 1 < some.upperBound { y = F.decodeBF16(block(row + 1, 128)) }
                    one = rk_zip16_low(x, y)
                    two = rk_zip16_high(x, y)
                } else {
                    let (x, y) = F.decode(block(row, 0))
                    one = words(x)
                    two = words(y)
                }
                (out.0 + at).storeBytes(of: one, as: Words.self)
                if let second = out.1 { (second + at).storeBytes(of: two, as: Words.self) }
                at += vectors * 64
                row += asBF16 ? 2 : 1
            }
        }
    }

    /// Packs rows of a stored matrix as columns of a panel.
    ///
    /// Format numbers are GGML's. Returns false for a format without a decoder here.
    public func packRows(
        _ format: UInt32, _ base: UnsafeRawPointer, _ stride: Int, _ map: UnsafePointer<Int32>?,
        _ first: Int, _ count: Int, _ length: Int, _ vectors: Int, _ asBF16: Bool,
        _ panel: UnsafeMutableRawPointer
    ) -> Bool {
        let rows = Rows(base: base, stride: stride, map: map)
        switch format {
        case 0: packRows(F32Format.self, rows, first, count, length, vectors, asBF16, panel)
        case 1: packRows(F16Format.self, rows, first, count, length, vectors, asBF16, panel)
        case 2: packRows(Q4_0Format.self, rows, first, count, length, vectors, asBF16, panel)
        case 3: packRows(Q4_1Format.self, rows, first, count, length, vectors, asBF16, panel)
        case 8: packRows(Q8_0Format.self, rows, first, count, length, vectors, asBF16, panel)
        case 30: packRows(BF16Format.self, rows, first, count, length, vectors, asBF16, panel)
        default: return false
        }
        return true
    }

    /// Packs columns of a stored matrix as columns of panels.
    ///
    /// Format numbers are GGML's. Returns false for a format without a decoder here.
    public func packColumns(
        _ format: UInt32, _ base: UnsafeRawPointer, _ stride: Int, _ map: UnsafePointer<Int32>?,
        _ firstRow: Int, _ rowCount: Int, _ first: Int, _ count: Int, _ vectors: Int,
        _ asBF16: Bool, _ panels: UnsafeMutableRawPointer, _ panelBytes: Int
    ) -> Bool {
        let rows = Rows(base: base, stride: stride, map: map)
        switch format {
        case 0:
            packColumns(
                F32Format.self, rows, firstRow, rowCount, first, count, vectors, asBF16, panels,
                panelBytes)
        case 1:
            packColumns(
                F16Format.self, rows, firstRow, rowCount, first, count, vectors, asBF16, panels,
                panelBytes)
        case 2:
            packColumns(
                Q4_0Format.self, rows, firstRow, rowCount, first, count, vectors, asBF16, panels,
                panelBytes)
        case 3:
            packColumns(
                Q4_1Format.self, rows, firstRow, rowCount, first, count, vectors, asBF16, panels,
                panelBytes)
        case 8:
            packColumns(
                Q8_0Format.self, rows, firstRow, rowCount, first, count, vectors, asBF16, panels,
                panelBytes)
        case 30:
            packColumns(
                BF16Format.self, rows, firstRow, rowCount, first, count, vectors, asBF16, panels,
                panelBytes)
        default: return false
        }
        return true
    }

    /// `out[c][r] = in[r][c]`; `out` has rows of `stride` elements, whose ends behind `rows` are filled
    /// with zero up to a multiple of 32.
    @inline(__always)
    private func transposed<A: Activation>(
        _: A.Type, _ source: UnsafeRawPointer, _ sourceStride: Int, _ rows: Int, _ columns: Int,
        _ asBF16: Bool, _ out: UnsafeMutableRawPointer, _ stride: Int
    ) {
        let step = asBF16 ? 32 : 16
        for column in Swift.stride(from: 0, to: columns, by: 16) {
            let width = min(16, columns - column)
            @inline(__always) func load(_ row: Int) -> Floats {
                row < rows
                    ? get(A.self, source, row * sourceStride + column, width) : Floats.zero
            }
            for row in Swift.stride(from: 0, to: rows, by: step) {
                var t = InlineArray<16, Words> { i in
                    asBF16
                        ? rk_pair_bf16(load(row + 2 * i), load(row + 2 * i + 1))
                        : words(load(row + i))
                }
                transpose(&t)
                for i in 0..<width {
                    (out + ((column + i) * stride + row) * (asBF16 ? 2 : 4)).storeBytes(
                        of: t[i], as: Words.self)
                }
            }
        }
    }

    /// The same of bf16 in bf16, whole blocks of 32 columns; what is left over is not touched.
    ///
    /// - Returns: Columns done.
    @inline(__always)
    private func transposedBlocks(
        _ source: UnsafeRawPointer, _ sourceStride: Int, _ rows: Int, _ columns: Int,
        _ out: UnsafeMutableRawPointer, _ stride: Int
    ) -> Int {
        for column in Swift.stride(from: 0, to: columns - 31, by: 32) {
            @inline(__always) func load(_ row: Int) -> Words {
                row < rows
                    ? (source + (row * sourceStride + column) * 2).loadUnaligned(as: Words.self)
                    : .zero
            }
            for row in Swift.stride(from: 0, to: rows, by: 32) {
                let to = out + (column * stride + row) * 2
                var t = InlineArray<16, Words> { i in
                    rk_zip16_low(load(row + 2 * i), load(row + 2 * i + 1))
                }
                transpose(&t)
                for i in 0..<16 { (to + i * stride * 2).storeBytes(of: t[i], as: Words.self) }
                t = InlineArray<16, Words> { i in
                    rk_zip16_high(load(row + 2 * i), load(row + 2 * i + 1))
                }
                transpose(&t)
                for i in 16..<32 {
                    (to + i * stride * 2).storeBytes(of: t[i - 16], as: Words.self)
                }
            }
        }
        return max(0, columns / 32 * 32)
    }

    /// Transposes f32 rows to f32 or bf16, or bf16 rows to bf16; see the private function of the same
    /// name for shapes.
    public func transposed(
        fromBF16: Bool, _ source: UnsafeRawPointer, _ sourceStride: Int, _ rows: Int,
        _ columns: Int, toBF16: Bool, _ out: UnsafeMutableRawPointer, _ stride: Int
    ) {
        if fromBF16 {
            let done = transposedBlocks(source, sourceStride, rows, columns, out, stride)
            transposed(
                BFloat16.self, source + done * 2, sourceStride, rows, columns - done, true,
                out + done * stride * 2, stride)
        } else if toBF16 {
            transposed(Float32.self, source, sourceStride, rows, columns, true, out, stride)
        } else {
            transposed(Float32.self, source, sourceStride, rows, columns, false, out, stride)
        }
    }
#endif
