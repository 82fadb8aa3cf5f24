import RetortFiles
import RetortKernels
import RetortModels
import Testing

@testable import RetortTraining

/// A training that PEFT ran, step by step; see the README of the golden trainings.
struct AdapterGolden: Sendable, CustomTestStringConvertible {
    let path: String
    var testDescription: String {
        path.split(separator: "/").suffix(3).joined(separator: "/")
    }

    struct NoCases: Error {}

    /// The cases kept in this repository.
    static func fixtures() throws -> [AdapterGolden] {
        try cases(RetortTrainingTests.fixtures + "/peft")
    }

    /// All cases of what Retort trains, outside the repository.
    static func shared() throws -> [AdapterGolden] {
        guard hasShared else { return [] }
        return try ["peft", "more/peft"].flatMap {
            try cases("\(RetortTrainingTests.shared)/\($0)")
        }
    }

    private static func cases(_ folder: String) throws -> [AdapterGolden] {
        let cases = try Folder.names(in: folder).sorted()
            .map { AdapterGolden(path: "\(folder)/\($0)") }.filter(\.isPlain)
        guard !cases.isEmpty else { throw NoCases() }
        return cases
    }

    /// Whether it is LoRA on linear layers, or all weights, with one rate.
    private var isPlain: Bool {
        let others = [
            "bias_lora_only", "combine", "distill_", "dora", "lora_embed_head", "lora_plus",
            "modules_to_save", "bias_all", "ia3", "lora_b_bias", "lora_mixtral_experts", "pissa",
            "prefix_tuning", "prompt_tuning", "vera",
        ]
        let name = path.split(separator: "/").last ?? ""
        return Folder.exists(path + "/case.json") && !others.contains { name.hasPrefix($0) }
    }

    var description: JSONValue {
        get throws { try JSONValue(contentsOf: path + "/case.json") }
    }

    func tolerance(_ name: String) throws -> Double {
        try #require(try description["tolerance"]?[name]?.double)
    }

    func session() throws -> TrainingSession {
        let kernels = try #require(Kernels(threads: 2))
        let description = try description
        let base = try #require(description["base"]?.string)
        let model = try Model("\(path)/\(base)", kernels: kernels, precision: .float32)
        return try TrainingSession(try recipe(), model: model)
    }

    /// The case's settings as a recipe.
    func recipe() throws -> Recipe {
        let description = try description
        var recipe = Recipe()
        recipe.training.precision = .float32
        if description["adapter"] != .null {
            var adapter = AdapterRecipe()
            adapter.initialAdapter = path + "/adapter_init"
            recipe.adapter = adapter
        }
        recipe.training.maxGradNorm = description["clip_norm"]?.double
        let optimizer = try #require(description["optimizer"]?.object)
        func number(_ key: String) -> Double? { optimizer[key]?.double }
        recipe.optimizer.name = optimizer["name"]?.string == "sgd" ? .sgd : .adamw
        recipe.optimizer.learningRate = try #require(number("lr"))
        recipe.optimizer.weightDecay = try #require(number("weight_decay"))
        recipe.optimizer.noDecay =
            (description["no_decay"] ?? optimizer["no_decay"])?.array?.compactMap(\.string) ?? []
        if let betas = optimizer["betas"]?.array?.compactMap(\.double), betas.count == 2 {
            recipe.optimizer.betas = MomentDecay(betas[0], betas[1])
        }
        recipe.optimizer.epsilon = number("eps") ?? 1e-8
        recipe.optimizer.momentum = number("momentum") ?? 0
        recipe.optimizer.nesterov = optimizer["nesterov"]?.bool ?? false
        return recipe
    }

    /// The micro-batches of every update; tokens whose mask is 0 are left out.
    func steps() throws -> [[Batch]] {
        let steps = try JSONValue(contentsOf: path + "/batches.json")["steps"]?.array ?? []
        return try steps.map { step in
            try (step["micro"]?.array ?? []).map { micro in
                func rows(_ key: String) throws -> [[Int]] {
                    try #require(micro[key]?.array).map { $0.array?.compactMap(\.integer) ?? [] }
                }
                let ids = try rows("input_ids"), labels = try rows("labels")
                let masks = try rows("attention_mask")
                return Batch(
                    ids.indices.map { row in
                        let kept = masks[row].indices.filter { masks[row][$0] == 1 }
                        return TrainingExample(
                            ids: kept.map { Int32(ids[row][$0]) },
                            labels: kept.map { Int32(labels[row][$0]) }, line: row + 1)
                    })
            }
        }
    }

    /// Loss, norm, rate and tokens of every update.
    func trajectory() throws -> [JSONValue] {
        try #require(try JSONValue(contentsOf: path + "/trajectory.json")["steps"]?.array)
    }

    /// The f32 tensors of a file by name, or nil if it is not there.
    func tensors(_ name: String) throws -> [String: [Float]]? {
        guard Folder.exists("\(path)/\(name)") else { return nil }
        let file = try SafetensorsFile("\(path)/\(name)")
        return Dictionary(
            uniqueKeysWithValues: file.tensors.map { tensor in
                (
                    tensor.name,
                    tensor.withBytes { bytes in
                        stride(from: 0, to: bytes.byteCount, by: 4).map {
                            bytes.unsafeLoadUnaligned(fromByteOffset: $0, as: Float.self)
                        }
                    }
                )
            })
    }
}
