import RetortKernels
import Testing

@Suite("Random words")
struct PhiloxTests {
    /// Known answers of Philox 4x32-10 that come with its authors' library Random123.
    @Test("are those of the paper's authors")
    func knownAnswers() {
        let ones = UInt64.max
        #expect(
            PhiloxKey(0).block(0, 0)
                == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
        #expect(
            PhiloxKey(ones).block(ones, ones)
                == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
        #expect(
            PhiloxKey(0x299f_31d0_a409_3822).block(0x85a3_08d3_243f_6a88, 0x0370_7344_1319_8a2e)
                == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
    }
}

@Suite("Dropout")
struct DropoutTests {
    private static let key = PhiloxKey(7)

    /// Keeps element i of row r where word i of the row's stream is at least probability · 2³².
    private static func keeps(_ row: Int, _ column: Int, _ probability: Float) -> Bool {
        let word = key.block(UInt64(row), UInt64(column / 4))[column % 4]
        return Double(word) >= (Double(probability) * 0x1p32).rounded(.down)
    }

    @Test("scales what it keeps", arguments: [ElementType.float32, .bfloat16], [1, 4, 5, 33])
    func values(_ type: ElementType, columns: Int) {
        var random = Random(5)
        let x = random.values(37 * columns), present = random.values(37 * columns)
        for probability in [Float(0), 0.1, 0.5, 0.999] {
            let kept = x.enumerated().map { index, value in
                let keeps = Self.keeps(index / columns, index % columns, probability)
                return keeps ? Double(rounded(value, to: type)) / (1 - Double(probability)) : 0
            }
            let unit = 4 * floatUnit + roundingUnit(type)
            judge([kept.map { Expected($0, unit * abs($0)) }], "\(probability)") {
                kernels, memory in
                let out = memory.rows(37, columns, type)
                kernels.dropout(
                    memory.rows(x, columns, type), probability: probability, key: Self.key,
                    into: out)
                return [out.values]
            }
            let added = zip(kept, present).map {
                Expected($0 + Double($1), 4 * floatUnit * (abs($0) + 1))
            }
            judge([added], "\(probability) added") { kernels, memory in
                let out = memory.rows(present, columns, .float32)
                kernels.dropout(
                    memory.rows(x, columns, type), probability: probability, key: Self.key,
                    into: out,
                    .add)
                return [out.values]
            }
        }
    }

    @Test("drops about as many as it should")
    func share() {
        let columns = 1000
        let x = [Float](repeating: 1, count: 100 * columns)
        withKernels("portable", threads: 1) { kernels in
            let memory = GuardedMemory()
            let out = memory.rows(100, columns, .float32)
            kernels.dropout(
                memory.rows(x, columns, .float32), probability: 0.3, key: Self.key, into: out)
            // Standard deviation of the share: √(0.3 · 0.7 / 100,000) = 0.0015.
            let share = Double(out.values.count { $0 == 0 }) / 1e5
            #expect(abs(share - 0.3) < 0.006)
            withExtendedLifetime(memory) {}
        }
    }
}
