/// How finely products read activations when a model generates.
///
/// Losses, perplexities, teachers' logits and all that compares models round to nothing but their
/// precision. Whoever has a model answer, evaluation too, takes words; bytes are asked for by name.
public enum GenerationRounding: Sendable {
    /// Few rows on quantized blocks in 16 bits, with a scale for every 32 values: finer than bf16.
    case words
    /// Besides, many rows in 8 bits: prompts.
    case bytes
}
