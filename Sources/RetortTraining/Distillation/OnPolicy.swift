import RetortModels
import RetortTensor

/// Answers that the student gives itself, for the teacher to score (GKD, arXiv:2306.13649).
///
/// Which examples are answered, and how, follows from seed, step and the student's weights alone.
struct OnPolicy {
    private let recipe: OnPolicyRecipe
    private let generator: Generator
    private let endTokens: Set<Int>
    private let isKnown: (Int) -> Bool
    private let stream: RandomStream

    /// Prepares a student's answers.
    ///
    /// - Parameters:
    ///   - recipe: The section.
    ///   - student: Who answers.
    ///   - endTokens: What ends an answer.
    ///   - seed: Of the run.
    ///   - isKnown: Whether the teacher has a token.
    init(
        _ recipe: OnPolicyRecipe, student: Model, endTokens: Set<Int>, seed: Int,
        isKnown: @escaping (Int) -> Bool
    ) {
        self.endTokens = endTokens
        self.isKnown = isKnown
        self.recipe = recipe
        generator = Generator(student)
        stream = RandomStream(seed: UInt64(seed), .onPolicy)
    }

    /// Replaces the answers of some examples by the student's own, which have no labels.
    ///
    /// Random numbers are named by an example's place in the step, not in its batch.
    ///
    /// - Parameters:
    ///   - batches: Of the step.
    ///   - step: From 0.
    /// - Returns: The batches to learn from.
    /// - Throws: ``GenerationError``.
    func answered(_ batches: [Batch], step: Int) throws -> [Batch] {
        let choices = stream[step][0]
        var options = Generator.Options()
        options.maximumTokens = recipe.maxTokens
        options.endTokens = endTokens
        options.sampling.temperature = recipe.temperature
        options.sampling.seed = stream[step][1].bits(0)
        var first = 0
        return try batches.map { batch in
            let chosen = batch.examples.indices.filter {
                choices.uniform(first + $0) < recipe.fraction
                    && batch.examples[$0].promptLength > 0
            }
            first += batch.examples.count
            guard !chosen.isEmpty else { return batch }
            defer { options.firstStream += chosen.count }
            return try answered(batch, chosen, options)
        }
    }

    private func answered(
        _ batch: Batch, _ chosen: [Int], _ options: Generator.Options
    ) throws -> Batch {
        var examples = batch.examples
        var answers: [Int: Range<Int>] = [:]
        let prompts = chosen.map { index in
            Array(examples[index].ids.prefix(examples[index].promptLength))
        }
        for (index, answer) in zip(chosen, try generator.generate(prompts, options)) {
            let prompt = examples[index].promptLength
            // The teacher cannot read on behind a token that it does not have.
            let known = answer.prefix(while: isKnown).map { Int32($0) }
            examples[index].ids.replaceSubrange(prompt..., with: known)
            examples[index].labels = Array(
                repeating: ignoredLabel, count: examples[index].ids.count)
            // From the prompt's last token, which the answer's first follows, to the end.
            answers[index] = prompt - 1..<examples[index].ids.count
        }
        return Batch(examples, answers: answers)
    }
}
