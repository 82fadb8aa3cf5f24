import RetortFiles
import RetortKernels
import RetortTensor
import Testing

@testable import RetortModels

@Suite("Merging and exporting adapters")
struct ExportMergingTests {
    @Test("W + scale B A, as computed in double precision")
    func plainTwin() throws {
        let test = try ExportCase()
        let path = ExportCase.fixtures + "/peft"
        let base = try test.model(path + "/base").mergedValues()
        let model = try test.model(path + "/base", adapter: path + "/lora/adapter_final")
        try model.export(to: test.folder + "/a", format: .huggingFace, type: .f32)
        let found = try test.model(test.folder + "/a").mergedValues()
        var changed = 0
        for layer in model.decoder.linearLayers {
            let name = layer.name + ".weight"
            guard let adapter = layer.adapter else { continue }
            let a = adapter.a.value, b = adapter.b.value
            var wanted = try #require(base[name])
            for row in 0..<b.rowCount {
                for column in 0..<a.columnCount {
                    let sum = (0..<a.rowCount).reduce(0.0) {
                        $0 + Double(b[row, $1]) * Double(a[$1, column])
                    }
                    wanted[row * a.columnCount + column] += Float(Double(adapter.scale) * sum)
                }
            }
            expectClose(try #require(found[name]), wanted, within: 1e-6, name)
            changed += 1
        }
        #expect(changed == 14)
        #expect(found["model.norm.weight"] == base["model.norm.weight"])
        #expect(found["model.embed_tokens.weight"] == base["model.embed_tokens.weight"])
    }

    @Test("merging into a quantized base keeps everything else byte for byte")
    func baseTypes() throws {
        let test = try ExportCase()
        let path = test.folder + "/merged.gguf"
        let source = ExportCase.gguf("q4_1.gguf")
        let model = try test.model(source, adapter: ExportCase.gguf("adapter_peft"))
        try model.merge(to: path)
        let wanted = try GGUFFile(source), found = try GGUFFile(path)
        #expect(found.tensors.map(\.name) == wanted.tensors.map(\.name))
        #expect(found.tensors.map(\.type) == wanted.tensors.map(\.type))
        #expect(found.metadata.entries.map(\.key) == wanted.metadata.entries.map(\.key))
        #expect(found.metadata.entries.map(\.value) == wanted.metadata.entries.map(\.value))
        let adapted = ["attn_q", "attn_k", "attn_v", "ffn_down"]
        for tensor in wanted.tensors {
            let isAdapted = adapted.contains { tensor.name.contains(".\($0).") }
            #expect(
                try (found.bytes(tensor.name) == wanted.bytes(tensor.name)) != isAdapted,
                "\(tensor.name)")
        }
        // In f32 nothing is rounded, and the adapter beside the base gives the same.
        try model.export(to: test.folder + "/f32.gguf", format: .gguf, type: .f32)
        expectClose(
            try test.model(test.folder + "/f32.gguf").logits(), model.logits(), within: 1e-4)
    }

    @Test("llama.cpp's adapter file is the golden one")
    func ggufLoRA() throws {
        let test = try ExportCase()
        let path = test.folder + "/lora.gguf"
        let model = try test.model(
            ExportCase.gguf("f32.gguf"), adapter: ExportCase.gguf("adapter_peft"))
        try model.export(to: path, format: .ggufLoRA)
        #expect(
            try MappedFile(path).contents
                == MappedFile(ExportCase.gguf("adapter_lora_f32.gguf")).contents)
    }

    @Test("modules of their own ranks and alphas keep their scales in llama.cpp's adapter")
    func foldedScales() throws {
        let test = try ExportCase()
        let base = ExportCase.gguf("f32.gguf")
        let model = try test.model(base)
        var configuration = AdapterConfiguration()
        configuration.rank = 4
        configuration.alpha = 10
        configuration.usesRankStabilizedScale = true
        configuration.rankPattern = [.init(key: "v_proj", value: 2)]
        configuration.alphaPattern = [.init(key: "layers.1.self_attn.q_proj", value: 3)]
        configuration.targets = .names(["q_proj", "v_proj", "up_proj"])
        try model.decoder.addAdapter(configuration, seed: 3, source: "test")
        for parameter in model.decoder.adapterParameters where parameter.name.contains("lora_B") {
            for row in 0..<parameter.value.rowCount { parameter.value[row, 1] = Float(row % 7) / 9 }
        }
        let path = test.folder + "/lora.gguf"
        try model.export(to: path, format: .ggufLoRA)
        #expect(try GGUFFile(path)["adapter.lora.alpha"] == .float32(10))
        expectClose(try test.model(base, adapter: path).logits(), model.logits(), within: 1e-5)

        try model.export(to: test.folder + "/peft", format: .peft)
        let again = try test.model(base, adapter: test.folder + "/peft")
        expectClose(again.logits(), model.logits(), within: 1e-6)
        let config = try JSONValue(contentsOf: test.folder + "/peft/adapter_config.json")
        #expect(config["base_model_name_or_path"] == .string(base))
    }

    @Test(
        "merged weights are PEFT's",
        .enabled(if: ExportCase.hasShared, "needs ../shared/goldens"),
        arguments: [
            "peft/lora", "peft/lora_qv_only", "peft/rslora", "peft/lora_decay_clip",
            "peft/lora_accumulate", "peft/lora_sgd", "peft/lora_layers", "peft/lora_patterns",
            "more/peft/lora_nesterov",
        ])
    func golden(name: String) throws {
        let test = try ExportCase()
        let folder = "\(ExportCase.shared)/\(name)"
        let info = try JSONValue(contentsOf: folder + "/case.json")
        let base = try #require(info["base"]?.string)
        let tolerance = Float(try #require(info["tolerance"]?["final_abs"]?.double))
        try test.model("\(folder)/\(base)", adapter: folder + "/adapter_final")
            .export(to: test.folder + "/a", format: .huggingFace, type: .f32)
        let found = try test.model(test.folder + "/a").mergedValues()
        let wanted: [SafetensorsTensor]
        if Folder.isFolder(folder + "/merged") {
            wanted = try SafetensorsFolder(folder + "/merged").tensors
        } else {
            wanted = try SafetensorsFile(folder + "/merged_changed.safetensors").tensors
        }
        #expect(!wanted.isEmpty)
        for tensor in wanted {
            let values = tensor.file.withBytes(tensor.offset..<tensor.offset + tensor.byteCount) {
                bytes in
                (0..<bytes.byteCount / 4).map {
                    unsafe bytes.unsafeLoadUnaligned(fromByteOffset: $0 * 4, as: Float.self)
                }
            }
            expectClose(
                try #require(found[tensor.name]), values, within: tolerance, tensor.name)
        }
    }
}
