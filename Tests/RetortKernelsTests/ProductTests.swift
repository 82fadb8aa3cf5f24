import RetortKernels
import Testing

private let types: [ElementType] = [.float32, .bfloat16]

/// Sums of products in `Double` of what the kernels multiply, with the bound of any order of f32 sums.
private struct PlainProduct {
    private var sums: [Double]
    private var magnitudes: [Double]
    private var terms = 0

    init(_ count: Int) {
        sums = Array(repeating: 0, count: count)
        magnitudes = sums
    }

    /// Adds `left · right`; both are rounded to the type first.
    mutating func add(
        _ left: (Int, Int) -> Float, _ right: (Int, Int) -> Float, _ rows: Int, _ inner: Int,
        _ columns: Int, _ type: ElementType
    ) {
        terms += inner
        for row in 0..<rows {
            for i in 0..<inner {
                let a = Double(rounded(left(row, i), to: type))
                for column in 0..<columns {
                    let product = a * Double(rounded(right(i, column), to: type))
                    sums[row * columns + column] += product
                    magnitudes[row * columns + column] += abs(product)
                }
            }
        }
    }

    mutating func add(_ present: [Float]) {
        for (index, value) in present.enumerated() {
            sums[index] += Double(value)
            magnitudes[index] += abs(Double(value))
        }
    }

    func expected(as type: ElementType) -> [Expected] {
        zip(sums, magnitudes).map { sum, magnitude in
            Expected(
                sum,
                Double(terms + 2) * floatUnit * magnitude
                    + (type == .bfloat16 ? bfloat16Unit * abs(sum) : 0) + 1e-36)
        }
    }
}

@Suite("Products")
struct ProductTests {
    /// Widths that are no multiple of anything, and those around the sizes of blocks and panels.
    private static func widths(_ format: StorageFormat) -> [Int] {
        switch format.blockSize {
        case 1: [1, 2, 3, 16, 31, 32, 33, 64, 100, 257]
        case 32: [32, 64, 96, 288]
        default: [256, 512]
        }
    }

    @Test("x Wᵀ for every format", arguments: StorageFormat.allCases)
    func forward(_ format: StorageFormat) {
        var random = Random(1)
        for (index, width) in Self.widths(format).enumerated() {
            for type in types {
                // Fewer rows than a tile, more than one, and enough to be cut into blocks.
                for (rows, outputs) in [(1, 48), (3, 1), (13, 47 + index), (200, 49)] {
                    multiply(
                        format, type, rows, width, outputs, rank: nil, .replace, .float32, &random)
                }
                for rank in [1, 5, 8, 33] {
                    multiply(format, type, 9, width, 50, rank: rank, .add, .float32, &random)
                }
                multiply(format, type, 17, width, 31, rank: 3, .replace, .bfloat16, &random)
                multiply(format, type, 11, width, 100, rank: nil, .replace, .bfloat16, &random)
            }
        }
    }

    private func multiply(
        _ format: StorageFormat, _ type: ElementType, _ rows: Int, _ width: Int, _ outputs: Int,
        rank: Int?, _ accumulation: Accumulation, _ target: ElementType, _ random: inout Random
    ) {
        let weight = EncodedMatrix(
            format, outputs, width, isShuffled: rows % 2 == 1, gap: rows % 3, &random)
        let x = random.values(rows * width), present = random.values(rows * outputs)
        let u = random.values(rows * (rank ?? 0))
        let b = EncodedMatrix(.f32, outputs, rank ?? 0, &random)
        var plain = PlainProduct(rows * outputs)
        plain.add(
            { x[$0 * width + $1] }, { weight.values[$1 * width + $0] }, rows, width, outputs, type)
        if let rank {
            plain.add(
                { u[$0 * rank + $1] }, { b.values[$1 * rank + $0] }, rows, rank, outputs, type)
        }
        if accumulation == .add { plain.add(present) }
        judge([plain.expected(as: target)], "\(type) \(rows)x\(width)x\(outputs) + \(rank ?? 0)") {
            kernels, memory in
            let y = memory.rows(rows, outputs, stride: outputs + outputs % 2 + 2, target)
            if accumulation == .add {
                for (index, value) in present.enumerated() {
                    y.put(value, index / outputs, index % outputs)
                }
            }
            kernels.multiply(
                memory.rows(x, width, stride: (width + 5) / 2 * 2, type), memory.matrix(weight),
                lowRank: rank.map { (memory.rows(u, $0, type), memory.matrix(b)) }, into: y,
                accumulation)
            return [y.values]
        }
    }

    @Test("dy W for every format", arguments: StorageFormat.allCases)
    func backward(_ format: StorageFormat) {
        var random = Random(2)
        for width in Self.widths(format) {
            for type in types {
                for (rows, outputs) in [(1, 1), (5, 33), (13, 47), (200, 18)] {
                    multiplyBack(format, type, rows, width, outputs, rank: nil, .replace, &random)
                }
                for rank in [1, 7, 16, 40] {
                    multiplyBack(format, type, 9, width, 51, rank: rank, .add, &random)
                }
            }
        }
        // The reduction is cut into parts that fit the cache.
        let width = format.blockSize == 1 ? 99 : format.blockSize
        for outputs in [767, 768, 769, 1535, 1537, 3073] {
            for type in types {
                multiplyBack(format, type, 3, width, outputs, rank: 5, .replace, &random)
            }
        }
    }

