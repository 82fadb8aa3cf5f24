import RetortTraining

/// Recipes as users write them.
enum RecipeSamples {
    /// With every section.
    static let full = """
        task: sft
        output_dir: Checkpoints/smart-home
        seed: 42
        model:
          path: Checkpoints/SmolLM2-135M-Instruct.Q4_1.gguf
        adapter:
          type: lora
          rank: 16
          alpha: 32
          dropout: 0.0
          target_modules: [q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj]
        data:
          train: Datasets/smart-home/train.jsonl
          validation: Datasets/smart-home/test.jsonl
          format: messages          # {"messages":[{"role","content"}, ...]}; also: text, tokens
          max_length: 512
          overlength: error         # error | drop | truncate
          packing: true
          train_on: assistant       # loss on assistant tokens only
        training:
          epochs: 2                 # or max_steps
          batch_size: 2             # rows of max_length tokens when packing
          gradient_accumulation_steps: 1
          max_grad_norm: 1.0        # null: no clipping
          precision: auto           # auto | float32 | bfloat16
          gradient_checkpointing: false
          shuffle: true
        optimizer:
          name: adamw               # adamw | sgd (with momentum)
          learning_rate: 1.0e-3
          weight_decay: 0.01        # on every trained tensor
          betas: [0.9, 0.999]
          epsilon: 1.0e-8
        schedule:
          name: cosine              # cosine | linear | constant
          warmup_ratio: 0.03        # or warmup_steps
        checkpoint:
          every_steps: 50
          keep: 2
        logging:
          every_steps: 1

        """

    /// With no key that has a default.
    static let short = """
        task: sft
        output_dir: run
        model:
          path: m.gguf
        data:
          train: t.jsonl

        """

    /// Reads a recipe as `r.yaml`.
    static func read(_ text: String, overrides: [String] = []) throws -> Recipe {
        try Recipe(yaml: Array(text.utf8), file: "r.yaml", overrides: overrides)
    }
}
