import RetortFiles
import RetortModels

extension FactSheet {
    /// Adds what a file's tensors are: how many of which type, and a table of them.
    ///
    /// - Parameter tensors: In the order of the file.
    mutating func add(tensors: [StoredTensor]) {
        let values = tensors.reduce(0) { $0 + $1.valueCount }
        let bytes = tensors.reduce(0) { $0 + $1.byteCount }
        add(
            "parameters",
            "\(Humanized.count(values)) in \(Humanized.count(tensors.count)) tensors, "
                + Humanized.bytes(bytes),
            ("parameters", .integer(values)), ("tensor_count", .integer(tensors.count)),
            ("tensor_bytes", .integer(bytes)))
        let types = TypeCount.all(tensors)
        add(
            "types",
            types.map {
                "\($0.name) \(Humanized.bytes($0.bytes)) in \(Humanized.count($0.tensors))"
            }.joined(separator: ", "),
            ("types", .object(JSONObject(types.map { ($0.name, $0.json) }))))
        add(
            "tensors",
            .array(
                tensors.map {
                    .object(
                        JSONObject([
                            ("name", .string($0.name)), ("type", .string($0.typeName)),
                            ("shape", .array($0.shape.map(JSONValue.integer))),
                            ("bytes", .integer($0.byteCount)),
                        ]))
                }))
        add(
            table: ["tensor", "type", "shape ", "size "],
            tensors.map {
                [
                    $0.name, $0.typeName, $0.shape.map(String.init).joined(separator: " × "),
                    Humanized.bytes($0.byteCount),
                ]
            }, limit: 24)
    }
}

extension StoredTensor {
    /// How many values it has; the readers have checked that they can be counted.
    var valueCount: Int { shape.product() ?? 0 }
}

/// The tensors of one type.
private struct TypeCount {
    let name: String
    var tensors = 0
    var values = 0
    var bytes = 0

    /// The types of some tensors, the largest first.
    static func all(_ tensors: [StoredTensor]) -> [TypeCount] {
        var counts: [String: TypeCount] = [:]
        for tensor in tensors {
            counts[tensor.typeName, default: TypeCount(name: tensor.typeName)].add(tensor)
        }
        return counts.values.sorted { ($0.bytes, $1.name) > ($1.bytes, $0.name) }
    }

    private mutating func add(_ tensor: StoredTensor) {
        tensors += 1
        values += tensor.valueCount
        bytes += tensor.byteCount
    }

    var json: JSONValue {
        .object(
            JSONObject([
                ("tensors", .integer(tensors)), ("parameters", .integer(values)),
                ("bytes", .integer(bytes)),
            ]))
    }
}
