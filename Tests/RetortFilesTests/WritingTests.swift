import FoundationEssentials
import RetortFiles
import Testing

@Suite("AtomicFile")
struct AtomicFileTests {
    @Test("appears whole, with its sum")
    func whole() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/a.txt"
        let written = try AtomicFile.write(Array("abc".utf8), to: path)
        #expect(try contents(path) == Array("abc".utf8))
        #expect(written.byteCount == 3 && written.sha256?.hasPrefix("ba7816bf") == true)
        #expect(try folder.names == ["a.txt"])
    }

    @Test("leaves the old file if the writer gives up")
    func abandoned() throws {
        struct Stop: Error {}
        let folder = try TemporaryFolder()
        let path = try folder.write([1, 2], to: "a.txt")
        #expect(throws: Stop.self) {
            var file = try AtomicFile(path)
            try file.write([3])
            throw Stop()
        }
        #expect(try contents(path) == [1, 2])
        #expect(try folder.names == ["a.txt"])
    }

    @Test("names the path and the system's reason")
    func refused() throws {
        let folder = try TemporaryFolder()
        #expect(throws: FileError.isFolder(path: folder.path)) { _ = try AtomicFile(folder.path) }
        let path = folder.path + "/missing/a.txt"
        #expect(throws: FileError.unwritable(path: path, reason: "No such file or directory")) {
            _ = try AtomicFile(path)
        }
    }
}

@Suite("AtomicFolder")
struct AtomicFolderTests {
    @Test("appears whole, with the folders above it")
    func whole() throws {
        let parent = try TemporaryFolder()
        let folder = try AtomicFolder(parent.path + "/runs/new/")
        try AtomicFile.write([1], to: folder.path(of: "a"))
        #expect(try names(parent.path + "/runs") == ["new.partial"])
        try folder.finish()
        #expect(try names(parent.path + "/runs") == ["new"])
        #expect(try contents(parent.path + "/runs/new/a") == [1])
    }

    @Test("replaces a folder only if told to")
    func replacing() throws {
        let parent = try TemporaryFolder()
        let path = parent.path + "/out"
        for (content, replacing) in [(UInt8(1), false), (2, true)] {
            let folder = try AtomicFolder(path, replacing: replacing)
            try AtomicFile.write([content], to: folder.path(of: "file-\(content)"))
            try folder.finish()
        }
        #expect(try names(path) == ["file-2"])
        #expect(throws: FileError.exists(path: path)) { _ = try AtomicFolder(path) }
        #expect(try parent.names == ["out"])
    }

    @Test("removes what was begun if the writer gives up")
    func abandoned() throws {
        struct Stop: Error {}
        let parent = try TemporaryFolder()
        #expect(throws: Stop.self) {
            let folder = try AtomicFolder(parent.path + "/out")
            try AtomicFile.write([1], to: folder.path(of: "a"))
            throw Stop()
        }
        #expect(try parent.names.isEmpty)
    }

    @Test("puts back a folder whose replacement was interrupted")
    func interrupted() throws {
        let parent = try TemporaryFolder()
        try FileManager.default.createDirectory(
            atPath: parent.path + "/out.replaced", withIntermediateDirectories: false)
        _ = try parent.write([7], to: "out.replaced/old")
        #expect(throws: FileError.exists(path: parent.path + "/out")) {
            _ = try AtomicFolder(parent.path + "/out")
        }
        #expect(try contents(parent.path + "/out/old") == [7])
    }

    private func names(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }
}

@Suite("SafetensorsWriter")
struct SafetensorsWriterTests {
    private let entries = [
        SafetensorsEntry("b.weight", .float32, shape: [2, 2]),
        SafetensorsEntry("empty", .float16, shape: [0, 4]),
        SafetensorsEntry("a.bias", .int8, shape: [3]),
    ]

    @Test("writes what the reader reads, the same bytes each time")
    func roundTrip() throws {
        let folder = try TemporaryFolder()
        var sums: Set<String> = []
        for name in ["one", "two"] {
            let path = folder.path + "/\(name).safetensors"
            var writer = try SafetensorsWriter(path, entries, metadata: [("format", "pt")])
            for index in UInt8(0)..<16 { try writer.append([index], to: "b.weight") }
            try writer.append([101, 102, 103], to: "a.bias")
            let written = try writer.finish()
            sums.insert(try SHA256.hash(file: path))
            let file = try SafetensorsFile(path)
            #expect(file.file.size == written.byteCount)
            #expect(file.tensors.map(\.name) == ["b.weight", "empty", "a.bias"])
            #expect(file.tensors[0].offset % 8 == 0)
            let tail = try #require(file.tensor(named: "a.bias"))
            #expect(file.file.contents(of: tail.offset..<tail.offset + 3) == [101, 102, 103])
            #expect(file.metadata.map(\.value) == ["pt"])
        }
        #expect(sums.count == 1)
    }

