import RetortFiles
import Testing

@Suite("ZstdFile")
struct ZstdFileTests {
    @Test("decompresses good files", arguments: try FormatCase.all("zstd", valid: true))
    func good(_ golden: FormatCase) throws {
        let file = try ZstdFile(golden.path)
        var hash = SHA256()
        let size = try file.forEachPiece { hash.update($0) }
        #expect(size == golden.expected?["bytes"]?.integer)
        #expect(hash.finished() == golden.expected?["sha256"]?.string)
        let content = try file.decompressed(size: size)
        #expect(SHA256.hash(content.contents) == golden.expected?["sha256"]?.string)
    }

    @Test("refuses malformed files", arguments: try FormatCase.all("zstd", valid: false))
    func malformed(_ golden: FormatCase) {
        golden.expectRefusal { try ZstdFile(golden.path).forEachPiece { _ in } }
    }

    @Test("decompresses shared files", .enabled(if: hasShared, "the shared goldens are there"))
    func everyShared() throws {
        let paths = sharedFiles(".zst").filter { !$0.contains("/formats/") }
        #expect(!paths.isEmpty)
        for path in paths {
            let file = try ZstdFile(path)
            let size = try file.forEachPiece { _ in }
            #expect(try file.decompressed(size: size).size == size)
        }
    }

    @Test("stops at the promised size")
    func promise() throws {
        let path = fixtures + "/formats/zstd/good.zst"
        let file = try ZstdFile(path)
        #expect(throws: ZstdError.tooLarge(path: path, limit: 4489)) {
            try file.decompressed(size: 4489)
        }
        #expect(throws: ZstdError.wrongSize(path: path, promised: 4491, found: 4490)) {
            try file.decompressed(size: 4491)
        }
    }

    @Test("gives back what was compressed", arguments: [0, 1, 131_072, 1_000_003])
    func roundTrip(size: Int) throws {
        let folder = try TemporaryFolder()
        var random = SeededGenerator(seed: UInt64(size))
        let content = (0..<size).map { _ in UInt8.random(in: 0...15, using: &random) }
        let path = folder.path + "/content.zst"
        var writer = try ZstdWriter(path, contentSize: size)
        for start in stride(from: 0, to: size, by: 70_001) {
            try writer.write(Array(content[start..<min(start + 70_001, size)]))
        }
        let written = try writer.finish()
        #expect(written.contentByteCount == size)
        #expect(try contents(path).count == written.byteCount)
        #expect(try SHA256.hash(file: path) == written.sha256)
        #expect(try ZstdFile(path).decompressed(size: size).contents == content)
        #expect(try folder.names == ["content.zst"])
    }

    @Test("leaves nothing if the content has another size than announced")
    func wrongSize() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/content.zst"
        let short = ZstdError.wrongSize(path: path, promised: 5, found: 4)
        #expect(throws: short) {
            var writer = try ZstdWriter(path, contentSize: 5)
            try writer.write([1, 2, 3, 4])
            _ = try writer.finish()
        }
        #expect(throws: ZstdError.wrongSize(path: path, promised: 5, found: 6)) {
            var writer = try ZstdWriter(path, contentSize: 5)
            try writer.write([1, 2, 3, 4, 5, 6])
        }
        #expect(try folder.names.isEmpty)
    }
}

/// Random numbers that are the same in every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = (state ^ state >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
