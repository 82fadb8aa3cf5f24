/// One of several products of the same rows.
public struct RowProduct {
    let weight: StoredMatrix
    let interleaved: InterleavedMatrix?
    let lowRank: (u: ActivationRows, b: StoredMatrix)?
    let y: ActivationRows
    let accumulation: Accumulation

    /// Describes `y = x · Wᵀ (+ u · Bᵀ)`.
    ///
    /// - Parameters:
    ///   - weight: `[n, k]`.
    ///   - interleaved: The same, if there is such a copy.
    ///   - lowRank: `u` `[m, r]` of x's type and `B` `[n, r]`.
    ///   - y: `[m, n]`, f32 or bf16.
    ///   - accumulation: Whether to add to y.
    public init(
        _ weight: StoredMatrix, _ interleaved: InterleavedMatrix? = nil,
        lowRank: (u: ActivationRows, b: StoredMatrix)? = nil, into y: ActivationRows,
        _ accumulation: Accumulation = .replace
    ) {
        precondition(
            interleaved.map {
                $0.rowCount == weight.rowCount && $0.columnCount == weight.columnCount
            } ?? true)
        self.weight = weight
        self.interleaved = interleaved
        self.lowRank = lowRank
        self.y = y
        self.accumulation = accumulation
    }

    /// Values of a row of u.
    fileprivate var rank: Int { lowRank?.u.columnCount ?? 0 }
    /// Parts that are each worth waking a thread for: some microseconds of reading.
    fileprivate var parts: Int {
        let rows = max(16, (32 << 10) / max(1, weight.stride))
        return max(1, min(64, weight.rowCount / rows))
    }
}

extension Kernels {
    /// Rows up to which weights are read where they lie: packing panels costs about as many rows of
    /// products, by the count of instructions.
    public static let fewRows = 6

    /// `y = x · Wᵀ (+ u · Bᵀ)` for few rows, which costs what reading W costs: no panels.
    ///
    /// Where activations are bf16 and W is interleaved, they are rounded to 16 bits with a scale for
    /// every 32: finer than the bf16 that they come as. Otherwise rows of W are widened and multiplied in
    /// f32. Either way results have other bits than those of ``multiply(_:_:lowRank:into:_:)``: this is
    /// for generating.
    ///
    /// - Parameters:
    ///   - x: `[m, k]`, at most ``fewRows`` rows.
    ///   - products: What to compute of x, as one piece of work for the threads.
    /// - Returns: Whether the rows are few; if not, nothing is written.
    public func multiplyFewRows(_ x: ActivationRows, _ products: [RowProduct]) -> Bool {
        if x.rowCount > Self.fewRows { return false }
        if x.rowCount == 0 { return true }
        precondition(
            products.allSatisfy {
                x.columnCount == $0.weight.columnCount && $0.y.columnCount == $0.weight.rowCount
                    && x.rowCount == $0.y.rowCount
            })
        let work = RowProducts(level: level, threads: threads, x: x, products)
        if let last = products.last?.interleaved { threads.announce(last.following) }
        threads.run(work.parts) { part, thread in work.run(part, thread) }
        return true
    }
}

/// Products of the same rows, which are widened or rounded once for all that read them alike.
private struct RowProducts {
    private let level: KernelLevel
    private let threads: ThreadPool
    private let x: ActivationRows
    private var products: [Prepared] = []
    private let integers: IntegerProducts?
    /// Parts of all products.
    private(set) var parts = 0

    /// A product and what it reads; nothing whose references are counted, since threads share it.
    private struct Prepared {
        let weight: StoredMatrix
        /// The same, interleaved, if x is in words.
        let interleaved: UnsafeRawPointer?
        let b: StoredMatrix?
        let y: ActivationRows
        let accumulation: Accumulation
        /// Parts of this product, and those of the products before it.
        let parts, firstPart: Int
        /// Rows of x: in words for the format of the weights, or f32.
        let x: UnsafeMutableRawPointer
        /// Rows of u, f32.
        let u: UnsafeMutablePointer<Float>

        /// The rows of W that are one part; those of interleaved ones lie in whole groups.
        func rows(_ part: Int) -> Range<Int> {
            let unit = InterleavedMatrix.groupRows, units = (weight.rowCount + unit - 1) / unit
            func first(_ part: Int) -> Int {
                min(weight.rowCount, units * part / parts * unit)
            }
            return first(part - firstPart)..<first(part - firstPart + 1)
        }
    }

