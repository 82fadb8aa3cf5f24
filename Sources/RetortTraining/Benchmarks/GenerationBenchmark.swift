import RetortFiles
import RetortModels

/// Speed and memory of generating: a prompt of fixed token ids, and tokens one after another.
public struct GenerationBenchmark: Sendable {
    /// Tokens of the prompt, read in one pass.
    public var promptTokens = 512
    /// Tokens that are fed back one by one, each the likeliest after the last.
    public var decodedTokens = 64
    /// Rounds that are timed, after one that is not.
    public var rounds = 3
    /// Whether the prompt is read as ``Generator/Options/roundsPromptsToBytes`` says.
    public var roundsPromptsToBytes = false
    /// Of the token ids: id i is output i of SplitMix64, modulo the vocabulary.
    public var seed: UInt64 = 1

    /// Creates the usual benchmark.
    public init() {}

    /// What came out.
    public struct Result: Sendable {
        /// Of the median round; the pass ends with the logits of the last token.
        public var promptTokensPerSecond: Double
        /// Of the median round.
        public var decodedTokensPerSecond: Double
        /// Largest resident memory of the process.
        public var peakMemoryMiB: Double
        /// The first eight tokens that were chosen.
        public var firstTokens: [Int]
        /// Times of the prompts.
        public var promptSeconds: [Double]
        /// Times of the tokens after them.
        public var decodeSeconds: [Double]

        /// The result as one line of JSON.
        public var json: JSONValue {
            .object(
                JSONObject([
                    ("prompt_tokens_per_second", .number(promptTokensPerSecond)),
                    ("decode_tokens_per_second", .number(decodedTokensPerSecond)),
                    ("peak_rss_mib", .number(peakMemoryMiB)),
                    ("first_tokens", .array(firstTokens.map(JSONValue.integer))),
                    ("prompt_seconds", .array(promptSeconds.map(JSONValue.number))),
                    ("decode_seconds", .array(decodeSeconds.map(JSONValue.number))),
                ]))
        }
    }

    /// Runs the benchmark.
    ///
    /// - Parameters:
    ///   - model: The model, with or without an adapter.
    ///   - onRound: Told after each round, how many are done.
    /// - Returns: Speeds, memory and tokens.
    /// - Throws: ``GenerationError`` if the logits are not finite.
    public func run(_ model: Model, onRound: (Int) -> Void = { _ in }) throws -> Result {
        var random = SplitMix64(state: seed)
        let vocabulary = UInt64(model.description.vocabularySize)
        let prompt = (0..<promptTokens).map { _ in Int32(random.next() % vocabulary) }
        var options = Generator.Options()
        options.maximumTokens = decodedTokens + 1
        options.roundsPromptsToBytes = roundsPromptsToBytes
        let generator = Generator(model), clock = ContinuousClock()
        var promptSeconds: [Double] = [], decodeSeconds: [Double] = [], tokens: [Int] = []
        for round in 0...rounds {
            let start = clock.now
            var first = start, last = start
            tokens = try generator.generate([prompt], options) { _, _ in
                last = clock.now
                if first == start { first = last }
                return true
            }[0]
            if round > 0 {
                promptSeconds.append((first - start).seconds)
                decodeSeconds.append((last - first).seconds)
            }
            onRound(round)
        }
        func rate(_ count: Int, _ seconds: [Double]) -> Double {
            Double(count) / seconds.sorted()[seconds.count / 2]
        }
        return Result(
            promptTokensPerSecond: rate(promptTokens, promptSeconds),
            decodedTokensPerSecond: rate(decodedTokens, decodeSeconds),
            peakMemoryMiB: RetortTraining.peakMemoryMiB(), firstTokens: Array(tokens.prefix(8)),
            promptSeconds: promptSeconds, decodeSeconds: decodeSeconds)
    }
}
