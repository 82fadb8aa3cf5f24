import Glibc
import RetortKernels
import Testing

private let types: [ElementType] = [.float32, .bfloat16]
/// Around the widths of vectors, and larger than one grain of the threads.
private let widths = [1, 2, 15, 16, 17, 31, 33, 100, 577]

extension ActivationRows {
    fileprivate var pointer: UnsafeMutablePointer<Float> {
        base.assumingMemoryBound(to: Float.self)
    }
}

/// One expectation per number, with a relative tolerance on the size of the terms that make it up.
private func near(_ value: Double, of terms: Double, _ unit: Double) -> Expected {
    Expected(value, unit * (abs(value) + terms) + 1e-36)
}

@Suite("RMS norm")
struct RMSNormTests {
    @Test("and its gradients", arguments: widths)
    func norm(width: Int) {
        var random = Random(10)
        for rows in [1, 40] {
            let x = random.values(rows * width, times: 3), dy = random.values(rows * width)
            let weight = random.values(width), present = random.values(rows * width)
            let presentWeight = random.values(width)
            let epsilon: Float = 1e-5
            let unit = Double(width + 8) * floatUnit
            for type in types {
                var out: [Expected] = [], factors: [Expected] = [], dx: [Expected] = []
                var dw = presentWeight.map { near(Double($0), of: 0, floatUnit) }
                for row in 0..<rows {
                    let own = row * width..<(row + 1) * width
                    let square = own.reduce(0) { $0 + Double(x[$1]) * Double(x[$1]) }
                    let factor = 1 / (square / Double(width) + Double(epsilon)).squareRoot()
                    factors.append(near(factor, of: 0, unit))
                    var sum = 0.0, size = 0.0
                    for i in own {
                        let term = Double(dy[i]) * Double(weight[i - own.lowerBound]) * Double(x[i])
                        sum += term
                        size += abs(term)
                    }
                    for i in own {
                        let column = i - own.lowerBound, w = Double(weight[column])
                        out.append(
                            near(Double(x[i]) * factor * w, of: 0, unit + roundingUnit(type)))
                        let first = Double(dy[i]) * w * factor
                        let cube = factor * factor * factor / Double(width)
                        dx.append(
                            near(
                                Double(present[i]) + first - Double(x[i]) * sum * cube,
                                of: abs(Double(present[i])) + abs(first)
                                    + abs(Double(x[i])) * size * cube, unit))
                        let slope = Double(dy[i]) * Double(x[i]) * factor
                        dw[column].value += slope
                        dw[column].tolerance += (unit + Double(rows) * floatUnit) * abs(slope)
                    }
                }
                judge([out, factors, dx, dw], "\(rows)x\(width) \(type)") { kernels, memory in
                    func rowsOf(_ values: [Float]) -> ActivationRows {
                        memory.rows(values, width, stride: width + 2, .float32)
                    }
                    let x = rowsOf(x), dy = rowsOf(dy), dx = rowsOf(present)
                    let weight = memory.floats(weight), dw = memory.floats(presentWeight)
                    let out = memory.rows(rows, width, type)
                    let factors = memory.rows(1, rows, .float32)
                    kernels.rmsNorm(
                        x, weight: weight, epsilon: epsilon, into: out, factors: factors.pointer)
                    kernels.rmsNormBack(
                        dy, x, weight: weight, factors: factors.pointer, into: dx)
                    kernels.rmsNormWeightBack(dy, x, factors: factors.pointer, into: dw)
                    return [
                        out.values, factors.values, dx.values,
                        Array(UnsafeBufferPointer(start: dw, count: width)),
                    ]
                }
            }
        }
    }
}

@Suite("Elementwise operations")
struct ElementwiseTests {
    private static func silu(_ x: Double) -> Double { x / (1 + exp(-x)) }

