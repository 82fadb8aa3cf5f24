import RetortFiles
import Testing

@Suite("GGUFFile")
struct GGUFFileTests {
    @Test("reads good files", arguments: try FormatCase.all("gguf", valid: true))
    func good(_ golden: FormatCase) throws {
        let file = try GGUFFile(golden.path)
        for (key, value) in golden.expected?["keys"]?.object?.members ?? [] {
            #expect(try #require(file[key]).matches(value), "\(key)")
        }
        if let expected = golden.expected?["u64_key"]?.string, let value = UInt64(expected) {
            #expect(file["x.u64"] == .uint64(value))
            #expect(file["x.u64"]?.integer == nil)
        }
        let tensors = golden.expected?["tensors"]?.object ?? JSONObject()
        if golden.expected?["tensors"] != nil { #expect(file.tensors.count == tensors.keys.count) }
        for (name, expected) in tensors.members {
            let tensor = try #require(file.tensor(named: name))
            #expect(tensor.dimensions == expected["shape_outer_first"]?.array?.map(\.integer))
            #expect(tensor.type.name == expected["type"]?.string)
            let bytes = try contents(golden.path)[tensor.offset..<tensor.offset + tensor.byteCount]
            if let values = expected["values"]?.array {
                #expect(floats(bytes) == values.map { Float($0.double ?? .nan) })
            } else {
                #expect(halves(bytes).reduce(0, +) == expected["sum"]?.double)
            }
        }
    }

    @Test("refuses malformed files", arguments: try FormatCase.all("gguf", valid: false))
    func malformed(_ golden: FormatCase) {
        golden.expectRefusal { _ = try GGUFFile(golden.path) }
    }

    @Test("names the missing parts of a split model")
    func lonePart() throws {
        let path = fixtures + "/formats/gguf_model/split_without_siblings-00001-of-00003.gguf"
        #expect {
            try GGUFFile(path)
        } throws: {
            "\($0)".contains("00002-of-00003") && "\($0)".contains("00001-of-00003")
        }
    }

    @Test("reads every shared GGUF file", .enabled(if: hasShared, "the shared goldens are there"))
    func everyShared() throws {
        let paths = sharedFiles(".gguf").filter { !$0.contains("/formats/") }
        #expect(paths.count > 20)
        for path in paths {
            let file = try GGUFFile(path)
            #expect(!file.tensors.isEmpty, "\(path)")
            for (_, value) in file.metadata.entries {
                #expect(value.array?.values.count == value.array?.count)
            }
        }
    }

    @Test("joins the parts of a model", .enabled(if: hasShared, "the shared goldens are there"))
    func split() throws {
        let folder = shared + "/quant/gguf_models"
        let whole = try GGUFFile(folder + "/q8_0.gguf")
        for part in 1...2 {
            let split = try GGUFFile(folder + "/split_q8_0-0000\(part)-of-00002.gguf")
            #expect(split.paths.count == 2)
            #expect(Set(split.tensors.map(\.name)) == Set(whole.tensors.map(\.name)))
            for tensor in whole.tensors {
                let other = try #require(split.tensor(named: tensor.name))
                #expect(other.dimensions == tensor.dimensions && other.type == tensor.type)
                #expect(bytes(of: other) == bytes(of: tensor))
            }
        }
    }

    private func bytes(of tensor: GGUFTensor) -> [UInt8] {
        tensor.withBytes { bytes in
            (0..<bytes.byteCount).map { bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
        }
    }

    private func floats(_ bytes: ArraySlice<UInt8>) -> [Float] {
        words(bytes, size: 4).map { Float(bitPattern: UInt32($0)) }
    }

    private func halves(_ bytes: ArraySlice<UInt8>) -> [Double] {
        words(bytes, size: 2).map { Double(Float16(bitPattern: UInt16($0))) }
    }

    private func words(_ bytes: ArraySlice<UInt8>, size: Int) -> [UInt64] {
        stride(from: bytes.startIndex, to: bytes.endIndex, by: size).map { start in
            bytes[start..<start + size].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
    }
}

extension GGUFValue {
    /// Whether this is what the golden JSON value says.
    func matches(_ value: JSONValue) -> Bool {
        switch (self, value) {
        case (.bool(let left), .integer(let right)): left == (right == 1)
        case (.array(let array), .array(let elements)):
            array.count == elements.count
                && zip(array.values, elements).allSatisfy { $0.matches($1) }
        case (.string(let left), .string(let right)): left.utf8.elementsEqual(right.utf8)
        default: integer.map { $0 == value.integer } ?? (double != nil && double == value.double)
        }
    }
}
