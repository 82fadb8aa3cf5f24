import RetortFiles
import RetortKernels
import RetortText
import Testing

@testable import RetortModels

@Suite("Exporting and reading back")
struct ExportRoundTripTests {
    @Test(
        "a GGUF file becomes a folder and a GGUF file again, with the same logits",
        arguments: ["f32.gguf", "q4_1.gguf", "llama3_q8_0.gguf", "qwen2_q8_0.gguf"])
    func thereAndBack(name: String) throws {
        let test = try ExportCase()
        let base = try test.model(ExportCase.gguf(name))
        let wanted = base.logits()
        let path = test.folder + "/folder"
        try base.export(to: path, format: .huggingFace, type: .f32)
        let folder = try test.model(path)
        expectClose(folder.logits(), wanted, within: 1e-5)

        let again = test.folder + "/again.gguf"
        let report = try folder.export(to: again, format: .gguf, type: .f32)
        #expect(report.notes == [])
        expectClose(try test.model(again).logits(), wanted, within: 1e-5)
        #expect(try test.names == ["again.gguf", "folder"])
        try compareKeys(GGUFFile(again), GGUFFile(ExportCase.gguf(name)))
    }

    /// Everything but the weights' type must have come back.
    private func compareKeys(_ found: GGUFFile, _ wanted: GGUFFile) throws {
        for (key, value) in wanted.metadata.entries
        where key != "general.file_type" && key != "general.name" {
            #expect(found[key] == value, "\(key)")
        }
        #expect(found["general.file_type"] == .uint32(0))
        #expect(Set(found.tensors.map(\.name)) == Set(wanted.tensors.map(\.name)))
    }

    @Test("from f32 to a folder and back, every tensor has the same bytes")
    func sameBytes() throws {
        let test = try ExportCase()
        let path = ExportCase.gguf("f32.gguf")
        try test.model(path).export(to: test.folder + "/a", format: .huggingFace, type: .f32)
        try test.model(test.folder + "/a").export(to: test.folder + "/b", format: .gguf)
        let wanted = try GGUFFile(path), found = try GGUFFile(test.folder + "/b")
        for tensor in wanted.tensors {
            #expect(found.tensor(named: tensor.name)?.dimensions == tensor.dimensions)
            #expect(try found.bytes(tensor.name) == wanted.bytes(tensor.name), "\(tensor.name)")
        }
    }

    @Test("a folder made from GGUF has tokenizer, template and end tokens")
    func tokenizer() throws {
        let test = try ExportCase()
        let base = try test.model(ExportCase.gguf("f32.gguf"))
        try base.export(to: test.folder + "/a", format: .huggingFace, type: .bf16)
        let model = try test.model(test.folder + "/a")
        let text = try model.text(), original = try base.text()
        let sample = "The quick  brown fox!<|im_end|>\n12345 é"
        #expect(try text.tokenizer.encode(sample) == original.tokenizer.encode(sample))
        #expect(text.configuration.chatTemplate == original.configuration.chatTemplate)
        #expect(text.configuration.bosToken == "<|bos|>")
        #expect(text.endTokens == original.endTokens && text.endTokens == [3])
        let config = try JSONValue(contentsOf: test.folder + "/a/config.json")
        #expect(config["torch_dtype"] == .string("bfloat16"))
        #expect(config["architectures"] == .array([.string("LlamaForCausalLM")]))
        #expect(config["rms_norm_eps"] == .number(1e-5))
    }