    @Test("gated SiLU and its gradients", arguments: [1, 15, 16, 33, 1000, 20_000])
    func gated(count: Int) {
        var random = Random(11)
        var gate = random.values(count, times: 8), up = random.values(count)
        // Where the sigmoid is 0 or 1, and beyond the exponential's range.
        for (index, extreme) in [Float(0), -0, 90, -90, 1000, -1000, 1e9, -1e9, 1e20, -1e20]
            .enumerated()
        where index < count { gate[index] = extreme }
        if count > 1 { up[1] = 0 }
        // Values that are bf16 too.
        let dy = random.values(count).map { rounded($0, to: .bfloat16) }
        for type in types {
            let unit = 4e-6
            var out: [Expected] = [], dgate: [Expected] = [], dup: [Expected] = []
            for i in 0..<count {
                let g = Double(rounded(gate[i], to: type)), u = Double(rounded(up[i], to: type))
                let d = Double(dy[i]), sigmoid = 1 / (1 + exp(-g)), silu = Self.silu(g)
                out.append(near(silu * u, of: 1e-30, unit + roundingUnit(type)))
                dup.append(near(d * silu, of: 1e-30, unit + roundingUnit(type)))
                let slope = sigmoid * (1 + g * (1 - sigmoid))
                dgate.append(
                    near(d * u * slope, of: abs(d * u) * sigmoid, unit + roundingUnit(type)))
            }
            judge([out, dgate, dup, dgate, dup], "\(count) \(type)") { kernels, memory in
                let flatGate = memory.flat(gate, type), flatUp = memory.flat(up, type)
                let out = memory.flat(gate.map { _ in .nan }, type)
                let dgate = memory.flat(gate.map { _ in .nan }, type)
                let dup = memory.flat(gate.map { _ in .nan }, type)
                kernels.gatedSiLU(
                    type, gate: flatGate.base, up: flatUp.base, into: out.base, count: count)
                kernels.gatedSiLUBack(
                    type, memory.floats(dy), .float32, gate: flatGate.base, up: flatUp.base,
                    dgate: dgate.base, dup: dup.base, count: count)
                let wide = [out.values, dgate.values, dup.values]
                // The same from gradients of the activations' type.
                kernels.gatedSiLUBack(
                    type, memory.flat(dy, type).base, type, gate: flatGate.base, up: flatUp.base,
                    dgate: dgate.base, dup: dup.base, count: count)
                return wide + [dgate.values, dup.values]
            }
        }
    }

    @Test("rotation, its inverse, and heads that turn in part")
    func rotation() {
        var random = Random(12)
        for (heads, size, turning) in [
            (1, 2, 2), (2, 8, 8), (3, 12, 12), (2, 80, 80), (2, 64, 32), (1, 128, 10), (2, 34, 34),
        ] {
            let width = heads * size, half = turning / 2
            let x = random.values(50 * width)
            let positions = (0..<50).map { Int32($0 * 7 % 40) }
            var cosines: [Float] = [], sines: [Float] = []
            for position in 0..<40 {
                for pair in 0..<half {
                    let angle = Double(position) * pow(10000, -Double(pair) / Double(half))
                    cosines.append(Float(cos(angle)))
                    sines.append(Float(sin(angle)))
                }
            }
            for type in types {
                for inverse in [false, true] {
                    let expected = (0..<50 * width).map { index -> Expected in
                        let row = index / width, i = index % width % size
                        let value = Double(rounded(x[index], to: type))
                        if i >= turning { return Expected(value, 0) }
                        let pair = i % half,
                            other = Double(
                                rounded(x[i < half ? index + half : index - half], to: type))
                        let c = Double(cosines[Int(positions[row]) * half + pair])
                        let s =
                            Double(sines[Int(positions[row]) * half + pair]) * (inverse ? -1 : 1)
                        let result = i < half ? value * c - other * s : other * s + value * c
                        return Expected(
                            result,
                            2 * floatUnit * (abs(value) + abs(other)) + roundingUnit(type)
                                * abs(result))
                    }
                    judge([expected, expected], "\(heads)x\(size) \(type) \(inverse)") {
                        kernels, memory in
                        let source = memory.rows(x, width, type), out = memory.rows(50, width, type)
                        let c = memory.floats(cosines), s = memory.floats(sines)
                        for target in [out, source] {
                            kernels.rotate(
                                source, cosines: c, sines: s, positions: positions, headSize: size,
                                rotated: turning, inverse: inverse, into: target)
                        }
                        return [out.values, source.values]
                    }
                }
            }
        }
    }