    @Test("writes through a compressor")
    func compressed() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/shard.safetensors.zst"
        var writer = try SafetensorsWriter(entries) {
            try ZstdWriter(path, contentSize: $0)
        }
        try writer.append([UInt8](repeating: 9, count: 16), to: "b.weight")
        try writer.append([1, 2, 3], to: "a.bias")
        let written = try writer.finish()
        let content = try ZstdFile(path).decompressed(size: written.contentByteCount)
        #expect(try SafetensorsFile(content).tensors.map(\.byteCount) == [16, 0, 3])
    }

    @Test("refuses tensors that come otherwise than declared, and leaves nothing")
    func order() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/x.safetensors"
        #expect(throws: TensorOrderError.unexpected(tensor: "a.bias", expected: "b.weight")) {
            var writer = try SafetensorsWriter(path, entries)
            try writer.append([1], to: "a.bias")
        }
        #expect(throws: TensorOrderError.tooLong(tensor: "b.weight", byteCount: 16)) {
            var writer = try SafetensorsWriter(path, entries)
            try writer.append([UInt8](repeating: 0, count: 17), to: "b.weight")
        }
        #expect(throws: TensorOrderError.unfinished(tensor: "a.bias")) {
            var writer = try SafetensorsWriter(path, entries)
            try writer.append([UInt8](repeating: 0, count: 16), to: "b.weight")
            _ = try writer.finish()
        }
        #expect(try folder.names.isEmpty)
    }
}

@Suite("GGUFWriter")
struct GGUFWriterTests {
    @Test("writes what the reader reads", arguments: [nil, 64])
    func roundTrip(alignment: Int?) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/x.gguf"
        var metadata = GGUFMetadata()
        metadata["general.architecture"] = .string("llama")
        if let alignment { metadata["general.alignment"] = .uint32(UInt32(alignment)) }
        metadata["x.strings"] = .array(GGUFArray(["a", "", "\u{4f60}"]))
        metadata["x.nested"] = .array(GGUFArray([.array(GGUFArray([Int32(1), -2]))], of: .array))
        metadata["x.nan"] = .float32(.nan)
        let entries = [
            GGUFEntry("one", .q8_0, dimensions: [3, 32]), GGUFEntry("two", .f32, dimensions: [5]),
        ]
        var writer = try GGUFWriter(path, metadata: metadata, entries)
        for row in UInt8(1)...3 { try writer.append([UInt8](repeating: row, count: 34), to: "one") }
        try writer.append([UInt8](repeating: 8, count: 20), to: "two")
        #expect(try writer.finish().byteCount % (alignment ?? 32) == 0)
        let file = try GGUFFile(path)
        #expect(file.metadata.entries.map(\.key) == metadata.entries.map(\.key))
        #expect(file.metadata.entries.map(\.value) == metadata.entries.map(\.value))
        #expect(file["x.nested"]?.array?.values.first?.integers == [1, -2])
        #expect(file.tensors.map(\.dimensions) == [[3, 32], [5]])
        let last = file.tensors[1]
        #expect(last.offset % (alignment ?? 32) == 0)
        let bytes = last.file.contents(of: last.offset..<last.offset + last.byteCount)
        #expect(bytes == [UInt8](repeating: 8, count: 20))
    }

    @Test("copies a file that was read", arguments: ["good_v2", "good_alignment_64"])
    func copy(name: String) throws {
        let folder = try TemporaryFolder()
        let source = try GGUFFile(fixtures + "/formats/gguf/\(name).gguf")
        let path = folder.path + "/copy.gguf"
        let entries = source.tensors.map { GGUFEntry($0.name, $0.type, dimensions: $0.dimensions) }
        var writer = try GGUFWriter(path, metadata: source.metadata, entries)
        for tensor in source.tensors {
            try tensor.withBytes { try writer.append($0, to: tensor.name) }
        }
        _ = try writer.finish()
        var expected = try contents(source.path)
        expected[4] = 3
        #expect(try contents(path) == expected)
    }

    @Test("refuses what no reader would accept")
    func refused() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/x.gguf"
        let bad: [(GGUFEntry, GGUFError)] = [
            (
                GGUFEntry("x", .q4_0, dimensions: [33]),
                .partialBlock(path: path, tensor: "x", row: 33, type: .q4_0)
            ),
            (
                GGUFEntry("", .f32, dimensions: [1]),
                .badTensorName(path: path, name: "", limit: 64)
            ),
            (
                GGUFEntry("x", .f32, dimensions: [1 << 40, 1 << 40]),
                .badDimensions(path: path, tensor: "x", dimensions: [1 << 40, 1 << 40])
            ),
        ]
        for (entry, error) in bad {
            #expect(throws: error) { _ = try GGUFWriter(path, metadata: GGUFMetadata(), [entry]) }
        }
        #expect(try folder.names.isEmpty)
    }
}