    @Test(
        "a GGUF file has the type that was asked for, vectors stay f32",
        arguments: [
            (ExportType.f32, GGMLType.f32, GGMLType.f32, 0), (.f16, .f16, .f16, 1),
            (.bf16, .bf16, .bf16, 32), (.q8_0, .q8_0, .q8_0, 7), (.q4_0, .q4_0, .q8_0, 2),
            (.q4_1, .q4_1, .q8_0, 3), (.base, .f32, .f32, 0),
        ])
    func types(type: ExportType, matrix: GGMLType, vocabulary: GGMLType, number: Int) throws {
        let test = try ExportCase()
        let path = test.folder + "/a.gguf"
        var parts: [Double] = []
        let report = try test.model(ExportCase.gguf("f32.gguf"))
            .export(to: path, format: .gguf, type: type) { parts.append($0) }
        let file = try GGUFFile(path)
        for tensor in file.tensors {
            let isVocabulary = ["token_embd.weight", "output.weight"].contains(tensor.name)
            let wanted = tensor.dimensions.count == 1 ? .f32 : isVocabulary ? vocabulary : matrix
            #expect(tensor.type == wanted, "\(tensor.name)")
        }
        #expect(file["general.file_type"] == .uint32(UInt32(number)))
        #expect(try report.byteCount == MappedFile(path).size)
        #expect(parts.last == 1 && parts == parts.sorted())
        #expect(try test.names == ["a.gguf"])
    }

    @Test("a base without tokenizer gives a file without one, and a note")
    func noTokenizer() throws {
        let test = try ExportCase()
        let base = try test.model(ExportCase.fixtures + "/peft/base")
        let path = test.folder + "/a.gguf"
        let report = try base.export(to: path, format: .gguf, type: .q4_0)
        #expect(report.notes == [.noTokenizer(path: base.path)])
        #expect(try GGUFFile(path)["tokenizer.ggml.model"] == .string("no_vocab"))
        let folder = test.folder + "/b"
        #expect(try base.export(to: folder, format: .huggingFace).notes == report.notes)
    }

    @Test("biases that transformers has no key for are refused")
    func biases() throws {
        let test = try ExportCase()
        let source = try GGUFFile(ExportCase.gguf("f32.gguf"))
        let path = test.folder + "/biased.gguf"
        var entries = source.tensors.map {
            GGUFEntry($0.name, $0.type, dimensions: $0.dimensions)
        }
        for layer in 0..<2 {
            for (part, size) in [("q", 64), ("k", 32), ("v", 32)] {
                entries.append(.init("blk.\(layer).attn_\(part).bias", .f32, dimensions: [size]))
            }
        }
        var writer = try GGUFWriter(path, metadata: source.metadata, entries)
        for entry in entries {
            let bytes =
                source.tensor(named: entry.name) == nil
                ? (0..<entry.dimensions[0]).flatMap { [0, 0, UInt8($0), 0x3c] }
                : try source.bytes(entry.name)
            try writer.append(bytes, to: entry.name)
        }
        _ = try writer.finish()
        let model = try test.model(path)
        #expect(model.logits() != (try test.model(source.path).logits()))
        #expect(
            throws: ExportError.inexpressible(
                path: path, key: "attn_output.bias", format: .huggingFace)
        ) {
            try model.export(to: test.folder + "/a", format: .huggingFace)
        }
        try model.export(to: test.folder + "/a.gguf", format: .gguf, type: .f32)
        expectClose(try test.model(test.folder + "/a.gguf").logits(), model.logits(), within: 0)
    }

    @Test("large weights are cut into shards with an index")
    func shards() throws {
        let test = try ExportCase()
        let base = try test.model(ExportCase.fixtures + "/peft/base")
        var export = HuggingFaceExport(model: base, type: .base)
        export.shardSize = 20_000
        _ = try export.write(to: test.folder + "/a", replacing: false) { _ in }
        let names = try Folder.names(in: test.folder + "/a")
        #expect(names.contains("model.safetensors.index.json"))
        #expect(names.count { $0.hasPrefix("model-0000") } > 2)
        let again = try test.model(test.folder + "/a")
        #expect(again.mergedValues() == base.mergedValues())
    }

    @Test("trained weights are what is written")
    func trained() throws {
        let test = try ExportCase()
        let base = try test.model(ExportCase.fixtures + "/peft/base")
        let parameters = base.decoder.trainAllWeights()
        for parameter in parameters { parameter.value[0, 0] += 1 }
        let wanted = base.mergedValues()
        try base.export(to: test.folder + "/a", format: .huggingFace, type: .f32)
        try base.export(to: test.folder + "/b.gguf", format: .gguf, type: .f32)
        for path in ["/a", "/b.gguf"] {
            let found = try test.model(test.folder + path)
            #expect(found.mergedValues() == wanted)
        }
        for parameter in parameters {
            #expect(wanted[parameter.name]?.first == parameter.value[0, 0])
        }
    }
}

