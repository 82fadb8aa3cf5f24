import RetortModels
import Testing

@testable import RetortTraining

@Suite("Operations of training")
struct TrainingOperationsTests {
    /// SmolLM2-135M, whose operations are counted by hand in the performance page.
    private let smolLM2: DecoderDescription

    init() throws {
        let folder = try TestFolder()
        _ = try folder.write(
            """
            {"model_type": "llama", "hidden_size": 576, "num_hidden_layers": 30,
             "num_attention_heads": 9, "num_key_value_heads": 3, "intermediate_size": 1536,
             "vocab_size": 49152, "max_position_embeddings": 8192, "rms_norm_eps": 1e-5,
             "hidden_act": "silu", "tie_word_embeddings": true}
            """, to: "config.json")
        smolLM2 = try Model.describe(
            ModelFiles(folder.path, initialization: .random(seed: 1))
        ).description
    }

    private func millions(_ operations: Double) -> Double { (operations / 1e4).rounded() / 100 }

    @Test("are those of the arithmetic on paper")
    func numbers() {
        let operations = TrainingOperations(description: smolLM2, length: 512)
        #expect(millions(operations.forward) == 286.69)
        #expect(millions(operations.adapter(rank: 16, checkpointing: false)) == 619.31)
        #expect(millions(operations.adapter(rank: 16, checkpointing: true)) == 859.14)
        #expect(millions(operations.full(checkpointing: false)) == 860.07)
    }

    @Test("a window bounds what attention costs")
    func window() {
        func forward(window: Int?, length: Int) -> Double {
            var description = smolLM2
            for index in description.layers.indices {
                description.layers[index].attention.window = window
            }
            let all = TrainingOperations(description: description, length: length)
            let none = 2.0 * (106_168_320 + 28_311_552)
            return all.forward - none
        }
        let perPair = 30.0 * 4 * 576
        #expect(forward(window: nil, length: 4) == perPair * 10 / 4)
        #expect(forward(window: 4, length: 4) == perPair * 10 / 4)
        // 1, 2, 2, 2 keys.
        #expect(forward(window: 2, length: 4) == perPair * 7 / 4)
        #expect(forward(window: 9, length: 4) == perPair * 10 / 4)
    }
}
