import COpenBLAS
import Testing

@testable import RetortKernels

@Suite("Measuring")
struct MeasuringTests {
    @Test("the inner kernel has a peak on every level", arguments: Kernels.levelNames)
    func peak(level: String) throws {
        let kernels = try #require(Kernels(threads: 2, levelName: level))
        for type in [ElementType.float32, .bfloat16] {
            let peak = kernels.tilePeak(type, seconds: 0.02)
            // From a slow emulator to what no processor reaches.
            #expect(peak > 1e6 && peak < 1e15)
        }
    }

    @Test("every product of every format is timed")
    func products() throws {
        let kernels = try #require(Kernels(threads: 2))
        for kind in MeasuredProduct.Kind.allCases {
            for precision in [ElementType.float32, .bfloat16] {
                for format in [StorageFormat.f32, .bf16, .q4_1, .q8_0] {
                    let product = try #require(
                        MeasuredProduct(
                            kind, rows: 5, inputs: 64, outputs: 30, format: format,
                            precision: precision))
                    #expect(product.operations == 19_200)
                    let times = try kernels.time(product, for: 0)
                    #expect(times.count == 3 && times.allSatisfy { $0 > 0 })
                }
                let adapter = try #require(
                    MeasuredProduct(
                        kind, rows: 5, inputs: 64, outputs: 16, format: .f32,
                        precision: precision, isAdapter: true))
                #expect(try kernels.time(adapter, for: 0).count == 3)
            }
        }
    }

    @Test("a product that blocks do not fill is none")
    func unfilled() {
        func product(_ inputs: Int, _ format: StorageFormat) -> MeasuredProduct? {
            MeasuredProduct(
                .forward, rows: 1, inputs: inputs, outputs: 1, format: format, precision: .float32)
        }
        #expect(product(16, .q4_1) == nil && product(0, .f32) == nil)
        #expect(product(16, .f32) != nil && product(64, .q4_1) != nil)
    }

    @Test("drawn rows are between -1 and 1, with zeros behind them")
    func drawn() {
        let drawn = DrawnRows(3, 5, .float32, stride: 8)
        let values = (0..<24).map {
            drawn.rows.base.load(fromByteOffset: 4 * $0, as: Float.self)
        }
        for row in 0..<3 {
            let own = values[row * 8..<row * 8 + 5]
            #expect(own.allSatisfy { abs($0) <= 1 } && Set(own).count == 5)
            #expect(values[row * 8 + 5..<row * 8 + 8].allSatisfy { $0 == 0 })
        }
    }

    @Test(
        "OpenBLAS multiplies as told",
        .enabled(if: retort_openblas_load(2) == nil, "libopenblas.so.0 is not installed"))
    func openBLAS() throws {
        // Two rows of three, and two of two, in rows that are longer.
        let a: [Float] = [1, 2, 3, 9, 4, 5, 6, 9], b: [Float] = [1, 0, 2, 9, 0, 1, 3, 9]
        var plain: [Float] = [0, 0, 0, 0]
        retort_openblas_product(0, 1, 2, 2, 3, a, 4, b, 4, &plain, 2)
        #expect(plain == [7, 11, 16, 23])
        var outer = [Float](repeating: 0, count: 9)
        retort_openblas_product(1, 0, 3, 3, 2, a, 4, b, 4, &outer, 3)
        #expect(outer == [1, 4, 14, 2, 5, 19, 3, 6, 24])
        let library = try #require(OpenBLAS(threads: 2))
        for kind in MeasuredProduct.Kind.allCases {
            let product = try #require(
                MeasuredProduct(
                    kind, rows: 7, inputs: 32, outputs: 5, format: .f32, precision: .float32))
            #expect(library.time(product, for: 0)?.count == 3)
        }
        let other = MeasuredProduct(
            .forward, rows: 7, inputs: 32, outputs: 5, format: .q8_0, precision: .float32)
        #expect(other.flatMap { library.time($0, for: 0) } == nil)
    }
}
