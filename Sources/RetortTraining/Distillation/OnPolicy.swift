import RetortModels
import RetortTensor

/// Answers that the student gives itself, for the teacher to score (GKD, arXiv:2306.13649).
///
/// Which examples are answered, and how, follows from seed, step and the student's weights alone.
struct OnPolicy {
    private let recipe: OnPolicyRecipe
    private let generator: Generator
    private let endTokens: Set<Int>
    private let stream: RandomStream

    init(_ recipe: OnPolicyRecipe, student: Model, endTokens: Set<Int>, seed: Int) {
        self.endTokens = endTokens
        self.recipe = recipe
        generator = Generator(student)
        stream = RandomStream(seed: UInt64(seed), .onPolicy)
    }

    /// Replaces the answers of some examples by the student's own, which have no labels.
    ///
    /// - Parameters:
    ///   - batches: Of the step.
    ///   - step: From 0.
    /// - Returns: The batches to learn from.
    /// - Throws: ``GenerationError``.
    func answered(_ batches: [Batch], step: Int) throws -> [Batch] {
        try batches.enumerated().map { micro, batch in
            let stream = stream[step][micro]
            var examples = batch.examples
            var answers: [Int: Range<Int>] = [:]
            let chosen = examples.indices.filter {
                stream.uniform($0) < recipe.fraction && examples[$0].promptLength > 0
            }
            guard !chosen.isEmpty else { return batch }
            var options = Generator.Options()
            options.maximumTokens = recipe.maxTokens
            options.endTokens = endTokens
            options.sampling.temperature = recipe.temperature
            options.sampling.seed = stream.bits(examples.count)
            let prompts = chosen.map { index in
                Array(examples[index].ids.prefix(examples[index].promptLength))
            }
            for (index, answer) in zip(chosen, try generator.generate(prompts, options)) {
                let prompt = examples[index].promptLength
                examples[index].ids.replaceSubrange(prompt..., with: answer.map { Int32($0) })
                examples[index].labels = Array(
                    repeating: ignoredLabel, count: examples[index].ids.count)
                // From the prompt's last token, which the answer's first follows, to the end.
                answers[index] = prompt - 1..<examples[index].ids.count
            }
            return Batch(examples, answers: answers)
        }
    }
}
