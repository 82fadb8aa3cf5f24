import RetortFiles
import RetortKernels
import RetortModels

/// A checkpoint's folder: its manifest and state, and when verifying every sum and value.
enum CheckpointInspection: InspectedKind {
    static func recognizes(_ target: InspectionTarget) -> Bool {
        target.isFolder && Checkpoint(target.path) != nil
    }

    static func inspect(_ target: InspectionTarget) throws -> InspectionReport {
        guard let checkpoint = Checkpoint(target.path) else {
            throw InspectionError.unknownKind(path: target.path)
        }
        let manifest = try checkpoint.manifest()
        let state = try checkpoint.state()
        if target.verifies { try checkpoint.verify(manifest, kernels: target.kernels()) }
        var sheet = FactSheet(kind: "checkpoint", title: "Checkpoint \(target.path)")
        sheet.add(state)
        let files = manifest.entries
        let bytes = total(files.map(\.byteCount))
        let raw = total(files.map { $0.rawByteCount ?? $0.byteCount })
        sheet.add(
            "size",
            "\(Humanized.bytes(bytes)) in \(files.count) files, \(Humanized.bytes(raw)) unpacked",
            ("bytes", .integer(bytes)), ("raw_bytes", .integer(raw)))
        sheet.add(
            "tensors", Humanized.count(manifest.places.count),
            ("tensor_count", .integer(manifest.places.count)))
        sheet.add("files", .array(files.map(\.json)))
        sheet.add(
            table: ["file", "size ", "unpacked ", "sha256"],
            files.map {
                [
                    $0.name, Humanized.bytes($0.byteCount),
                    $0.rawByteCount.map(Humanized.bytes) ?? "", String($0.sum.prefix(16)) + "…",
                ]
            })
        if target.verifies { sheet.addVerified("every size, sum, tensor and value") }
        return InspectionReport(sheet)
    }
}

/// The sum of what a manifest claims; claims of more than fits are the largest number.
private func total(_ sizes: [Int]) -> Int {
    sizes.reduce(0) { sum, size in
        let (value, overflow) = sum.addingReportingOverflow(size)
        return overflow ? .max : value
    }
}

extension Checkpoint {
    /// Checks every file, one at a time, and that each tensor is a number in the shard that the
    /// manifest names.
    ///
    /// - Throws: ``CheckpointError``, ``ModelError`` or a format's error.
    fileprivate func verify(_ manifest: Manifest, kernels: Kernels) throws {
        var left = Set(manifest.places.map { ExactKey($0.tensor) })
        let places = Dictionary(
            manifest.places.map { (ExactKey($0.tensor), $0.shard) },
            uniquingKeysWith: { first, _ in first })
        for entry in manifest.entries {
            try check(entry)
            guard let shard = try shard(entry) else { continue }
            for tensor in shard.tensors {
                let name = ExactKey(tensor.name)
                guard places[name] == entry.name else {
                    throw CheckpointError.unlistedTensor(
                        path: "\(path)/\(entry.name)", tensor: tensor.name.printable)
                }
                left.remove(name)
                try StoredTensor(tensor).checkValues(kernels)
            }
        }
        if let lost = manifest.places.first(where: { left.contains(ExactKey($0.tensor)) }) {
            throw CheckpointError.missingTensor(path: path, tensor: lost.tensor.printable)
        }
    }
}

extension Checkpoint.Entry {
    fileprivate var json: JSONValue {
        .object(
            JSONObject([
                ("name", .string(name)), ("bytes", .integer(byteCount)),
                ("raw_bytes", rawByteCount.map(JSONValue.integer) ?? .null),
                ("sha256", .string(sum)),
            ]))
    }
}

extension FactSheet {
    /// Adds how far a run had come.
    fileprivate mutating func add(_ state: Checkpoint.State) {
        add("step", Humanized.count(state.step), ("step", .integer(state.step)))
        add(
            "seen",
            "\(Humanized.count(state.tokensSeen)) tokens, "
                + "\(Humanized.count(state.updateCount)) updates",
            ("tokens_seen", .integer(state.tokensSeen)),
            ("update_count", .integer(state.updateCount)))
        add(
            "best validation loss",
            state.bestValidationLoss.map { Humanized.fixed($0, 4) } ?? "not measured",
            ("best_validation_loss", state.bestValidationLoss.map(JSONValue.number) ?? .null))
        add("model_fingerprint", .string(state.modelFingerprint))
        add("data_fingerprint", .string(state.dataFingerprint))
    }
}
