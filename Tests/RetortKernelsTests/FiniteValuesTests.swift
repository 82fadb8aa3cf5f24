import Testing

@testable import RetortKernels

@Suite("allFinite")
struct FiniteValuesTests {
    /// Where a bad number can be stored in a format's block: a scale or a minimum.
    private static func places(_ format: StorageFormat) -> [(offset: Int, bytes: [UInt8])] {
        let half: [UInt8] = [0x00, 0x7c], quiet: [UInt8] = [0x01, 0x7e]
        switch format {
        case .f32: return [(0, [0, 0, 0x80, 0x7f]), (0, [0, 0, 0xc0, 0xff])]
        case .bf16: return [(0, [0x80, 0x7f]), (0, [0xc0, 0xff])]
        case .f16, .q4_0, .q5_0, .q8_0: return [(0, half), (0, quiet)]
        case .q4_1, .q5_1: return [(0, half), (2, half), (2, quiet)]
        case .q6_K: return [(208, half), (208, quiet)]
        }
    }

    @Test("finds NaN and infinity in any block of any format", arguments: StorageFormat.allCases)
    func finds(_ format: StorageFormat) throws {
        for level in Kernels.levelNames {
            let kernels = try #require(Kernels(threads: 2, levelName: level))
            let blocks = 70_000 / format.blockSize
            let memory = UnsafeMutableRawBufferPointer.allocate(
                byteCount: blocks * format.blockBytes, alignment: 64)
            defer { memory.deallocate() }
            for index in memory.indices { memory[index] = UInt8(truncatingIfNeeded: index % 59) }
            guard let start = memory.baseAddress else { return }
            func isFinite() -> Bool {
                kernels.allFinite(format, start, count: blocks * format.blockSize)
            }
            #expect(isFinite())
            for block in [0, blocks / 2, blocks - 1] {
                for (offset, bytes) in Self.places(format) {
                    let at = block * format.blockBytes + offset
                    let kept = Array(memory[at..<at + bytes.count])
                    memory[at..<at + bytes.count].copyBytes(from: bytes)
                    #expect(!isFinite(), "\(level), block \(block), byte \(offset)")
                    memory[at..<at + bytes.count].copyBytes(from: kept)
                }
            }
            #expect(isFinite() && kernels.allFinite(format, start, count: 0))
        }
    }

    @Test("the largest value is the first of its equals", arguments: [1, 15, 16, 17, 100])
    func largest(count: Int) {
        var random = Random(21)
        for _ in 0..<20 {
            var values = (0..<count).map { _ in Float(Int(random.word() % 9)) - 12 }
            let top = values.max()
            #expect(
                Kernels.indexOfLargest(values, count: count) == values.firstIndex { $0 == top })
            for bad in [Float.nan, .infinity, -.infinity] {
                values[Int(random.word() % UInt64(count))] = bad
                #expect(Kernels.indexOfLargest(values, count: count) == nil)
            }
        }
        #expect(Kernels.indexOfLargest([1], count: 0) == nil)
    }
}
