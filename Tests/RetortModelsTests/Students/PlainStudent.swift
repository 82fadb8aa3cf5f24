import RetortFiles
import RetortTensor
import Testing

@testable import RetortModels

/// A student made the plain way: every tensor is copied value by value into a folder of its own.
struct PlainStudent {
    var layers: [Int]
    var hidden: [Int]?
    var heads: [KeptHeads]?
    var inner: [[Int]]?

    init(layers: [Int]) { self.layers = layers }

    init(_ plan: StudentPlan) {
        layers = plan.layers
        (hidden, heads, inner) = (plan.hidden, plan.heads, plan.inner)
    }

    /// Writes the student of a model and opens it.
    func model(of model: Model, in test: ExportCase) throws -> Model {
        let workspace = model.decoder.workspace
        let headSize = model.description.layers[0].attention.headSize
        var tensors: [NamedTensor] = []
        for tensor in model.modelTensors() {
            var parts = tensor.huggingFaceName.split(separator: ".").map(String.init)
            var layer = 0
            if parts.count > 3, let number = Int(parts[2]) {
                guard let place = layers.firstIndex(of: number) else { continue }
                parts[2] = "\(place)"
                layer = place
            }
            let module = parts[parts.count - 2]
            let queries = heads?[layer].queries, groups = heads?[layer].keyValues
            func values(_ heads: [Int]?) -> [Int]? {
                heads.map { $0.flatMap { Array($0 * headSize..<($0 + 1) * headSize) } }
            }
            let rows: [Int]? =
                switch module {
                case "q_proj": values(queries)
                case "k_proj", "v_proj": values(groups)
                case "gate_proj", "up_proj": inner?[layer]
                case "o_proj", "down_proj", "norm": hidden
                case let name where name.hasSuffix("layernorm"): hidden
                default: nil
                }
            let columns: [Int]? =
                switch module {
                case _ where !tensor.isMatrix: nil
                case "o_proj": values(queries)
                case "down_proj": inner?[layer]
                default: hidden
                }
            let all = tensor.values((0..<Int32(tensor.rowCount)).map { $0 }, in: workspace)
            let ownRows = rows ?? Array(0..<tensor.rowCount)
            let ownColumns = columns ?? Array(0..<tensor.columnCount)
            let kept = ownRows.flatMap { row in ownColumns.map { all[row, $0] } }
            tensors.append(
                NamedTensor(
                    parts.joined(separator: "."),
                    workspace.tensor(kept, rows: ownRows.count, columns: ownColumns.count),
                    shape: tensor.isMatrix ? [ownRows.count, ownColumns.count] : [ownRows.count]))
        }
        let path = "\(test.folder)/plain"
        try Folder.create(path)
        try writeTensors(tensors, to: path + "/model.safetensors")
        try AtomicFile.write(
            Array(JSONValue.object(try configuration(of: model)).serialized().utf8),
            to: path + "/config.json")
        let student = try test.model(path)
        #expect(student.unexpectedTensors.isEmpty)
        return student
    }

    private func configuration(of model: Model) throws -> JSONObject {
        var config = try model.huggingFaceConfiguration(.f32)
        config["num_hidden_layers"] = .integer(layers.count)
        config["head_dim"] = .integer(model.description.layers[0].attention.headSize)
        if let hidden { config["hidden_size"] = .integer(hidden.count) }
        if let inner { config["intermediate_size"] = .integer(inner[0].count) }
        if let heads {
            config["num_attention_heads"] = .integer(heads[0].queries.count)
            config["num_key_value_heads"] = .integer(heads[0].keyValues.count)
        }
        return config
    }
}

extension ExportCase {
    /// Writes a model of a folder again with other values; names are those of Hugging Face.
    func changed(
        _ model: Model, to name: String,
        _ change: (_ name: String, _ row: Int, _ column: Int, Float) -> Float
    ) throws -> Model {
        let workspace = model.decoder.workspace
        let tensors = model.modelTensors().map { tensor in
            let all = tensor.values((0..<Int32(tensor.rowCount)).map { $0 }, in: workspace)
            let values = (0..<tensor.rowCount).flatMap { row in
                (0..<tensor.columnCount).map {
                    change(tensor.huggingFaceName, row, $0, all[row, $0])
                }
            }
            return NamedTensor(
                tensor.huggingFaceName,
                workspace.tensor(values, rows: tensor.rowCount, columns: tensor.columnCount),
                shape: tensor.shape)
        }
        let path = "\(folder)/\(name)"
        try Folder.create(path)
        try writeTensors(tensors, to: path + "/model.safetensors")
        let config = JSONValue.object(try model.huggingFaceConfiguration(.f32)).serialized()
        try AtomicFile.write(Array(config.utf8), to: path + "/config.json")
        return try self.model(path)
    }
}

/// Documents of ids below 90.
let calibration: [[Int32]] = [24, 1, 9, 17].enumerated().map { number, length in
    (0..<length).map { Int32((number * 31 + $0 * 17 + $0 * $0) % 89 + 1) }
}
