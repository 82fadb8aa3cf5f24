/// How finely products read activations when a model generates.
///
/// Training, evaluation and everything that compares models round to nothing but their precision.
public enum GenerationRounding: Sendable {
    /// Few rows on quantized blocks in 16 bits, with a scale for every 32 values: finer than bf16.
    case words
    /// Besides, many rows in 8 bits: prompts.
    case bytes
}
