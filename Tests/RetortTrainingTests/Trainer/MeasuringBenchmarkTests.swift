import RetortFiles
import RetortKernels
import RetortModels
import Testing

@testable import RetortTraining

@Suite("Benchmarks of parts")
struct MeasuringBenchmarkTests {
    @Test("every matrix is multiplied in every way that its blocks allow")
    func products() throws {
        var benchmark = ProductBenchmark()
        benchmark.rows = 1
        benchmark.seconds = 0
        // Twice five matrices with two products of five formats and one of f32, and two small ones.
        #expect(benchmark.count == 2 * (5 * 11 + 2 * 3))
        benchmark.shapes = benchmark.shapes.filter { ["k_v", "lora_b"].contains($0.name) }
        let kernels = try #require(Kernels(threads: 2))
        var done = 0
        let result = try benchmark.run(kernels) { done = $0 }
        #expect(done == benchmark.count && result.rows.count == done)
        #expect(result.rows.allSatisfy { $0.best >= $0.median && $0.median > 0 })
        #expect(
            result.rows.allSatisfy {
                $0.openBLAS == nil
                    || $0.product.format == .f32 && $0.product.precision == .float32
            })
        let json = result.json
        #expect(json["threads"]?.integer == 2)
        #expect(json["peak_gflops"]?["bfloat16"]?.double ?? 0 > 0)
        #expect(json["products"]?.array?.count == done)
        #expect(result.text.contains("k_v     input_gradient   q4_1     bfloat16"))
    }

    /// Two paragraphs and a line without an end, one character of three bytes in it.
    private static let prose = "One line.\nAnother one.\n\nA paragraph\n\n\n\nThe end \u{2014} now"

    private func result(
        _ unit: TokenizerBenchmark.Unit, _ text: String = prose, name: String = "prose.txt",
        threads: Int = 1
    ) throws -> TokenizerBenchmark.Result {
        let folder = try TestFolder()
        var benchmark = TokenizerBenchmark()
        benchmark.unit = unit
        benchmark.threads = threads
        benchmark.repeats = 2
        return try benchmark.run(
            folder.write(text, to: name), model: TinyModelTests.tiny + "/tokenizer.json")
    }

    @Test("a text is cut into units, whose bytes are counted")
    func units() throws {
        let all = Self.prose.utf8.count
        let whole = try result(.file)
        #expect(whole.texts == 1 && whole.bytes == all && whole.tokens > 10)
        let lines = try result(.line)
        #expect(lines.texts == 8 && lines.bytes == all)
        // The line feeds between paragraphs belong to none of them.
        let records = try result(.record)
        #expect(records.texts == 3 && records.bytes == all - 6)
        #expect(whole.repeatSeconds.count == 2 && whole.megabytesPerSecond > 0)
    }

    @Test("the checksum tells other ids, and not how many threads there were")
    func checksum() throws {
        let text = (0..<300).map { "Turn on light \($0)." }.joined(separator: "\n\n")
        let one = try result(.record, text)
        #expect(try result(.record, text, threads: 3).checksum == one.checksum)
        #expect(try result(.record, text + "!").checksum != one.checksum)
        #expect(one.texts == 300 && one.json["crc32"]?.string?.count == 8)
    }

    @Test("rows give their texts, questions and answers")
    func rows() throws {
        let lines = #"{"question": "Who?", "answer": "Me."}"# + "\n" + #"{"text": "Well."}"# + "\n"
        let rows = try result(.file, lines, name: "rows.jsonl")
        #expect(rows.texts == 3 && rows.bytes == 12 && rows.unit == .record)
        #expect(throws: RowError.self) {
            try result(.record, #"{"prompt": "Who?"}"#, name: "rows.jsonl")
        }
    }

    @Test("CRC-32 is that of other programs")
    func crc() {
        var sum = CRC32()
        #expect(sum.value == 0)
        sum.update(littleEndian: 0x3433_3231)
        sum.update(littleEndian: 0x3837_3635)
        // zlib's of "12345678".
        #expect(sum.value == 0x9ae0_daaf)
    }
}
