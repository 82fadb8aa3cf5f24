// Operations over rows of activations, shared out over the threads.

extension Kernels {
    /// RMS norm of every row: `x / sqrt(mean(x²) + epsilon) * weight`; the factors are kept.
    public func rmsNorm(
        _ x: ActivationRows, weight: UnsafePointer<Float>, epsilon: Float, into out: ActivationRows,
        factors: UnsafeMutablePointer<Float>
    ) {
        let level = level
        split(x.rowCount, grain: 16) { range, _ in
            for row in range {
                factors[row] = level.rmsNorm(
                    out.isBF16, x.floats(row), weight, epsilon, out.row(row), x.columnCount)
            }
        }
    }

    /// Adds the gradient of ``rmsNorm(_:weight:epsilon:into:factors:)`` to dx.
    public func rmsNormBack(
        _ dy: ActivationRows, _ x: ActivationRows, weight: UnsafePointer<Float>,
        factors: UnsafePointer<Float>, into dx: ActivationRows
    ) {
        let level = level
        split(x.rowCount, grain: 16) { range, _ in
            for row in range {
                level.rmsNormBackward(
                    dy.floats(row), x.floats(row), weight, factors[row], dx.floats(row),
                    x.columnCount)
            }
        }
    }

    /// Adds the norm's weight gradient, `Σ dy * x * factor` over the rows, to `out`.
    public func rmsNormWeightBack(
        _ dy: ActivationRows, _ x: ActivationRows, factors: UnsafePointer<Float>,
        into out: UnsafeMutablePointer<Float>
    ) {
        split(x.columnCount, grain: 16) { range, _ in
            for row in 0..<x.rowCount {
                let g = dy.floats(row), values = x.floats(row), factor = factors[row]
                for i in range { out[i] += g[i] * values[i] * factor }
            }
        }
    }

    /// Adds the sum of all rows of dy to `out`: a bias's gradient.
    public func sumRows(_ dy: ActivationRows, into out: UnsafeMutablePointer<Float>) {
        split(dy.columnCount, grain: 16) { range, _ in
            for row in 0..<dy.rowCount {
                let g = dy.floats(row)
                for i in range { out[i] += g[i] }
            }
        }
    }

    /// Adds a bias to every row.
    public func addBias(_ bias: UnsafePointer<Float>, to y: ActivationRows) {
        split(y.rowCount, grain: 16) { range, _ in
            for row in range {
                for i in 0..<y.columnCount {
                    Portable.put(
                        y.isBF16, Portable.get(y.isBF16, y.row(row), i) + bias[i], y.row(row), i)
                }
            }
        }
    }

    /// `silu(gate) * up`, elementwise over `count` values of one type.
    public func gatedSiLU(
        _ type: ElementType, gate: UnsafeRawPointer, up: UnsafeRawPointer,
        into out: UnsafeMutableRawPointer, count: Int
    ) {
        let level = level, bytes = type.bytes
        splitVectors(count) { range in
            let at = range.lowerBound * bytes
            level.gatedSiLU(type == .bfloat16, gate + at, up + at, out + at, range.count)
        }
    }

    /// Gradients of ``gatedSiLU(_:gate:up:into:count:)``, stored; dy is f32 or of the others' type.
    public func gatedSiLUBack(
        _ type: ElementType, _ dy: UnsafeRawPointer, _ dyType: ElementType, gate: UnsafeRawPointer,
        up: UnsafeRawPointer, dgate: UnsafeMutableRawPointer, dup: UnsafeMutableRawPointer,
        count: Int
    ) {
        precondition(dyType == type || dyType == .float32)
        let level = level, bytes = type.bytes
        splitVectors(count) { range in
            let at = range.lowerBound
            level.gatedSiLUBackward(
                type == .bfloat16, dyType == .bfloat16, dy + at * dyType.bytes, gate + at * bytes,
                up + at * bytes, dgate + at * bytes, dup + at * bytes, range.count)
        }
    }

    /// Rotates every head of every row (halves convention) by the angles of its position.
    ///
    /// The arguments:
    /// - x: `[tokens, heads * headSize]`.
    /// - cosines: `[positions, rotated / 2]`; sines likewise.
    /// - positions: A position per row.
    /// - headSize: Values in a head, of which the first `rotated` turn.
    /// - rotated: An even number.
    /// - inverse: Whether to turn back.
    /// - out: Like x; may be x.
    public func rotate(
        _ x: ActivationRows, cosines: UnsafePointer<Float>, sines: UnsafePointer<Float>,
        positions: [Int32], headSize: Int, rotated: Int, inverse: Bool, into out: ActivationRows
    ) {
        let level = level, half = rotated / 2, element = x.type.bytes
        split(x.rowCount, grain: 16) { range, _ in
            for row in range {
                let angle = Int(positions[row]) * half
                for head in 0..<x.columnCount / headSize {
                    let at = head * headSize * element
                    level.rotate(
                        x.isBF16, x.row(row) + at, cosines + angle, sines + angle,
                        inverse ? -1 : 1, half, out.row(row) + at)
                    if rotated < headSize, out.base != x.base {
                        (out.row(row) + at + rotated * element).copyMemory(
                            from: x.row(row) + at + rotated * element,
                            byteCount: (headSize - rotated) * element)
                    }
                }
            }
        }
    }

