import RetortTensor

extension TrainingRun {
    /// What a run would do, from reading its inputs and one measured step.
    public struct Plan: Sendable {
        /// Trained values.
        public let trainedCount: Int
        /// Values of the whole model.
        public let modelCount: Int
        /// Examples, their tokens, and how many of those count.
        public let examples, tokens, supervisedTokens: Int
        /// Optimizer steps.
        public let steps: Int
        /// Time of the measured step, and of all, seconds.
        public let stepSeconds, totalSeconds: Double
        /// Peak memory after the measured step.
        public let peakMemoryMiB: Double
        /// Bytes of a checkpoint before compression, and of all that are kept, with the result.
        public let checkpointBytes, diskBytes: Int
        /// Whether an adapter or the model's own weights are trained.
        public let isAdapter: Bool

        /// The plan for people.
        public var text: String {
            let share = 100 * Double(trainedCount) / Double(max(modelCount, 1))
            return """
                trained       \(Humanized.count(trainedCount)) values, \
                \(Humanized.fixed(share, 2)) % (\(isAdapter ? "the adapter" : "all weights"))
                frozen        \(Humanized.count(isAdapter ? modelCount : 0)) values
                data          \(Humanized.count(examples)) examples, \(Humanized.count(tokens)) \
                tokens, \(Humanized.count(supervisedTokens)) of them trained
                steps         \(Humanized.count(steps))
                time          about \(Humanized.duration(seconds: totalSeconds)) here \
                (\(Humanized.fixed(stepSeconds, 2)) s a step, from one measured step)
                memory        about \(Humanized.bytes(Int(peakMemoryMiB * 1_048_576)))
                disk          at most \(Humanized.bytes(diskBytes)) \
                (a checkpoint is \(Humanized.bytes(checkpointBytes)))
                Nothing was trained and nothing was written.
                """
        }
    }

    /// Measures one step on the run's first batches; the parameters are not kept, nothing is written.
    ///
    /// - Returns: The plan.
    public func dryRun() throws -> Plan {
        // The first step warms caches and fills the pool; the longest batch decides memory.
        _ = try measuredStep(0)
        let seconds = try measuredStep(min(1, plan.steps.count - 1))
        let parameterBytes = session.parameters.reduce(0) { $0 + $1.value.count * 4 }
        let stateBytes = session.savedOptimizer.reduce(0) { $0 + $1.byteCount }
        let description = session.model.description
        let layers = session.model.decoder.linearLayers.reduce(0) {
            $0 + $1.weight.rowCount * $1.weight.columnCount
        }
        let embedding = description.vocabularySize * description.hiddenSize
        return Plan(
            trainedCount: parameterBytes / 4,
            modelCount: session.adapter == nil
                ? parameterBytes / 4 : layers + (description.tiesEmbeddings ? 1 : 2) * embedding,
            examples: data.examples.count, tokens: data.tokenCount,
            supervisedTokens: data.supervisedCount, steps: plan.steps.count,
            stepSeconds: seconds, totalSeconds: seconds * Double(plan.steps.count),
            peakMemoryMiB: peakMemoryMiB(), checkpointBytes: parameterBytes + stateBytes,
            diskBytes: (parameterBytes + stateBytes) * (recipe.checkpoint.keep + 1)
                + parameterBytes,
            isAdapter: session.adapter != nil)
    }

    private func measuredStep(_ index: Int) throws -> Double {
        let batches = self.batches(index)
        return try ContinuousClock().measure {
            _ = try session.step(index, batches, rate: 0)
        }.seconds
    }
}
