import Foundation
import RetortFiles
@testable import RetortKernels
import Testing

/// The golden blocks of one format and the values they were made of.
private struct BlockGolden {
    let values: [Float]
    let rows: Int
    let columns: Int
    let blocks: [UInt8]
    let names: [String]
    let leastError: Double

    init(_ format: StorageFormat) throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/quant/ggml").path
        func bytes(_ file: String, _ name: String) throws -> (bytes: [UInt8], shape: [Int]) {
            let file = try SafetensorsFile("\(folder)/\(file).safetensors")
            let tensor = try #require(file.tensor(named: name))
            return tensor.file.withBytes(tensor.offset..<tensor.offset + tensor.byteCount) { span in
                (span.withUnsafeBytes { Array($0) }, tensor.shape)
            }
        }
        let type = format == .q6_K ? "Q6_K" : format.name.uppercased()
        let (x, shape) = try bytes("input", "x")
        values = x.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        (rows, columns) = (shape[0], shape[1])
        blocks = try bytes(type, "blocks").bytes
        let index = try JSONValue(contentsOf: folder + "/index.json")
        names = index["rows"]?.array?.compactMap(\.string) ?? []
        leastError = index["types"]?[type]?["rms_error_gaussian_rows"]?.double ?? 0
    }
}

private let kernels = Kernels(threads: 2)

/// Rounds rows with the threads of the kernels.
private func encode(
    _ values: [Float], rows: Int, columns: Int, as format: StorageFormat
) throws -> [UInt8] {
    var values = values
    let kernels = try #require(kernels)
    return try values.withUnsafeMutableBytes { bytes in
        try kernels.encode(
            ActivationRows(
                base: #require(bytes.baseAddress), rowCount: rows, columnCount: columns,
                type: .float32), as: format)
    }
}

private func decode(_ bytes: [UInt8], columns: Int, _ format: StorageFormat) -> [Float] {
    let stride = format.rowBytes(columns) ?? 1, rows = bytes.count / stride
    var out = [Float](repeating: .nan, count: rows * columns)
    bytes.withUnsafeBytes { bytes in
        out.withUnsafeMutableBufferPointer { out in
            guard let from = bytes.baseAddress, let to = out.baseAddress else { return }
            for row in 0..<rows {
                decodeRowPlainly(format, from + row * stride, columns, to + row * columns)
            }
        }
    }
    return out
}

@Suite("Block encoding", .serialized)
struct BlockEncodingTests {
    @Test(
        "gives GGML's bytes, ties included",
        arguments: [StorageFormat.f16, .bf16, .q8_0, .q4_0, .q4_1, .q5_0, .q5_1])
    func exact(format: StorageFormat) throws {
        let golden = try BlockGolden(format)
        let found = try encode(
            golden.values, rows: golden.rows, columns: golden.columns, as: format)
        let stride = try #require(format.rowBytes(golden.columns))
        #expect(found.count == golden.blocks.count)
        for (row, name) in golden.names.enumerated() {
            let range = row * stride..<(row + 1) * stride
            #expect(found[range] == golden.blocks[range], "\(name)")
        }
    }

    @Test("Q6_K is as close as GGML's, and zeros stay zero")
    func q6() throws {
        let golden = try BlockGolden(.q6_K)
        let found = decode(
            try encode(golden.values, rows: golden.rows, columns: golden.columns, as: .q6_K),
            columns: golden.columns, .q6_K)
        let gaussian = 0..<5 * golden.columns
        let square = gaussian.reduce(0.0) {
            $0 + pow(Double(found[$1]) - Double(golden.values[$1]), 2)
        }
        let error = (square / Double(gaussian.count)).squareRoot()
        #expect(golden.leastError > 0 && error <= 1.05 * golden.leastError)
        let zero = try #require(golden.names.firstIndex(of: "zero")) * golden.columns
        #expect(found[zero..<zero + golden.columns].allSatisfy { $0 == 0 })
    }

    @Test("f32 is kept bit for bit")
    func plain() throws {
        let values: [Float] = [0, -0.0, 1, -.pi, .leastNonzeroMagnitude, .greatestFiniteMagnitude]
        let found = decode(try encode(values, rows: 1, columns: 6, as: .f32), columns: 6, .f32)
        #expect(found.map(\.bitPattern) == values.map(\.bitPattern))
    }

    @Test("narrowing to halves gives every half back, and rounds ties to even")
    func halves() {
        for bits in UInt16.min...UInt16.max {
            let value = float(half: bits)
            if value.isNaN { continue }
            #expect(halfBits(value) == bits)
            guard value.isFinite, bits & 0x7fff < 0x7bff else { continue }
            let middle = (Double(value) + Double(float(half: bits + 1))) / 2
            #expect(halfBits(Float(middle)) == bits + (bits & 1))
        }
        #expect(halfBits(65519) == 0x7bff && halfBits(65520) == 0x7c00)
        #expect(halfBits(.nan) & 0x7fff > 0x7c00)
    }

    @Test(
        "what a format cannot hold is refused with its place",
        arguments: [
            (StorageFormat.f32, Float.infinity), (.f16, 65520), (.bf16, 3.4e38), (.q8_0, 1e8),
            (.q4_0, 1e6), (.q4_1, -1e6), (.q5_0, -2e6), (.q5_1, 1e7), (.q6_K, 1e10),
            (.q6_K, 1e38),
        ])
    func refused(format: StorageFormat, value: Float) throws {
        for value in [value, .nan, -.infinity] {
            var values = [Float](repeating: 0.5, count: 3 * 512)
            values[2 * 512 + 300] = value
            let block = 300 / format.blockSize * format.blockSize
            #expect(throws: UnstorableValue(row: 2, column: block)) {
                try encode(values, rows: 3, columns: 512, as: format)
            }
        }
    }

    @Test("what was stored is within the bound of its format", arguments: StorageFormat.allCases)
    func bound(format: StorageFormat) throws {
        let golden = try BlockGolden(.q8_0)
        let kernels = try #require(kernels)
        var wanted = golden.values
        var found = decode(
            try encode(wanted, rows: golden.rows, columns: golden.columns, as: format),
            columns: golden.columns, format)
        func difference() -> Int? {
            wanted.withUnsafeMutableBytes { wanted in
                found.withUnsafeMutableBytes { found in
                    guard let wanted = wanted.baseAddress, let found = found.baseAddress else {
                        return -1
                    }
                    func rows(_ base: UnsafeMutableRawPointer) -> ActivationRows {
                        ActivationRows(
                            base: base, rowCount: golden.rows, columnCount: golden.columns,
                            type: .float32)
                    }
                    return kernels.firstDifference(rows(wanted), rows(found), storedAs: format)
                        .map { $0.row * golden.columns + $0.column }
                }
            }
        }
        #expect(difference() == nil)
        found[1000] += 0.4
        #expect(difference() == 1000)
        found[3] = .nan
        #expect(difference() == 3)
    }
}
