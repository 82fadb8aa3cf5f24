import Foundation
import RetortFiles
import RetortKernels
import RetortModels
import RetortTensor
import Testing

@testable import RetortTraining

/// Students, teachers, data and recipes of whole runs that are small enough for a debug build.
struct DistillationWork {
    /// The tiny model of the repository.
    static let tiny = TargetWork.tiny
    let folder: TestFolder
    /// Four short conversations of the smart-home data.
    let data: String
    var output: String { folder.path("run") }

    init() throws {
        folder = try TestFolder()
        let file = try JSONLinesFile(Self.tiny + "/../../Datasets/smart-home/train.jsonl")
        let lines = (0..<100).map { String(decoding: file.bytes($0), as: UTF8.self) + "\n" }
        let shortest = lines.sorted { ($0.utf8.count, $0) < ($1.utf8.count, $1) }.prefix(4)
        data = try folder.write(shortest.joined(), to: "data.jsonl")
    }

    /// A student or teacher of a quarter of the tiny model's width.
    static let small = TinyModel(
        hidden: 32, heads: 4, groups: 2, headSize: 8, inner: 48, vocabulary: 512, isTied: true)

    /// A Llama with random weights that reads with the tiny model's tokenizer.
    func model(
        _ name: String, _ sizes: TinyModel = small, seed: UInt64 = 5
    ) throws -> String {
        let path = try folder.writeModel(sizes, to: name, seed: seed)
        for file in ["tokenizer.json", "tokenizer_config.json"] {
            try AtomicFile.write(
                try MappedFile("\(Self.tiny)/\(file)").contents, to: "\(path)/\(file)")
        }
        return path
    }

    /// A Llama that reads with another tokenizer and template.
    func foreignModel(_ name: String, tokenizer: String = "bpe_smollm") throws -> String {
        let path = try folder.writeModel(
            TinyModel(
                hidden: 32, heads: 4, groups: 2, headSize: 8, inner: 48, vocabulary: 1203),
            to: name, seed: 6)
        try AtomicFile.write(
            try MappedFile("\(fixtures)/tokenizers/\(tokenizer)/tokenizer.json").contents,
            to: path + "/tokenizer.json")
        let template = """
            {%- for message in messages -%}({{ message.role }}) {{ message.content }}\
            <|im_end|>{%- endfor -%}{%- if add_generation_prompt -%}(assistant) {%- endif -%}
            """
        let configuration = JSONObject([
            ("eos_token", .string("<|im_end|>")), ("chat_template", .string(template)),
        ])
        try AtomicFile.write(
            Array(JSONValue.object(configuration).serialized().utf8),
            to: path + "/tokenizer_config.json")
        return path
    }

    /// A file of a teacher's targets for the data.
    func targets(
        _ teacher: String, _ mode: SoftTargetMode, tokens: DistilledTokens = .supervised,
        to name: String = "targets.h5", data: DataRecipe? = nil
    ) throws -> String {
        var recipe = data ?? DataRecipe()
        if recipe.train.isEmpty { recipe.train = self.data }
        let kernels = try #require(Kernels(threads: 2))
        let model = try Model(teacher, kernels: kernels, precision: .float32)
        _ = try TargetCaching(
            model, data: recipe, mode: mode, tokens: tokens, output: folder.path(name)
        ).run()
        return folder.path(name)
    }

    /// A recipe of four steps, saved after every second, but for the sections given.
    func recipe(_ sections: [String], set overrides: [String] = []) throws -> Recipe {
        let standard = [
            "task: distill", "output_dir: \(output)", "seed: 3",
            "data: {train: \(data), max_length: 256, packing: false}",
            "training: {max_steps: 4, batch_size: 1, gradient_accumulation_steps: 2, "
                + "precision: float32}",
            "optimizer: {learning_rate: 2.0e-3}", "schedule: {name: constant, warmup_steps: 0}",
            "checkpoint: {every_steps: 2, keep: 10}",
        ]
        func key(_ section: String) -> Substring { section.prefix { $0 != ":" } }
        let own = Set(sections.map(key))
        let lines = standard.filter { !own.contains(key($0)) } + sections
        return try Recipe(
            yaml: Array(lines.joined(separator: "\n").utf8), file: "r.yaml", overrides: overrides)
    }

    /// Reads what a run needs.
    func run(_ recipe: Recipe, threads: Int = 2) throws -> TrainingRun {
        try TrainingRun(recipe, kernels: try #require(Kernels(threads: threads)))
    }

    /// The files of the last checkpoint and of the result.
    func result(_ recipe: Recipe) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for folder in [Checkpoint.name(4), recipe.adapter == nil ? "model" : "adapter"] {
            for name in try Folder.names(in: recipe.outputDir + "/" + folder) {
                files[folder + "/" + name] =
                    try MappedFile("\(recipe.outputDir)/\(folder)/\(name)").contents
            }
        }
        return files
    }

    /// Takes back all that came after the second step, as if the program had been killed then.
    func cut(_ recipe: Recipe) throws {
        try Folder.remove("\(recipe.outputDir)/\(Checkpoint.name(4))")
        try Folder.remove(recipe.outputDir + (recipe.adapter == nil ? "/model" : "/adapter"))
    }

    /// The lines of the metrics, without times and memory.
    func metrics(_ recipe: Recipe) throws -> [[String: JSONValue]] {
        let changing = ["seconds", "tokens_per_second", "peak_rss_mib"]
        return try MappedFile(recipe.outputDir + "/metrics.jsonl").contents
            .split(separator: UInt8(ascii: "\n")).map { line in
                let object = try #require(try JSONParser.parse(Array(line)).object)
                let members = object.members.filter { !changing.contains($0.key) }
                return Dictionary(uniqueKeysWithValues: members.map { ($0.key, $0.value) })
            }
    }

    /// Expects a loss in every line of the metrics that is the weighted sum of its parts.
    func expectParts(_ recipe: Recipe) throws {
        let section = try #require(recipe.distillation)
        var weights = [
            "hard_loss": 1 - section.alpha,
            "soft_loss": section.alpha * section.temperature * section.temperature,
        ]
        weights["hidden_loss"] = section.hiddenStates?.weight
        weights["attention_loss"] = section.attention?.weight
        let lines = try metrics(recipe)
        #expect(lines.count == 4)
        for line in lines {
            #expect(Set(line.keys.filter { $0.hasSuffix("_loss") }) == Set(weights.keys))
            var sum = 0.0
            for (name, weight) in weights {
                let part = try #require(line[name]?.double)
                #expect(part.isFinite && part >= 0)
                sum += weight * part
            }
            let loss = try #require(line["loss"]?.double)
            #expect(abs(loss - sum) <= 1e-9 * sum)
            #expect(try #require(line["grad_norm"]?.double) > 0)
        }
    }
}
