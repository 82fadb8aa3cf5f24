import RetortKernels
import Testing

private let formats: [StorageFormat] = [.q4_0, .q4_1, .q8_0]

/// Twice the largest word: its upper byte and its lower one are signed.
private let wordSteps = 2.0 * (127 * 256 + 127)

/// `x Wᵀ` in `Double`, with what rounding x in blocks of 32 may change.
private struct RoundedProduct {
    let rows: Int
    let width: Int
    let weight: EncodedMatrix
    /// As the kernels get it.
    let x: [Float]

    init(
        _ format: StorageFormat, rows: Int, width: Int, outputs: Int, _ type: ElementType,
        _ random: inout Random
    ) {
        self.rows = rows
        self.width = width
        weight = EncodedMatrix(
            format, outputs, width, isShuffled: rows % 2 == 0, gap: rows % 3, &random)
        // Blocks of very different size: each has its own scale.
        x = random.values(rows * width).enumerated().map { index, value in
            rounded(index / 32 % 5 == 3 ? value * 300 : value, to: type)
        }
    }

    /// The exact results, for x rounded to `1 / steps` of the largest of each block, and weights to
    /// `weightUnit`.
    func expected(
        steps: Double, weightUnit: Double = 0, present: [Float]? = nil, as target: ElementType
    ) -> [Expected] {
        (0..<rows * weight.rowCount).map { index in
            let row = index / weight.rowCount, output = index % weight.rowCount
            var result = Expected(Double(present?[index] ?? 0), 1e-30)
            for block in 0..<width / 32 {
                let own = (0..<32).map { Double(x[row * width + block * 32 + $0]) }
                let w = (0..<32).map {
                    Double(weight.values[output * width + block * 32 + $0])
                }
                let top = own.map { abs($0) }.max() ?? 0, most = w.map { abs($0) }.max() ?? 0
                for (a, b) in zip(own, w) {
                    result.value += a * b
                    // Sums of integers are exact; scales, minima and offsets are f32 products.
                    let float = Double(width / 32 + 16) * floatUnit * abs(a) * 4 * most
                    result.tolerance += top / steps * abs(b) + weightUnit * abs(a * b) + float
                }
            }
            result.tolerance += roundingUnit(target) * abs(result.value)
            return result
        }
    }
}

/// A matrix's copy for the kernels' products of whole numbers, if they have any.
private func interleaved(_ matrix: StoredMatrix, _ kernels: Kernels) -> InterleavedMatrix? {
    InterleavedMatrix.copies(of: [matrix], maximumBytes: .max, with: kernels)[0]
}

@Suite("Products of whole numbers")
struct RowProductTests {
    @Test("few rows", arguments: formats)
    func fewRows(_ format: StorageFormat) {
        var random = Random(11)
        for (width, outputs) in [(512, 1), (544, 16), (576, 50), (32, 3), (224, 13), (96, 33)] {
            for rows in 1...Kernels.fewRows {
                let product = RoundedProduct(
                    format, rows: rows, width: width, outputs: outputs, .bfloat16, &random)
                for target in [ElementType.float32, .bfloat16] {
                    let present = target == .float32 ? random.values(rows * outputs) : nil
                    let expected = product.expected(
                        steps: wordSteps, present: present, as: target)
                    judge([expected], "\(rows)x\(width)x\(outputs) to \(target)") {
                        kernels, memory in
                        let y =
                            present.map { memory.rows($0, outputs, .float32) }
                            ?? memory.rows(rows, outputs, target)
                        let weight = memory.matrix(product.weight)
                        let isDone = kernels.multiplyFewRows(
                            memory.rows(product.x, width, .bfloat16),
                            [
                                RowProduct(
                                    weight, interleaved(weight, kernels), into: y,
                                    present == nil ? .replace : .add)
                            ])
                        #expect(isDone)
                        return [y.values]
                    }
                }
            }
        }
    }

