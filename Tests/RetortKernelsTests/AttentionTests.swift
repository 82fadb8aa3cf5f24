import RetortKernels
import Testing

/// One attention to judge.
struct AttentionCase: Sendable, CustomTestStringConvertible {
    var heads = 2
    var groups = 1
    var size = 16
    var window: Int?
    var lengths: [Int]
    /// Elements between a row's end and the next.
    var gap = 0

    var testDescription: String {
        "\(heads)/\(groups) heads of \(size), window \(window.map(String.init) ?? "none"), \(lengths)"
    }

    var shape: AttentionShape {
        AttentionShape(
            headCount: heads, keyValueHeadCount: groups, headSize: size,
            scale: 1 / Float(size).squareRoot(), window: window)
    }

    var documents: [Range<Int>] {
        var start = 0
        return lengths.map { length in
            defer { start += length }
            return start..<start + length
        }
    }

    var tokens: Int { lengths.reduce(0, +) }

    /// Every head size and length around the sizes of blocks and panels, grouped heads, windows.
    static let all: [AttentionCase] =
        [8, 12, 16, 64, 80, 128].map { AttentionCase(size: $0, lengths: [49]) }
        + [1, 2, 47, 48, 63, 64, 65, 130].map { AttentionCase(lengths: [$0]) }
        + [(1, 1), (4, 4), (6, 3), (9, 3), (4, 1)].map {
            AttentionCase(heads: $0.0, groups: $0.1, size: 12, lengths: [17])
        }
        + [1, 2, 16, 47, 48, 49, 64, 200].map {
            AttentionCase(size: 8, window: $0, lengths: [130, 50])
        }
        + [
            AttentionCase(lengths: [1, 48, 2, 65, 1, 1, 30], gap: 6),
            AttentionCase(size: 80, window: 70, lengths: [150], gap: 2),
            AttentionCase(heads: 3, groups: 3, size: 128, window: 5, lengths: [3, 97]),
            AttentionCase(size: 2, lengths: [70]),
            AttentionCase(heads: 9, groups: 3, size: 64, lengths: [150]),
            AttentionCase(heads: 8, groups: 1, size: 72, lengths: [67]),
            // More than one part of the forward pass, and of the backward one.
            AttentionCase(heads: 1, size: 4, lengths: [1000]),
            AttentionCase(heads: 1, size: 4, window: 90, lengths: [3, 1030]),
            AttentionCase(heads: 3, size: 6, window: 300, lengths: [700, 20]),
        ]
}

private let types: [ElementType] = [.float32, .bfloat16]

/// Rows of heads side by side as the rows of each head one after another.
private func byHead(_ rows: [Float], _ width: Int, _ size: Int) -> [Float] {
    var result: [Float] = []
    for start in stride(from: 0, to: width, by: size) {
        for row in stride(from: 0, to: rows.count, by: width) {
            result += rows[row + start..<row + start + size]
        }
    }
    return result
}

@Suite("Attention")
struct AttentionTests {
    /// Random operands; scores have a standard deviation of about 1.
    private struct Operands {
        let q, k, v, dout: [Float]

        init(_ attention: AttentionCase, _ seed: UInt64) {
            var random = Random(seed)
            let wide = attention.tokens * attention.heads * attention.size
            let narrow = attention.tokens * attention.groups * attention.size
            q = random.values(wide, times: 2)
            k = random.values(narrow, times: 2)
            v = random.values(narrow)
            dout = random.values(wide)
        }
    }

    @Test("within documents, forward and backward", arguments: AttentionCase.all)
    func attention(_ attention: AttentionCase) {
        let operands = Operands(attention, 6)
        let shape = attention.shape, tokens = attention.tokens
        let wide = attention.heads * attention.size, narrow = attention.groups * attention.size
        for type in types {
            let plain = PlainAttention(
                shape, type, attention.documents, q: operands.q, k: operands.k, v: operands.v,
                dout: operands.dout)
            let (out, logSums) = plain.forward()
            let (dq, dk, dv) = plain.backward()
            judge([out, logSums, dq, dk, dv], "\(type)") { kernels, memory in
                let q = memory.rows(operands.q, wide, stride: wide + attention.gap, type)
                let k = memory.rows(operands.k, narrow, stride: narrow + attention.gap, type)
                let v = memory.rows(operands.v, narrow, type)
                let out = memory.rows(tokens, wide, stride: wide + attention.gap, type)
                let logSums = memory.rows(tokens, attention.heads, .float32)
                let sums = logSums.base.assumingMemoryBound(to: Float.self)
                kernels.attend(q, k, v, attention.documents, shape, into: out, logSums: sums)
                let dout = memory.rows(operands.dout, wide, type)
                let dq = memory.rows(tokens, wide, .float32)
                let dk = memory.rows(tokens, narrow, .float32)
                let dv = memory.rows(tokens, narrow, stride: narrow + attention.gap, .float32)
                kernels.attendBack(
                    q, k, v, out, dout, logSums: sums, attention.documents, shape, dq: dq, dk: dk,
                    dv: dv
                )
                return [out.values, logSums.values, dq.values, dk.values, dv.values]
            }
        }
    }

