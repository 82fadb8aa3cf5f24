import RetortKernels
import Testing

@Suite("Stored rows")
struct BlockDecodingTests {
    @Test("are widened by their definitions, bit for bit", arguments: StorageFormat.allCases)
    func decoding(_ format: StorageFormat) {
        var random = Random(4)
        let blocks = format.blockSize == 1 ? [1, 15, 16, 17, 31, 32, 33, 63, 100] : [1, 2, 3]
        for count in blocks {
            let width = count * format.blockSize
            let matrix = EncodedMatrix(format, 5, width, isShuffled: true, gap: 1, &random)
            let exact = matrix.values.map { Expected(Double($0), 0) }
            judge([exact], "\(width)") { kernels, memory in
                let out = memory.rows(5, width, .float32), stored = memory.matrix(matrix)
                for row in 0..<5 {
                    kernels.decodeRow(
                        stored, row,
                        into: (out.base + row * width * 4).assumingMemoryBound(to: Float.self))
                }
                return [out.values]
            }
            let ids: [Int32] = [4, 0, 0, 3, 1, 2, 4, 2, 1, 1, 0, 3, 3, 2, 4, 4, 1]
            let looked = ids.flatMap { exact[Int($0) * width..<Int($0 + 1) * width] }
            judge([looked], "\(width) looked up") { kernels, memory in
                let out = memory.rows(ids.count, width, stride: width + 1, .float32)
                kernels.gather(memory.matrix(matrix), ids, into: out)
                return [out.values]
            }
        }
    }

    @Test("halves of every kind are widened exactly")
    func halves() {
        for bits in UInt16.min...UInt16.max {
            let wide = float(half: bits), wanted = Float(Float16(bitPattern: bits))
            #expect(wide == wanted && wide.sign == wanted.sign || wide.isNaN && wanted.isNaN)
        }
    }

    @Test("know their sizes")
    func sizes() {
        for format in StorageFormat.allCases {
            let block = format.blockSize
            #expect(format.rowBytes(0) == 0)
            #expect(format.rowBytes(3 * block) == 3 * format.blockBytes)
            #expect(format.rowBytes(-block) == nil)
            #expect(block == 1 || format.rowBytes(block + 1) == nil)
            #expect(format.blockBytes <= block || format.rowBytes(Int.max / block * block) == nil)
            #expect(StorageFormat(name: format.name.uppercased()) == format)
        }
        #expect(StorageFormat(name: "q9_9") == nil)
    }
}