    @Test(
        "few rows of any format and type, with a low rank beside", arguments: StorageFormat.allCases
    )
    func plain(_ format: StorageFormat) {
        var random = Random(16)
        let width = 512, outputs = 21, rank = 5
        for type in [ElementType.float32, .bfloat16] {
            let weight = EncodedMatrix(format, outputs, width, isShuffled: true, gap: 2, &random)
            let b = EncodedMatrix(.f32, outputs, rank, &random)
            let x = random.values(3 * width).map { rounded($0, to: type) }
            let u = random.values(3 * rank).map { rounded($0, to: type) }
            let expected = (0..<3 * outputs).map { index in
                let row = index / outputs, output = index % outputs
                var result = Expected(0, 1e-30)
                func add(_ a: Float, _ w: Float, _ step: Double) {
                    let product = Double(a) * Double(w)
                    result.value += product
                    result.tolerance +=
                        Double(4 * width) * floatUnit * abs(product) + step * abs(Double(w))
                }
                let step = type == .bfloat16 ? 1.0 / wordSteps : 0
                for i in 0..<width {
                    add(x[row * width + i], weight.values[output * width + i], step)
                }
                for i in 0..<rank { add(u[row * rank + i], b.values[output * rank + i], 0) }
                return result
            }
            judge([expected], "\(type)") { kernels, memory in
                let y = memory.rows(3, outputs, .float32)
                let matrix = memory.matrix(weight)
                let isDone = kernels.multiplyFewRows(
                    memory.rows(x, width, type),
                    [
                        RowProduct(
                            matrix, interleaved(matrix, kernels),
                            lowRank: (memory.rows(u, rank, type), memory.matrix(b)), into: y)
                    ])
                #expect(isDone)
                return [y.values]
            }
        }
    }