    /// f32 to bf16 or a copy, row by row; odd ends of bf16 rows are padded with zero.
    public func convert(_ x: ActivationRows, into out: ActivationRows) {
        let level = level
        split(x.rowCount, grain: 16) { range, _ in
            for row in range {
                switch (x.type, out.type) {
                case (.float32, .bfloat16):
                    level.narrow(x.floats(row), out.row(row), x.columnCount)
                    if out.stride > x.columnCount {
                        (out.row(row) + x.columnCount * 2).storeBytes(of: 0, as: UInt16.self)
                    }
                case (.bfloat16, .float32):
                    level.widen(x.row(row), out.floats(row), x.columnCount)
                default:
                    out.row(row).copyMemory(
                        from: x.row(row), byteCount: x.columnCount * x.type.bytes)
                }
            }
        }
    }

    /// `y += scale * x`, all f32.
    public func addScaled(
        _ scale: Float, _ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, count: Int
    ) {
        let level = level
        splitVectors(count) { range in
            level.addScaled(scale, x + range.lowerBound, y + range.lowerBound, range.count)
        }
    }

    /// Sum of squares: parts of 4096 in f32, their sums in f64, in order.
    public func sumOfSquares(_ x: UnsafePointer<Float>, count: Int) -> Double {
        let level = level, part = 4096, parts = (count + part - 1) / part
        let sums = UnsafeMutablePointer<Double>.allocate(capacity: max(1, parts))
        defer { sums.deallocate() }
        split(parts, grain: 16) { range, _ in
            for i in range {
                sums[i] = Double(level.sumOfSquares(x + i * part, min(part, count - i * part)))
            }
        }
        return (0..<parts).reduce(0) { $0 + sums[$1] }
    }

    /// Widens one stored row to f32.
    public func decodeRow(_ matrix: StoredMatrix, _ row: Int, into out: UnsafeMutablePointer<Float>)
    {
        level.decodeRow(matrix.format, matrix.rows.start(row), matrix.columnCount, out)
    }

    /// Looks up rows of a table: `out[i] = table[ids[i]]`, f32.
    public func gather(_ table: StoredMatrix, _ ids: [Int32], into out: ActivationRows) {
        let level = level
        split(ids.count, grain: 8) { range, _ in
            for i in range {
                level.decodeRow(
                    table.format, table.rows.start(Int(ids[i])), table.columnCount, out.floats(i))
            }
        }
    }

    /// Gradient of ``gather(_:_:into:)``: adds row i of dy to row `ids[i]` of `out`, in order.
    public func scatterAdd(
        _ dy: ActivationRows, _ ids: [Int32], into out: UnsafeMutablePointer<Float>
    ) {
        split(dy.columnCount, grain: 16) { range, _ in
            for (row, id) in ids.enumerated() {
                let from = dy.floats(row), to = out + Int(id) * dy.columnCount
                for i in range { to[i] += from[i] }
            }
        }
    }

    /// Parts that begin at multiples of 16, so that vectors never straddle two of them.
    func splitVectors(_ count: Int, _ body: @escaping (Range<Int>) -> Void) {
        split((count + 15) / 16, grain: 512) { range, _ in
            body(range.lowerBound * 16..<min(count, range.upperBound * 16))
        }
    }
}

extension ActivationRows {
    /// A row of f32 values.
    @inline(__always) public func floats(_ index: Int) -> UnsafeMutablePointer<Float> {
        row(index).assumingMemoryBound(to: Float.self)
    }
}

extension Kernels {
    /// Copies chosen rows: `out[i] = x[indices[i]]`, same type.
    public func selectRows(
        _ x: ActivationRows, _ indices: ArraySlice<Int>, into out: ActivationRows
    ) {
        let first = indices.startIndex
        split(indices.count, grain: 32) { range, _ in
            for i in range {
                out.row(i).copyMemory(
                    from: x.row(indices[first + i]), byteCount: x.columnCount * x.type.bytes)
            }
        }
    }

    /// The reverse: `out[indices[i]] = x[i]`; other rows stay as they are.
    public func placeRows(_ x: ActivationRows, _ indices: ArraySlice<Int>, into out: ActivationRows)
    {
        let first = indices.startIndex
        split(indices.count, grain: 32) { range, _ in
            for i in range {
                out.row(indices[first + i]).copyMemory(
                    from: x.row(i), byteCount: x.columnCount * x.type.bytes)
            }
        }
    }

    /// `out[c, r] += x[r, c]`, f32, for small matrices.
    public func addTransposed(_ x: ActivationRows, into out: ActivationRows) {
        split(x.columnCount, grain: 64) { range, _ in
            for column in range {
                let to = out.floats(column)
                for row in 0..<x.rowCount { to[row] += x.floats(row)[column] }
            }
        }
    }

    /// Dropout (PyTorch's convention): `out = x * keep / (1 - probability)`, or added to `out`.
    ///
    /// Element i of row r is kept by the random word i of the stream's row r, so that the backward
    /// pass draws the same mask again.
    public func dropout(
        _ x: ActivationRows, probability: Float, key: PhiloxKey, into out: ActivationRows,
        _ accumulation: Accumulation = .replace
    ) {
        let scale = 1 / (1 - probability)
        let threshold = UInt32(Double(probability) * 0x1p32)
        split(x.rowCount, grain: 4) { range, _ in
            for row in range {
                for start in stride(from: 0, to: x.columnCount, by: 4) {
                    let words = key.block(UInt64(row), UInt64(start / 4))
                    for i in start..<min(start + 4, x.columnCount) {
                        let kept = words[i - start] >= threshold
                        var value = kept ? Portable.get(x.isBF16, x.row(row), i) * scale : 0
                        if accumulation == .add {
                            value += Portable.get(out.isBF16, out.row(row), i)
                        }
                        Portable.put(out.isBF16, value, out.row(row), i)
                    }
                }
            }
        }
    }
}
