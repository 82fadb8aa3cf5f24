import Foundation
import RetortFiles
import RetortKernels
import RetortModels
import RetortTensor
import Testing

@testable import RetortTraining

/// The folder of files that tests read.
let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures").path
/// The folder of all golden files, beside the package; not always there.
let shared = URL(filePath: fixtures).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "shared/goldens").path
/// Whether that folder is there.
let hasShared = Folder.exists(shared + "/README.md")

/// A folder that is removed when the test ends.
final class TestFolder {
    let path = FileManager.default.temporaryDirectory
        .appending(path: "retort-training-\(UUID().uuidString)").path

    init() throws { try Folder.create(path) }

    deinit { try? Folder.remove(path) }

    func path(_ name: String) -> String { path + "/" + name }

    func write(_ text: String, to name: String) throws -> String {
        try AtomicFile.write(Array(text.utf8), to: path(name))
        return path(name)
    }

    /// Lines of token ids with labels; the first two of each example are not trained.
    func writeTokens(_ lengths: [Int], vocabulary: Int, to name: String) throws -> String {
        var lines = ""
        for (number, length) in lengths.enumerated() {
            let ids = (0..<length).map { (number * 29 + $0 * 13 + $0 * $0 * number) % vocabulary }
            let labels = ids.enumerated().map { $0 < 2 ? -100 : $1 }
            lines += "{\"input_ids\": \(ids), \"labels\": \(labels)}\n"
        }
        return try write(lines, to: name)
    }

    /// Writes a Llama of these sizes with random weights.
    func writeModel(
        _ sizes: TinyModel, to name: String = "model", seed: UInt64 = 5
    ) throws -> String {
        let folder = path(name)
        try Folder.create(folder)
        let kernels = try #require(Kernels(threads: 1))
        let workspace = Workspace(kernels: kernels, activationType: .float32)
        var tensors: [NamedTensor] = []
        for (index, (name, shape)) in sizes.tensors.enumerated() {
            let stream = RandomStream(seed: seed, .initialization)[index]
            let isNorm = shape.count == 1
            let values = (0..<shape.reduce(1, *)).map {
                Float(isNorm ? 1 + 0.1 * stream.normal($0) : 0.15 * stream.normal($0))
            }
            let tensor = workspace.tensor(
                values, rows: isNorm ? 1 : shape[0], columns: shape[shape.count - 1])
            tensors.append(NamedTensor(name, tensor, shape: shape))
        }
        try writeTensors(tensors, to: folder + "/model.safetensors")
        try AtomicFile.write(Array(sizes.config.utf8), to: folder + "/config.json")
        return folder
    }
}

/// Sizes of a Llama that no file has: odd, prime, no multiple of anything.
struct TinyModel: Sendable {
    var hidden = 36
    var heads = 3
    var groups = 1
    var headSize = 12
    var inner = 50
    var vocabulary = 101
    var layers = 2
    var isTied = false

    var config: String {
        """
        {"model_type": "llama", "hidden_size": \(hidden), "num_hidden_layers": \(layers),
         "num_attention_heads": \(heads), "num_key_value_heads": \(groups),
         "head_dim": \(headSize), "intermediate_size": \(inner), "vocab_size": \(vocabulary),
         "max_position_embeddings": 256, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
         "hidden_act": "silu", "tie_word_embeddings": \(isTied)}
        """
    }

    var tensors: [(name: String, shape: [Int])] {
        var tensors = [("model.embed_tokens.weight", [vocabulary, hidden])]
        for layer in 0..<layers {
            let prefix = "model.layers.\(layer)."
            tensors += [
                (prefix + "input_layernorm.weight", [hidden]),
                (prefix + "self_attn.q_proj.weight", [heads * headSize, hidden]),
                (prefix + "self_attn.k_proj.weight", [groups * headSize, hidden]),
                (prefix + "self_attn.v_proj.weight", [groups * headSize, hidden]),
                (prefix + "self_attn.o_proj.weight", [hidden, heads * headSize]),
                (prefix + "post_attention_layernorm.weight", [hidden]),
                (prefix + "mlp.gate_proj.weight", [inner, hidden]),
                (prefix + "mlp.up_proj.weight", [inner, hidden]),
                (prefix + "mlp.down_proj.weight", [hidden, inner]),
            ]
        }
        tensors.append(("model.norm.weight", [hidden]))
        if !isTied { tensors.append(("lm_head.weight", [vocabulary, hidden])) }
        return tensors
    }
}

/// Examples whose first two tokens are not trained.
func examples(_ lengths: [Int], vocabulary: Int) -> [TrainingExample] {
    lengths.enumerated().map { number, length in
        let ids = (0..<length).map { Int32((number * 29 + $0 * 13 + $0 * $0) % vocabulary) }
        let labels = ids.enumerated().map { $0 < 2 ? -100 : $1 }
        return TrainingExample(ids: ids, labels: labels, line: number + 1)
    }
}