    @Test("a matrix that is shared out gives the same bits", arguments: formats)
    func manyOutputs(_ format: StorageFormat) {
        var random = Random(12)
        let product = RoundedProduct(
            format, rows: 2, width: 512, outputs: 1001, .bfloat16, &random)
        judge([product.expected(steps: wordSteps, as: .float32)]) { kernels, memory in
            let y = memory.rows(2, 1001, .float32)
            let x = memory.rows(product.x, 512, .bfloat16)
            let weight = memory.matrix(product.weight)
            #expect(
                kernels.multiplyFewRows(
                    x, [RowProduct(weight, interleaved(weight, kernels), into: y)]))
            return [y.values]
        }
    }

    @Test("several products of the same rows are those of each, to the bit")
    func together() {
        var random = Random(17)
        let x = random.values(3 * 512).map { rounded($0, to: .bfloat16) }
        let weights = ([.q4_1, .q4_1, .q8_0, .q6_K, .q4_0, .f32] as [StorageFormat]).map {
            EncodedMatrix($0, [33, 16, 70, 5, 200, 31][Int(random.word() % 6)], 512, &random)
        }
        for level in Kernels.levelNames {
            for threads in [1, 3] {
                let memory = GuardedMemory()
                withKernels(level, threads: threads) { kernels in
                    let rows = memory.rows(x, 512, .bfloat16)
                    let matrices = weights.map { memory.matrix($0) }
                    let copies = InterleavedMatrix.copies(
                        of: matrices, maximumBytes: .max, with: kernels)
                    func outputs() -> [ActivationRows] {
                        weights.map { memory.rows(3, $0.rowCount, .float32) }
                    }
                    let alone = outputs(), together = outputs()
                    let products = matrices.indices.map {
                        RowProduct(matrices[$0], copies[$0], into: together[$0])
                    }
                    #expect(kernels.multiplyFewRows(rows, products))
                    for i in matrices.indices {
                        let one = RowProduct(matrices[i], copies[i], into: alone[i])
                        #expect(kernels.multiplyFewRows(rows, [one]))
                        #expect(alone[i].values == together[i].values)
                    }
                }
            }
        }
    }

    @Test("copies are made where the level has products for them and memory is allowed")
    func copies() {
        var random = Random(18)
        for level in Kernels.levelNames {
            let memory = GuardedMemory()
            let matrices = ([.q4_0, .f32, .q8_0] as [StorageFormat]).map {
                memory.matrix(EncodedMatrix($0, 17, 64, &random))
            }
            withKernels(level, threads: 2) { kernels in
                // Two groups of 16 rows of two blocks, of 18 and of 34 bytes.
                let bytes = 32 * 2 * (18 + 34)
                func made(_ limit: Int) -> [Bool] {
                    InterleavedMatrix.copies(of: matrices, maximumBytes: limit, with: kernels)
                        .map { $0 != nil }
                }
                let has = level == "avx512-bf16"
                #expect(made(bytes) == [has, false, has])
                #expect(made(bytes - 1) == [false, false, false])
            }
        }
    }

    @Test("many rows in bytes", arguments: formats)
    func bytes(_ format: StorageFormat) {
        var random = Random(13)
        for (rows, width, outputs) in [
            (7, 32, 1), (8, 64, 48), (9, 96, 49), (15, 576, 50), (16, 544, 96), (200, 288, 97),
        ] {
            for type in [ElementType.float32, .bfloat16] {
                let product = RoundedProduct(
                    format, rows: rows, width: width, outputs: outputs, type, &random)
                for target in [ElementType.float32, .bfloat16] {
                    let present = target == .float32 ? random.values(rows * outputs) : nil
                    // Levels without such products use the others.
                    let expected = product.expected(
                        steps: 254, weightUnit: bfloat16Unit, present: present, as: target)
                    judge([expected], "\(type) \(rows)x\(width)x\(outputs) to \(target)") {
                        kernels, memory in
                        let y =
                            present.map { memory.rows($0, outputs, .float32) }
                            ?? memory.rows(rows, outputs, target)
                        let x = memory.rows(product.x, width, type)
                        let weight = memory.matrix(product.weight)
                        let accumulation = present == nil ? Accumulation.replace : .add
                        if let copy = interleaved(weight, kernels), rows > Kernels.fewRows {
                            #expect(kernels.multiplyInBytes(x, copy, into: y, accumulation))
                        } else {
                            kernels.multiply(x, weight, into: y, accumulation)
                        }
                        return [y.values]
                    }
                }
            }
        }
    }

    @Test("few rows are not rounded to bytes")
    func refused() {
        var random = Random(14)
        for level in Kernels.levelNames {
            let memory = GuardedMemory()
            let weight = memory.matrix(EncodedMatrix(.q4_1, 5, 64, &random))
            withKernels(level, threads: 1) { kernels in
                let few = memory.rows(random.values(64), 64, .float32)
                if let copy = interleaved(weight, kernels) {
                    #expect(!kernels.multiplyInBytes(few, copy, into: memory.rows(1, 5, .float32)))
                }
            }
        }
    }

    @Test("a NaN or an infinity in a row reaches its results", arguments: formats)
    func notFinite(_ format: StorageFormat) {
        var random = Random(15)
        for bad in [Float.nan, .infinity] {
            for rows in [2, 10] {
                var values = random.values(rows * 512)
                values[512 + 77] = bad
                let encoded = EncodedMatrix(format, 3, 512, &random)
                for level in Kernels.levelNames {
                    let memory = GuardedMemory()
                    let y = memory.rows(rows, 3, .float32)
                    let x = memory.rows(values, 512, .bfloat16)
                    let weight = memory.matrix(encoded)
                    withKernels(level, threads: 1) { kernels in
                        let copy = interleaved(weight, kernels)
                        if kernels.multiplyFewRows(x, [RowProduct(weight, copy, into: y)]) {
                            return
                        }
                        if let copy {
                            #expect(kernels.multiplyInBytes(x, copy, into: y))
                        } else {
                            kernels.multiply(x, weight, into: y)
                        }
                    }
                    let results = y.values
                    #expect(results[3..<6].allSatisfy { !$0.isFinite })
                    #expect(results[..<3].allSatisfy { $0.isFinite })
                }
            }
        }
    }
}