    @Test("to cached keys and values", arguments: AttentionCase.all)
    func cached(_ attention: AttentionCase) {
        let operands = Operands(attention, 7)
        let wide = attention.heads * attention.size, narrow = attention.groups * attention.size
        for type in types {
            let plain = PlainAttention(
                attention.shape, type, attention.documents, q: operands.q, k: operands.k,
                v: operands.v, dout: operands.dout)
            let (out, _) = plain.forward()
            judge([out], "\(type)") { kernels, memory in
                let out = memory.rows(attention.tokens, wide, type)
                let queries = plain.visible.enumerated().map {
                    CachedQuery(row: $0, keys: $1.lowerBound..<$1.upperBound + 1)
                }
                let size = attention.size
                kernels.attend(
                    memory.rows(operands.q, wide, stride: wide + attention.gap, type),
                    memory.rows(
                        byHead(operands.k, narrow, size), size, stride: size + attention.gap, type),
                    memory.rows(byHead(operands.v, narrow, size), size, type), queries.reversed(),
                    attention.shape, into: out)
                return [out.values]
            }
        }
    }

    @Test("to cached keys gives a query the same bits alone and among others")
    func cachedAlone() {
        let attention = AttentionCase(heads: 9, groups: 3, size: 64, window: 260, lengths: [300])
        let operands = Operands(attention, 10), wide = 9 * 64, narrow = 3 * 64
        for level in Kernels.levelNames {
            for type in types {
                let memory = GuardedMemory()
                let q = memory.rows(operands.q, wide, type)
                let k = memory.rows(byHead(operands.k, narrow, 64), 64, type)
                let v = memory.rows(byHead(operands.v, narrow, 64), 64, type)
                let queries = [0, 63, 64, 65, 128, 299].map {
                    CachedQuery(row: $0, keys: max(0, $0 - 259)..<$0 + 1)
                }
                let results = [1, 2, 3].flatMap { threads in
                    withKernels(level, threads: threads) { kernels in
                        [queries.map { [$0] }, [queries]].map { calls in
                            let out = memory.rows(300, wide, type)
                            for call in calls {
                                kernels.attend(q, k, v, call, attention.shape, into: out)
                            }
                            return out.values.map(\.bitPattern)
                        }
                    }
                }
                #expect(results.allSatisfy { $0 == results[0] })
            }
        }
    }

    @Test("with scores of thousands still sums to one")
    func hugeScores() {
        let attention = AttentionCase(heads: 1, size: 16, lengths: [70])
        var random = Random(8)
        let q = random.values(70 * 16, times: 300), k = random.values(70 * 16, times: 300)
        let v = [Float](repeating: 1, count: 70 * 16)
        for type in types {
            let ones = Array(repeating: Expected(1, 3 * bfloat16Unit), count: v.count)
            // Sixteen products of ones, one factor of which is rounded twice, times keys and scale.
            let largest = Double(k.map(abs).max() ?? 0)
            let off = type == .float32 ? 0.5 : 16 * 2 * bfloat16Unit * largest / 4
            let zeros = Array(repeating: Expected(0, off), count: v.count)
            judge([ones, zeros], "\(type)") { kernels, memory in
                let rows = [q, k, v].map { memory.rows($0, 16, type) }
                let out = memory.rows(70, 16, type),
                    sums = memory.floats(Array(repeating: 0, count: 70))
                let gradients = (0..<3).map { _ in memory.rows(70, 16, .float32) }
                kernels.attend(
                    rows[0], rows[1], rows[2], attention.documents, attention.shape, into: out,
                    logSums: sums)
                // Equal values: the weights do not matter, so q has no gradient.
                kernels.attendBack(
                    rows[0], rows[1], rows[2], out, rows[2], logSums: sums, attention.documents,
                    attention.shape, dq: gradients[0], dk: gradients[1], dv: gradients[2])
                return [out.values, gradients[0].values]
            }
        }
    }

    @Test("of one document does not depend on the others")
    func documentsAlone() {
        let together = AttentionCase(lengths: [33, 1, 64, 70])
        let operands = Operands(together, 9)
        for level in Kernels.levelNames {
            for type in types {
                let memory = GuardedMemory()
                withKernels(level, threads: 2) { kernels in
                    func run(_ documents: [Range<Int>]) -> [Float] {
                        let out = memory.rows(together.tokens, 32, type)
                        kernels.attend(
                            memory.rows(operands.q, 32, type), memory.rows(operands.k, 16, type),
                            memory.rows(operands.v, 16, type), documents, together.shape, into: out,
                            logSums: memory.floats(operands.q))
                        return out.values
                    }
                    let all = run(together.documents).map(\.bitPattern)
                    for document in together.documents {
                        let places = document.lowerBound * 32..<document.upperBound * 32
                        #expect(run([document]).map(\.bitPattern)[places] == all[places])
                    }
                }
                withExtendedLifetime(memory) {}
            }
        }
    }
}