    @Test("conversion rounds to nearest even and keeps what is not finite", arguments: widths)
    func conversion(width: Int) {
        var random = Random(13)
        let special: [Float] = [
            0, -0, .infinity, -.infinity, .nan, -.nan, .greatestFiniteMagnitude,
            -.greatestFiniteMagnitude, .leastNormalMagnitude, 1, Float(bitPattern: 0x3f80_8000),
            Float(bitPattern: 0x3f81_8000), Float(bitPattern: 0x3f80_8001),
            Float(bitPattern: 0x3f80_7fff),
            Float(bitPattern: 0x7f80_0001), Float(bitPattern: 0x7f7f_7fff),
            Float(bitPattern: 0x7f7f_8000),
        ]
        var x = random.values(40 * width)
        for index in x.indices where index % 3 == 0 {
            x[index] = special[index / 3 % special.count]
        }
        func exact(_ values: [Float]) -> [Expected] { values.map { Expected(Double($0), 0) } }
        let narrow = x.map { rounded($0, to: .bfloat16) }
        judge([exact(narrow), exact(narrow), exact(x)], "\(width)") { kernels, memory in
            let source = memory.rows(x, width, stride: width + 1, .float32)
            let half = memory.rows(40, width, .bfloat16), back = memory.rows(40, width, .float32)
            let copy = memory.rows(40, width, .float32)
            kernels.convert(source, into: half)
            kernels.convert(half, into: back)
            kernels.convert(source, into: copy)
            return [half.values, back.values, copy.values]
        }
        // What follows a row's odd end is zero afterwards.
        judge([exact(Array(repeating: 0, count: width % 2 == 0 ? 0 : 40))]) { kernels, memory in
            let half = memory.rows(40, width, .bfloat16)
            kernels.convert(memory.rows(x, width, .float32), into: half)
            if width % 2 == 0 { return [[]] }
            return [
                (0..<40).map { row in
                    Float(
                        bitPattern: UInt32(
                            (half.base + (row * half.stride + width) * 2).load(as: UInt16.self))
                            << 16)
                }
            ]
        }
    }

    @Test("numbers below the normal ones become at most the least bf16")
    func denormals() {
        // The processor's conversion takes them for zero; ordinary rounding keeps them.
        let x = (0..<40).map { Float(bitPattern: UInt32(1 + $0 * 200_000)) }
        let expected = x.map { Expected(Double($0), Double(Float.leastNormalMagnitude)) }
        judge([expected]) { kernels, memory in
            let half = memory.rows(1, 40, .bfloat16)
            kernels.convert(memory.rows(x, 40, .float32), into: half)
            return [half.values]
        }
    }

    @Test("scaled addition and sums of squares", arguments: [0, 1, 15, 16, 4095, 4097, 70_001])
    func sums(count: Int) {
        var random = Random(14)
        let x = random.values(count), y = random.values(count)
        let added = zip(x, y).map { x, y in
            near(Double(y) - 0.3 * Double(x), of: abs(Double(y)), 4 * floatUnit)
        }
        let square = x.reduce(0) { $0 + Double($1) * Double($1) }
        judge([added, [near(square, of: 0, 4096 * floatUnit)]], "\(count)") { kernels, memory in
            let target = memory.rows(y, max(count, 1), .float32), source = memory.floats(x)
            kernels.addScaled(-0.3, source, to: target.pointer, count: count)
            return [target.values, [Float(kernels.sumOfSquares(source, count: count))]]
        }
    }

