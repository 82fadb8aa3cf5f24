import Testing

@testable import RetortKernels

@Suite("Rounding up or down at random")
struct DitheredEncodingTests {
    private static let formats: [StorageFormat] = [.q4_0, .q4_1, .q5_0, .q5_1, .q8_0]

    private func value(_ index: Int) -> Float {
        Float((index &* 2_654_435_761) >> 8 & 0xffff) / 65536 - 0.5
    }

    private func gather(
        _ bytes: [UInt8], _ format: StorageFormat, into view: ActivationRows, _ kernels: Kernels
    ) {
        bytes.withUnsafeBytes { stored in
            guard let base = stored.baseAddress else { return }
            let matrix = StoredMatrix(
                base: base, rowCount: view.rowCount, columnCount: view.columnCount,
                format: format, stride: bytes.count / view.rowCount)
            kernels.gather(matrix, (0..<Int32(view.rowCount)).map { $0 }, into: view)
        }
    }

    /// Rows on the steps of their blocks, as stored and in f32.
    private func stored(
        _ format: StorageFormat, rows: Int, columns: Int, _ kernels: Kernels
    ) throws -> (bytes: [UInt8], values: [Float]) {
        var values = (0..<rows * columns).map(value)
        let bytes = try values.withUnsafeMutableBytes { memory in
            let base = try #require(memory.baseAddress)
            let view = ActivationRows(
                base: base, rowCount: rows, columnCount: columns, type: .float32)
            let bytes = try kernels.encode(view, as: format)
            gather(bytes, format, into: view, kernels)
            return bytes
        }
        return (bytes, values)
    }

    private func dithered(
        _ values: [Float], near bytes: [UInt8], _ format: StorageFormat, rows: Int, columns: Int,
        seed: UInt64, _ kernels: Kernels
    ) throws -> (bytes: [UInt8], values: [Float]) {
        var values = values
        let result = try values.withUnsafeMutableBytes { memory in
            let base = try #require(memory.baseAddress)
            let view = ActivationRows(
                base: base, rowCount: rows, columnCount: columns, type: .float32)
            let result = try kernels.encodeDithered(
                view, near: bytes, numbers: (0..<Int32(rows)).map { $0 }, as: format,
                key: PhiloxKey(seed))
            gather(result, format, into: view, kernels)
            return result
        }
        return (result, values)
    }

    @Test("what did not change keeps its bytes", arguments: formats)
    func unchanged(_ format: StorageFormat) throws {
        let kernels = try #require(Kernels(threads: 2))
        let base = try stored(format, rows: 8, columns: 64, kernels)
        let again = try dithered(
            base.values, near: base.bytes, format, rows: 8, columns: 64, seed: 1, kernels)
        // Rounding of (x - offset) / step may leave a hair below a whole number.
        let changed = zip(base.values, again.values).count { abs($0 - $1) > 1e-6 }
        #expect(changed <= 2, "\(changed) values of 512")
    }

    @Test("a change far below a step is kept in the mean, and no value moves beyond its step")
    func fairness() throws {
        let kernels = try #require(Kernels(threads: 2))
        for format in Self.formats {
            let (rows, columns) = (64, 256)
            let base = try stored(format, rows: rows, columns: columns, kernels)
            let step: Float =
                [.q4_0, .q4_1].contains(format) ? 1.0 / 15 : format == .q8_0 ? 1.0 / 254 : 1.0 / 31
            let change = 0.1 * step
            let wanted = base.values.map { $0 + change }
            let plain = try stored(format, rows: rows, columns: columns, kernels)
            let found = try dithered(
                wanted, near: plain.bytes, format, rows: rows, columns: columns, seed: 7, kernels)
            let mean =
                zip(found.values, base.values).reduce(0) { $0 + Double($1.0 - $1.1) }
                / Double(rows * columns)
            // Values at the upper end of their block cannot rise: a few in a block of 32.
            #expect(mean > 0.75 * Double(change) && mean < 1.15 * Double(change), "\(format)")
            let farthest = zip(found.values, wanted).map { abs($0 - $1) }.max() ?? 0
            #expect(farthest < 1.3 * step, "\(format)")
        }
    }

    @Test("the check of what was written lets a step pass and nothing more")
    func check() throws {
        let kernels = try #require(Kernels(threads: 2))
        for format in Self.formats {
            let base = try stored(format, rows: 2, columns: 64, kernels)
            let steps = base.values.map { _ in
                Float(
                    [.q4_0, .q4_1].contains(format)
                        ? 1.0 / 18 : format == .q8_0 ? 1.0 / 320 : 1.0 / 40)
            }
            for (factor, passes) in [(0.9 as Float, true), (3, false)] {
                var wanted = base.values, found = zip(base.values, steps).map { $0 + factor * $1 }
                let place = wanted.withUnsafeMutableBytes { wanted in
                    found.withUnsafeMutableBytes { found -> (row: Int, column: Int)? in
                        guard let one = wanted.baseAddress, let two = found.baseAddress else {
                            return nil
                        }
                        return kernels.firstDifference(
                            ActivationRows(
                                base: one, rowCount: 2, columnCount: 64, type: .float32),
                            ActivationRows(
                                base: two, rowCount: 2, columnCount: 64, type: .float32),
                            storedAs: format, near: base.bytes)
                    }
                }
                #expect((place == nil) == passes, "\(format), \(factor)")
            }
        }
    }

    @Test("the same for any number of threads, another for another seed")
    func reproducible() throws {
        var results: [[UInt8]] = []
        for (threads, seed) in [(1, 3), (2, 3), (2, 4)] {
            let kernels = try #require(Kernels(threads: threads))
            let base = try stored(.q4_1, rows: 16, columns: 96, kernels)
            results.append(
                try dithered(
                    base.values.map { $0 + 0.01 }, near: base.bytes, .q4_1, rows: 16, columns: 96,
                    seed: UInt64(seed), kernels
                ).bytes)
        }
        #expect(results[0] == results[1] && results[1] != results[2])
    }
}