@Suite(
    "Exporting golden models",
    .enabled(if: ExportCase.hasShared, "needs ../shared/goldens"))
struct ExportGoldenTests {
    @Test(
        "every kind of Llama goes through GGUF",
        arguments: ["models", "more/models"],
        [
            "llama", "llama3_rope", "llama_bias", "llama_gqa_tied", "llama_linear_rope", "qwen2",
            "llama_yarn", "llama_dynamic_ntk",
        ])
    func families(folder: String, name: String) throws {
        let test = try ExportCase()
        let base = try test.model("\(ExportCase.shared)/\(folder)/\(name)")
        let path = test.folder + "/a.gguf"
        let report: ExportReport
        do {
            report = try base.export(to: path, format: .gguf, type: .f32)
        } catch let error as ExportError {
            // llama.cpp cuts YaRN's ramp to whole pairs; this case does not.
            let config = "\(ExportCase.shared)/\(folder)/\(name)/config.json"
            #expect(
                error == .inexpressible(path: config, key: "rope_scaling", format: .gguf)
                    && "\(folder)/\(name)" == "more/models/llama_yarn")
            return
        }
        #expect(
            report.notes.contains { if case .plainRotary = $0 { true } else { false } }
                == (name == "llama_dynamic_ntk"))
        let again = try test.model(path)
        #expect(again.unexpectedTensors == [])
        expectClose(again.logits(), base.logits(), within: 1e-5)
        guard name != "llama_dynamic_ntk" else { return }
        try again.export(to: test.folder + "/b", format: .huggingFace)
        expectClose(try test.model(test.folder + "/b").logits(), base.logits(), within: 1e-5)
    }

    @Test("rows that blocks do not fill are stored as f16, with a note")
    func partialBlocks() throws {
        let test = try ExportCase()
        let base = try test.model(ExportCase.shared + "/models/llama_gqa_tied")
        let path = test.folder + "/a.gguf"
        let report = try base.export(to: path, format: .gguf, type: .q4_0)
        let names = ["blk.0.ffn_down.weight", "blk.1.ffn_down.weight"]
        #expect(
            report.notes.contains(.storedOtherwise(tensors: names, wanted: .q4_0, type: .f16)))
        let file = try GGUFFile(path)
        for tensor in file.tensors {
            #expect((tensor.type == .f16) == names.contains(tensor.name), "\(tensor.name)")
        }
        #expect(file.tensor(named: "output.weight") == nil)
    }

    @Test("a split model becomes one file")
    func split() throws {
        let test = try ExportCase()
        let name = "quant/gguf_models/split_q8_0-00001-of-00002.gguf"
        let base = try test.model("\(ExportCase.shared)/\(name)")
        try base.merge(to: test.folder + "/a.gguf")
        let file = try GGUFFile(test.folder + "/a.gguf"), parts = try GGUFFile(base.path)
        #expect(file.paths.count == 1 && parts.paths.count == 2)
        #expect(!file.metadata.entries.contains { $0.key.hasPrefix("split.") })
        for tensor in parts.tensors {
            #expect(try file.bytes(tensor.name) == parts.bytes(tensor.name))
        }
    }

    @Test("a Hugging Face base keeps its own files")
    func ownFiles() throws {
        let test = try ExportCase()
        let path = ExportCase.shared + "/models/llama_gqa_tied"
        let base = try test.model(path)
        try base.merge(to: test.folder + "/a")
        #expect(
            try JSONValue(contentsOf: test.folder + "/a/config.json")
                == JSONValue(contentsOf: path + "/config.json"))
        #expect(Folder.exists(test.folder + "/a/generation_config.json"))
        let tensors = try SafetensorsFile(test.folder + "/a/model.safetensors").tensors
        #expect(!tensors.contains { $0.name == "lm_head.weight" })
        #expect(try test.model(test.folder + "/a").mergedValues() == base.mergedValues())
    }
}