    @Test("sums over rows, biases, and transposed addition")
    func rowSums() {
        var random = Random(15)
        for (rows, columns) in [(1, 1), (5, 33), (40, 16), (100, 130)] {
            let x = random.values(rows * columns), present = random.values(columns)
            let square = random.values(rows * columns)
            let sums = (0..<columns).map { column in
                let terms = (0..<rows).map { Double(x[$0 * columns + column]) }
                return near(
                    Double(present[column]) + terms.reduce(0, +),
                    of: 1 + terms.reduce(0) { $0 + abs($1) }, Double(rows + 1) * floatUnit)
            }
            let turned = (0..<rows * columns).map { index in
                let own = Double(square[index]),
                    other = Double(x[index % rows * columns + index / rows])
                return near(own + other, of: abs(own) + abs(other), 4 * floatUnit)
            }
            judge([sums, turned], "\(rows)x\(columns)") { kernels, memory in
                let source = memory.rows(x, columns, stride: columns + 1, .float32)
                let sums = memory.rows(present, columns, .float32),
                    turned = memory.rows(square, rows, .float32)
                kernels.sumRows(source, into: sums.pointer)
                kernels.addTransposed(source, into: turned)
                return [sums.values, turned.values]
            }
            for type in types {
                let biased = (0..<rows * columns).map { index in
                    let own = Double(rounded(x[index], to: type)),
                        bias = Double(present[index % columns])
                    return near(
                        own + bias, of: abs(own) * floatUnit, floatUnit + roundingUnit(type))
                }
                judge([biased], "\(rows)x\(columns) \(type)") { kernels, memory in
                    let y = memory.rows(x, columns, type)
                    kernels.addBias(memory.floats(present), to: y)
                    return [y.values]
                }
            }
        }
    }

    @Test("rows are chosen, placed and gathered up again")
    func rows() {
        var random = Random(16)
        for (columns, type) in [
            (1, ElementType.float32), (33, .float32), (33, .bfloat16), (64, .bfloat16),
        ] {
            let x = random.values(100 * columns)
            let indices = (0..<70).map { $0 * 37 % 100 }
            func row(_ index: Int) -> [Float] {
                x[index * columns..<(index + 1) * columns].map { rounded($0, to: type) }
            }
            let chosen = indices[3...].flatMap(row)
            var placed = [Float](repeating: 5, count: 100 * columns)
            for index in indices[3...] {
                placed.replaceSubrange(index * columns..<(index + 1) * columns, with: row(index))
            }
            judge(
                [chosen, placed].map { $0.map { Expected(Double($0), 0) } }, "\(columns) \(type)"
            ) {
                kernels, memory in
                let out = memory.rows(67, columns, type)
                let all = memory.rows([Float](repeating: 5, count: 100 * columns), columns, type)
                kernels.selectRows(memory.rows(x, columns, type), indices[3...], into: out)
                kernels.placeRows(out, indices[3...], into: all)
                return [out.values, all.values]
            }
        }
        let ids: [Int32] = [3, 0, 3, 3, 1, 0, 7, 3]
        let dy = random.values(ids.count * 50), table = random.values(8 * 50)
        var sums = table.map { near(Double($0), of: 0, floatUnit) }
        for (index, value) in dy.enumerated() {
            let at = Int(ids[index / 50]) * 50 + index % 50
            sums[at].value += Double(value)
            sums[at].tolerance += 8 * floatUnit
        }
        judge([sums]) { kernels, memory in
            let out = memory.rows(table, 50, .float32)
            kernels.scatterAdd(memory.rows(dy, 50, .float32), ids, into: out.pointer)
            return [out.values]
        }
    }
}

extension GuardedMemory {
    /// Values one after another, without any padding.
    fileprivate func flat(_ values: [Float], _ type: ElementType) -> ActivationRows {
        let rows = ActivationRows(
            base: bytes(values.count * type.bytes), rowCount: 1, columnCount: values.count,
            type: type)
        for (index, value) in values.enumerated() { rows.put(value, 0, index) }
        return rows
    }
}
