import RetortFiles
import RetortTensor

/// Writes the adapter alone, as llama.cpp loads it beside a GGUF base.
///
/// llama.cpp scales each product by `alpha / rank`, with one alpha for the file and the rank of the
/// tensor; what a module's scale is apart from that goes into its B.
struct LoRAExport {
    let model: Model

    func write(to path: String, _ progress: (Double) -> Void) throws -> ExportReport {
        guard let configuration = model.decoder.adapterConfiguration else {
            throw ExportError.noAdapter(path: model.path)
        }
        // 0 would mean to llama.cpp that there is no alpha.
        let alpha = Float(configuration.alpha) == 0 ? 1 : Float(configuration.alpha)
        let staged = try StagedFile(path)
        try staged.write { try write(to: $0, alpha: alpha) }
        progress(0.5)
        try ExportCheck(model: model).compareAdapter(staged.stagedPath, shown: path)
        let size = try MappedFile(staged.stagedPath).size
        try staged.finish()
        progress(1)
        return ExportReport(path: path, byteCount: size, notes: [])
    }

    private func write(to path: String, alpha: Float) throws {
        let tensors = model.modelTensors().filter { $0.adapter != nil }
        var metadata = GGUFMetadata()
        metadata["general.architecture"] = .string(model.family.modelTypes.first ?? "")
        metadata["general.type"] = .string("adapter")
        metadata["adapter.type"] = .string("lora")
        metadata["adapter.lora.alpha"] = .float32(alpha)
        metadata["general.file_type"] = .uint32(0)
        var parts: [(name: String, tensor: Tensor)] = []
        for tensor in tensors {
            guard let adapter = tensor.adapter else { continue }
            let usual = alpha / Float(adapter.a.value.rowCount)
            parts.append((tensor.ggufName + ".lora_a", adapter.a.value))
            parts.append(
                (tensor.ggufName + ".lora_b", outputs(adapter, tensor.ggufOrder, usual)))
        }
        var writer = try GGUFWriter(
            path, metadata: metadata,
            parts.map {
                GGUFEntry($0.name, .f32, dimensions: [$0.tensor.rowCount, $0.tensor.columnCount])
            })
        for (name, tensor) in parts {
            try writer.append(
                model.decoder.workspace.kernels.storedRows(
                    tensor.matrix, (0..<Int32(tensor.rowCount)).map { $0 }), to: name)
        }
        _ = try writer.finish()
    }

    /// B with its rows in the base's order, times what the scale has beyond the usual.
    private func outputs(_ adapter: LowRankAdapter, _ order: [Int32]?, _ usual: Float) -> Tensor {
        let workspace = model.decoder.workspace
        var b = adapter.b.value
        if let order {
            b = workspace.tensor(b.rowCount, b.columnCount)
            workspace.kernels.gather(adapter.b.value.matrix, order, into: b.rows)
        }
        return usual == adapter.scale ? b : b.scaled(by: adapter.scale / usual, in: workspace)
    }
}
