import RetortFiles
import Testing

@Suite("SafetensorsFile")
struct SafetensorsFileTests {
    @Test("reads good files", arguments: try FormatCase.all("safetensors", valid: true))
    func good(_ golden: FormatCase) throws {
        let file = try SafetensorsFile(golden.path)
        let bytes = try contents(golden.path)
        let expected = golden.expected?.object ?? JSONObject()
        if let names = expected["names"]?.array?.compactMap(\.string) {
            #expect(file.tensors.map(\.name).sorted() == names)
            #expect(file.tensors.allSatisfy { $0.name == "t_" + $0.type.rawValue })
            return
        }
        #expect(file.tensors.count == expected.members.count)
        for (name, values) in expected.members {
            let tensor = try #require(file.tensor(named: name))
            let span = bytes[tensor.offset..<tensor.offset + tensor.byteCount]
            #expect(numbers(span, tensor.type) == values.array?.map { $0.double ?? .nan })
        }
        if golden.file.contains("metadata") {
            #expect(file.metadata.map(\.key) == ["format", "k"])
            #expect(file.metadata.map(\.value) == ["pt", "\u{e9}"])
        }
    }

    @Test("refuses malformed files", arguments: try FormatCase.all("safetensors", valid: false))
    func malformed(_ golden: FormatCase) {
        golden.expectRefusal { _ = try SafetensorsFile(golden.path) }
    }

    @Test("reads every shared file", .enabled(if: hasShared, "the shared goldens are there"))
    func everyShared() throws {
        let paths = sharedFiles(".safetensors").filter { !$0.contains("/formats/") }
        #expect(paths.count > 100)
        for path in paths { #expect(throws: Never.self) { try SafetensorsFile(path) } }
    }

    private func numbers(_ bytes: ArraySlice<UInt8>, _ type: SafetensorsType) -> [Double] {
        let size = type.bitWidth / 8
        return stride(from: bytes.startIndex, to: bytes.endIndex, by: size).map { start in
            let word = bytes[start..<start + size].reversed().reduce(UInt64(0)) {
                $0 << 8 | UInt64($1)
            }
            return switch type {
            case .float32: Double(Float(bitPattern: UInt32(word)))
            case .float64: Double(bitPattern: word)
            default: Double(Int64(bitPattern: word))
            }
        }
    }
}

@Suite("SafetensorsFolder")
struct SafetensorsFolderTests {
    @Test("reads whole and sharded folders", arguments: ["good", "good_sharded"])
    func good(name: String) throws {
        let folder = try SafetensorsFolder(fixtures + "/formats/hf/" + name)
        #expect(folder.tensors.count == 12)
        #expect(folder.tensors.reduce(0) { $0 + $1.byteCount } == 792 * 4)
        #expect(folder.paths.count == (name == "good" ? 1 : 2))
        #expect(folder.metadata.map(\.value) == ["pt"])
        #expect(folder.tensor(named: "lm_head.weight")?.shape == [12, 8])
    }

    @Test("refuses malformed folders", arguments: try FormatCase.all("hf_folder", valid: false))
    func malformed(_ golden: FormatCase) {
        golden.expectRefusal { _ = try SafetensorsFolder(golden.path) }
    }
}