    private func multiplyBack(
        _ format: StorageFormat, _ type: ElementType, _ rows: Int, _ width: Int, _ outputs: Int,
        rank: Int?, _ accumulation: Accumulation, _ random: inout Random
    ) {
        let weight = EncodedMatrix(
            format, outputs, width, isShuffled: rows % 2 == 1, gap: rows % 3, &random)
        let dy = random.values(rows * outputs), present = random.values(rows * width)
        let du = random.values(rows * (rank ?? 0))
        let a = EncodedMatrix(.f32, rank ?? 0, width, &random)
        var plain = PlainProduct(rows * width)
        plain.add(
            { dy[$0 * outputs + $1] }, { weight.values[$0 * width + $1] }, rows, outputs, width,
            type)
        if let rank {
            plain.add(
                { du[$0 * rank + $1] }, { a.values[$0 * width + $1] }, rows, rank, width, type)
        }
        if accumulation == .add { plain.add(present) }
        // Rounded where nothing is added to it and the reduction is not cut.
        let isRounded = accumulation == .replace && Kernels.sumsAtOnce(outputs, type)
        let results: [ElementType] = isRounded ? [.float32, .bfloat16] : [.float32]
        judge(
            results.map { plain.expected(as: $0) },
            "\(type) \(rows)x\(outputs)x\(width) + \(rank ?? 0)"
        ) { kernels, memory in
            results.map { result in
                let dx = memory.rows(rows, width, stride: (width + 4) / 2 * 2, result)
                if accumulation == .add {
                    for (index, value) in present.enumerated() {
                        dx.put(value, index / width, index % width)
                    }
                }
                kernels.multiplyBack(
                    memory.rows(dy, outputs, stride: (outputs + 3) / 2 * 2, type),
                    memory.matrix(weight),
                    lowRank: rank.map { (memory.rows(du, $0, type), memory.matrix(a)) }, into: dx,
                    accumulation)
                return dx.values
            }
        }
    }

    @Test("xᵀ and aᵀ x, the gradient of a weight", arguments: [1, 2, 15, 31, 32, 33, 64, 130])
    func outer(tokens: Int) {
        var random = Random(3)
        for (outputs, width) in [(1, 1), (3, 33), (16, 97), (17, 5), (50, 100)] {
            for type in types {
                for accumulation in [Accumulation.replace, .add] {
                    let dy = random.values(tokens * outputs), x = random.values(tokens * width)
                    let present = random.values(outputs * width)
                    var plain = PlainProduct(outputs * width)
                    plain.add(
                        { dy[$1 * outputs + $0] }, { x[$0 * width + $1] }, outputs, tokens, width,
                        type)
                    if accumulation == .add { plain.add(present) }
                    let padded = (tokens + 31) / 32 * 32
                    let turned = (0..<outputs * padded).map { index in
                        let token = index % padded
                        return Expected(
                            token < tokens
                                ? Double(
                                    rounded(dy[token * outputs + index / padded], to: type)) : 0, 0)
                    }
                    let sums = plain.expected(as: .float32)
                    judge(
                        [turned, sums, sums],
                        "\(type) \(tokens)x\(outputs)x\(width)"
                    ) { kernels, memory in
                        let left = memory.rows(outputs, padded, type)
                        if type == .float32 {
                            // f32 needs no more than what it fills.
                            for row in 0..<outputs { for i in 0..<padded { left.put(0, row, i) } }
                        }
                        let view = ActivationRows(
                            base: left.base, rowCount: outputs, columnCount: tokens, stride: padded,
                            type: type)
                        let c = memory.rows(present, width, .float32)
                        // Rounded before or while it is turned: the same.
                        let source = tokens % 2 == 0 ? type : .float32
                        kernels.transpose(memory.rows(dy, outputs, source), into: view)
                        kernels.multiplyOuter(
                            view, memory.rows(x, width, type), into: c, accumulation)
                        let narrow = memory.rows(present, width, .float32)
                        kernels.multiplyOuter(
                            narrow: memory.rows(dy, outputs, type), memory.rows(x, width, type),
                            into: narrow, accumulation)
                        return [left.values, c.values, narrow.values]
                    }
                }
            }
        }
    }

    @Test("a NaN or an infinity in an operand reaches the results that read it")
    func notFinite() {
        for bad in [Float.nan, .infinity] {
            for type in types {
                judge([[.init(Double(bad), 0), .init(3, 0)]], "\(bad) \(type)") { kernels, memory in
                    let y = memory.rows(2, 1, .float32)
                    let w = memory.rows([1, 1, 1], 3, .float32)
                    let weight = StoredMatrix(
                        base: w.base, rowCount: 1, columnCount: 3, format: .f32, stride: 12)
                    kernels.multiply(
                        memory.rows([1, bad, 1, 1, 1, 1], 3, type), weight, into: y)
                    return [y.values]
                }
            }
        }
    }
}
