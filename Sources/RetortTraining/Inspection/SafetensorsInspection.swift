import RetortFiles
import RetortModels

/// A safetensors file: its header, and when verifying all values.
enum SafetensorsInspection: InspectedKind {
    static func recognizes(_ target: InspectionTarget) -> Bool {
        // The header's length in eight bytes, far below 2⁴⁰, then its brace.
        target.isFile(named: ".safetensors") || target.begins(with: [0, 0, 0, 0x7b], at: 5)
    }

    static func inspect(_ target: InspectionTarget) throws -> InspectionReport {
        let file = try SafetensorsFile(target.path)
        let tensors = file.tensors.map(StoredTensor.init)
        if target.verifies {
            let kernels = try target.kernels()
            for tensor in tensors { try tensor.checkValues(kernels) }
        }
        var sheet = FactSheet(kind: "safetensors", title: "Safetensors file \(target.path)")
        sheet.add("size", Humanized.bytes(file.file.size), ("bytes", .integer(file.file.size)))
        sheet.add(safetensors: file.metadata)
        sheet.add(tensors: tensors)
        if target.verifies { sheet.addVerified("the header and every value") }
        return InspectionReport(sheet)
    }
}

extension FactSheet {
    /// Adds the texts in a safetensors header.
    mutating func add(safetensors metadata: [(key: String, value: String)]) {
        guard !metadata.isEmpty else { return }
        add(
            "metadata", metadata.map { "\($0.key) = \($0.value)" }.joined(separator: ", "),
            ("metadata", .object(JSONObject(metadata.map { ($0.key, .string($0.value)) }))))
    }

    /// Adds that everything was read and is right.
    mutating func addVerified(_ what: String) {
        add("verified", what, ("verified", .bool(true)))
    }
}
