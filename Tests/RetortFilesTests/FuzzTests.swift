import RetortFiles
import Testing

/// Damages good files in thousands of ways.
///
/// A reader may accept or throw its own error, and must do nothing else: a trap ends the run.
@Suite("Readers of damaged files")
struct FuzzTests {
    @Test("GGUF", arguments: ["good_v3", "good_nested_array", "good_no_tensors"])
    func gguf(name: String) throws {
        try damage("gguf/\(name).gguf") { path in
            do {
                let file = try GGUFFile(path)
                for (_, value) in file.metadata.entries { _ = value.array?.values }
                for tensor in file.tensors {
                    tensor.withBytes { #expect($0.byteCount == tensor.byteCount) }
                }
            } catch is GGUFError {} catch is FileError {}
        }
    }

    @Test("safetensors", arguments: ["good_metadata", "good_every_dtype", "good_scalar_and_empty"])
    func safetensors(name: String) throws {
        try damage("safetensors/\(name).safetensors") { path in
            do {
                for tensor in try SafetensorsFile(path).tensors {
                    tensor.withBytes { #expect($0.byteCount == tensor.byteCount) }
                }
            } catch is SafetensorsError {} catch is FileError {}
        }
    }

    @Test("zstd", arguments: ["good", "good_two_frames", "good_skippable_frame"])
    func zstd(name: String) throws {
        try damage("zstd/\(name).zst") { path in
            do {
                try ZstdFile(path).forEachPiece(limit: 1 << 20) { _ in }
            } catch is ZstdError {} catch is FileError {}
        }
    }

    @Test("HDF5", arguments: ["good", "good_gzip"])
    func hdf5(name: String) throws {
        // Each file is tried in a process of its own, which takes its time.
        try damage("hdf5/\(name).weights.h5", cutEvery: 97, times: 250) { path in
            do {
                let file = try HDF5File(path)
                for name in try file.datasetNames() {
                    let dataset = try file.dataset(name)
                    _ = try? dataset.rows(as: Float.self)
                    _ = try? dataset.rows(as: Int32.self)
                }
            } catch is HDF5Error {} catch is FileError {}
        }
    }

    @Test("JSON lines", arguments: ["good_bom_at_start", "good_surrogate_pair"])
    func jsonLines(name: String) throws {
        try damage("jsonl/\(name).jsonl") { path in
            do {
                let file = try JSONLinesFile(path)
                for index in 0..<file.count { _ = try file.object(index) }
            } catch is JSONLinesError {} catch is FileError {}
        }
    }

    @Test("an index of shards")
    func index() throws {
        let folder = try TemporaryFolder()
        let source = fixtures + "/formats/hf/good_sharded/"
        for name in ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"] {
            _ = try folder.write(try contents(source + name), to: name)
        }
        let name = "model.safetensors.index.json"
        try damage("hf/good_sharded/" + name, as: folder.path + "/" + name) { _ in
            do {
                _ = try SafetensorsFolder(folder.path)
            } catch is SafetensorsFolderError {} catch is SafetensorsError {
            } catch is JSONFileError {} catch is FileError {}
        }
    }

    /// Gives an action a file cut at every byte, and files with bytes changed.
    private func damage(
        _ file: String, as target: String? = nil, cutEvery step: Int = 1, times: Int = 1500,
        _ action: (String) throws -> Void
    ) throws {
        let folder = try TemporaryFolder()
        let good = try contents(fixtures + "/formats/" + file)
        let path = target ?? folder.path + "/damaged"
        for end in stride(from: 0, to: good.count, by: step) {
            try rewrite(path, Array(good[..<end]))
            try action(path)
        }
        var random = SeededGenerator(seed: 8)
        for _ in 0..<times {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                mutate(&bytes, using: &random)
            }
            try rewrite(path, bytes)
            try action(path)
        }
    }

    /// What breaks parsers most often: flipped bits, extreme numbers, moved and doubled pieces.
    private func mutate(_ bytes: inout [UInt8], using random: inout SeededGenerator) {
        guard !bytes.isEmpty else { return bytes.append(0) }
        let position = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes[position] = .random(in: 0...255, using: &random)
        case 2: bytes.insert(.random(in: 0...255, using: &random), at: position)
        case 3: bytes.remove(at: position)
        case 4:
            let value: UInt8 = [0, 0x7f, 0x80, 0xff].randomElement(using: &random) ?? 0
            let end = min(position + [2, 4, 8][Int.random(in: 0..<3, using: &random)], bytes.count)
            for index in position..<end { bytes[index] = value }
        default:
            let end = min(position + Int.random(in: 1...40, using: &random), bytes.count)
            bytes.insert(contentsOf: bytes[position..<end], at: position)
        }
    }
}

@Suite("MappedFile")
struct MappedFileTests {
    @Test("says what is wrong with a path")
    func refused() throws {
        let folder = try TemporaryFolder()
        let empty = try folder.write([], to: "empty")
        #expect(throws: FileError.empty(path: empty)) { try MappedFile(empty) }
        #expect(throws: FileError.isFolder(path: folder.path)) { try MappedFile(folder.path) }
        #expect(throws: FileError.missing(path: folder.path + "/x")) {
            try MappedFile(folder.path + "/x")
        }
        #expect(throws: FileError.missing(path: empty + "/x")) { try MappedFile(empty + "/x") }
        #expect(throws: FileError.notRegular(path: "/dev/zero")) { try MappedFile("/dev/zero") }
        #expect(throws: FileError.missing(path: "")) { try MappedFile("") }
    }

    @Test("gives the bytes of the file")
    func bytes() throws {
        let folder = try TemporaryFolder()
        let file = try MappedFile(try folder.write(Array("one\ntwo".utf8), to: "x"))
        #expect(file.size == 7)
        #expect(file.contents == Array("one\ntwo".utf8))
        #expect(file.withBytes(4..<7) { $0.byteCount } == 3)
        #expect(file.offset(of: UInt8(ascii: "\n"), from: 0) == 3)
        #expect(file.offset(of: UInt8(ascii: "\n"), from: 4) == nil)
    }
}
