import RetortFiles
import RetortKernels
import RetortTensor

/// Reads an export again and compares it with the model that it was made of.
struct ExportCheck {
    let model: Model

    /// Compares a written model: what it computes, and every value within its type's error.
    ///
    /// - Parameters:
    ///   - written: The file or folder where it lies now.
    ///   - shown: What errors call it.
    ///   - tensors: What was written, and in which format.
    ///   - progress: Counts the values compared.
    /// - Returns: The part of the adapter's change that rounding to blocks kept; nil where nothing was
    ///   merged into blocks.
    /// - Throws: ``ExportError``, or why it cannot be opened.
    @discardableResult
    func compareModel(
        _ written: String, shown: String, _ tensors: [(tensor: ModelTensor, format: StorageFormat)],
        _ progress: inout ExportProgress
    ) throws -> Double? {
        var change = MergedChange()
        let workspace = model.decoder.workspace, kernels = workspace.kernels
        let again = try Model(written, kernels: kernels, precision: .float32)
        if let key = difference(model.description, again.description) {
            throw ExportError.configurationDiffers(path: shown, key: key)
        }
        let found = again.modelTensors()
        guard found.count == tensors.count else {
            throw ExportError.configurationDiffers(path: shown, key: "list of tensors")
        }
        for ((tensor, format), other) in zip(tensors, found) {
            guard tensor.huggingFaceName == other.huggingFaceName, tensor.shape == other.shape
            else {
                throw ExportError.configurationDiffers(path: shown, key: tensor.huggingFaceName)
            }
            if tensor.adapter != nil, !format.isFloat {
                change.add(tensor, other, in: workspace)
            }
            // Rows that were copied as they lay must be the same.
            let format = tensor.isStored(as: format) ? .f32 : format
            try tensor.forEachPart { first, rows in
                let place = kernels.firstDifference(
                    tensor.values(rows, in: workspace).rows,
                    other.values(rows, in: workspace).rows, storedAs: format,
                    near: tensor.ditherBase(rows, as: format, in: workspace))
                if let place {
                    throw ExportError.valueDiffers(
                        path: shown, tensor: tensor.huggingFaceName, row: first + place.row,
                        column: place.column)
                }
                progress.add(rows.count * tensor.columnCount)
            }
        }
        return change.kept
    }

    /// What two descriptions say differently, as far as both formats can say it.
    private func difference(_ left: DecoderDescription, _ right: DecoderDescription) -> String? {
        func plain(_ description: DecoderDescription) -> DecoderDescription {
            var description = description
            for index in description.layers.indices {
                description.layers[index].attention.rotary = nil
            }
            return description
        }
        if plain(left) != plain(right) { return "configuration" }
        let length = left.maximumPosition
        for (one, other) in zip(left.layers, right.layers) {
            guard let one = one.attention.rotary, let other = other.attention.rotary else {
                if one.attention.rotary == nil, other.attention.rotary == nil { continue }
                return "rotary embedding"
            }
            let isSame =
                abs(one.magnitude - other.magnitude) <= 1e-6 * one.magnitude
                && one.rotatedSize == other.rotatedSize
                && zip(one.frequencies(batchLength: length), other.frequencies(batchLength: length))
                    .allSatisfy { abs($0 - $1) <= 1e-5 * abs($0) }
            if !isSame { return "rotary embedding" }
        }
        return nil
    }

    /// Compares a written adapter, PEFT's or llama.cpp's, with the one beside the model.
    func compareAdapter(_ written: String, shown: String) throws {
        let workspace = model.decoder.workspace
        let again = try model.reopened()
        _ = try again.decoder.loadAdapter(written, family: again.family)
        for (layer, other) in zip(model.decoder.linearLayers, again.decoder.linearLayers) {
            func differs(_ part: String) -> ExportError {
                .configurationDiffers(path: shown, key: "\(layer.name).\(part)")
            }
            guard let one = layer.adapter, let two = other.adapter else {
                if layer.adapter == nil, other.adapter == nil { continue }
                throw differs("adapter")
            }
            guard one.a.value.values == two.a.value.values else { throw differs("lora_A") }
            let left = one.b.value.scaled(by: one.scale, in: workspace).values
            let right = two.b.value.scaled(by: two.scale, in: workspace).values
            let isSame =
                left.count == right.count
                && zip(left, right).allSatisfy { abs($0 - $1) <= 1e-5 * abs($0) + 1e-37 }
            guard isSame else { throw differs("lora_B") }
        }
    }
}

/// How much of an adapter's change is left after rounding: `Σ found · Δ / Σ Δ²`.
///
/// Δ is the change, `found` what the written weights differ from the base. It is 1 if rounding is fair, and near 0
/// if the change is too small for the blocks' steps and every weight falls back to where it was.
private struct MergedChange {
    private var found = 0.0
    private var wanted = 0.0

    var kept: Double? { wanted > 0 ? found / wanted : nil }

    /// Counts the first rows of a matrix, about a million values.
    mutating func add(_ tensor: ModelTensor, _ written: ModelTensor, in workspace: Workspace) {
        let count = min(tensor.rowCount, max(1, (1 << 20) / max(1, tensor.columnCount)))
        let rows = (0..<Int32(count)).map { $0 }
        let base = tensor.baseValues(rows, in: workspace).values
        let merged = tensor.values(rows, in: workspace).values
        let result = written.values(rows, in: workspace).values
        for index in base.indices {
            let change = Double(merged[index] - base[index])
            wanted += change * change
            found += Double(result[index] - base[index]) * change
        }
    }
}