    init(level: KernelLevel, threads: ThreadPool, x: ActivationRows, _ products: [RowProduct]) {
        self.level = level
        self.threads = threads
        self.x = x
        integers = products.lazy.compactMap(\.interleaved).first
            .flatMap { level.integerProducts($0.format) }
        let blocks = x.columnCount / 32
        let xBytes = max(integers?.wordRowBytes(blocks) ?? 0, (x.columnCount * 4 + 63) & ~63)
        let ranks = products.reduce(0) { $0 + $1.rank }
        var next = threads.sharedScratch(x.rowCount * (xBytes * products.count + ranks * 4))
        for product in products {
            let interleaved = x.isBF16 ? product.interleaved : nil
            var own = next
            if let same = self.products.first(where: {
                ($0.interleaved == nil) == (interleaved == nil)
                    && (interleaved == nil || $0.weight.format == product.weight.format)
            }) {
                own = same.x
            } else {
                next += x.rowCount * xBytes
                for row in 0..<x.rowCount {
                    if let integers, let interleaved {
                        integers.roundToWords(
                            interleaved.format.rawValue, true, x.row(row), blocks,
                            own + row * integers.wordRowBytes(blocks))
                    } else {
                        level.widen(
                            x, row,
                            into: own.assumingMemoryBound(to: Float.self) + row * x.columnCount)
                    }
                }
            }
            let u = next.assumingMemoryBound(to: Float.self)
            if let lowRank = product.lowRank {
                for row in 0..<x.rowCount {
                    level.widen(lowRank.u, row, into: u + row * product.rank)
                }
                next += x.rowCount * product.rank * 4
            }
            self.products.append(
                Prepared(
                    weight: product.weight, interleaved: interleaved?.base, b: product.lowRank?.b,
                    y: product.y, accumulation: product.accumulation, parts: product.parts,
                    firstPart: parts, x: own, u: u))
            parts += product.parts
        }
    }

    /// Computes one part of a product: some neighbouring rows of W.
    func run(_ part: Int, _ thread: Int) {
        guard let product = products.last(where: { $0.firstPart <= part }) else { return }
        let weight = product.weight, rows = product.rows(part), count = x.rowCount
        let unit = InterleavedMatrix.groupRows, groups = (rows.count + unit - 1) / unit
        let stride = groups * unit
        let results = threads.scratch(
            thread, (count * stride + max(weight.columnCount, product.b?.columnCount ?? 0)) * 4
        ).assumingMemoryBound(to: Float.self)
        let decoded = results + count * stride
        if let integers, let interleaved = product.interleaved {
            integers.dotGroups(
                weight.format.rawValue, interleaved, rows.lowerBound / unit, groups,
                weight.columnCount / 32, product.x, count, results, stride)
        } else {
            results.update(repeating: 0, count: count * stride)
            level.addDotRows(
                weight, rows, product.x.assumingMemoryBound(to: Float.self), count, decoded,
                results, stride)
        }
        if let b = product.b {
            level.addDotRows(b, rows, product.u, count, decoded, results, stride)
        }
        let y = product.y
        for row in 0..<count {
            let from = results + row * stride
            let to = y.row(row) + rows.lowerBound * y.type.bytes
            if y.isBF16 {
                level.narrow(from, to, rows.count)
            } else if product.accumulation == .add {
                level.addScaled(1, from, to.assumingMemoryBound(to: Float.self), rows.count)
            } else {
                to.copyMemory(from: from, byteCount: rows.count * 4)
            }
        }
    }
}

extension KernelLevel {
    fileprivate func widen(
        _ x: ActivationRows, _ row: Int, into out: UnsafeMutablePointer<Float>
    ) {
        if x.isBF16 {
            widen(x.row(row), out, x.columnCount)
        } else {
            out.update(from: x.floats(row), count: x.columnCount)
        }
    }

    /// Adds the products of f32 rows with some rows of a matrix, each widened once.
    fileprivate func addDotRows(
        _ weight: StoredMatrix, _ rows: Range<Int>, _ x: UnsafePointer<Float>, _ count: Int,
        _ decoded: UnsafeMutablePointer<Float>, _ results: UnsafeMutablePointer<Float>,
        _ resultStride: Int
    ) {
        for output in 0..<rows.count {
            let w = row(weight, rows.lowerBound + output, decoded)
            for row in 0..<count {
                results[row * resultStride + output] += dot(
                    false, x + row * weight.columnCount, w, weight.columnCount)
            }
        }
    }

    /// A row as f32, where it lies if it is.
    private func row(
        _ weight: StoredMatrix, _ index: Int, _ decoded: UnsafeMutablePointer<Float>
    ) -> UnsafeRawPointer {
        let from = weight.rows.start(index)
        if weight.format == .f32 { return from }
        decodeRow(weight.format, from, weight.columnCount, decoded)
        return UnsafeRawPointer(decoded)
    }
}
