import RetortKernels
import RetortTensor

/// Continues token sequences, several side by side, with cached keys and values.
public struct Generator {
    /// How far and how to continue.
    public struct Options: Sendable {
        /// Tokens to add at most.
        public var maximumTokens = 128
        /// How tokens are chosen.
        public var sampling = Sampling()
        /// Tokens that end a sequence; the end token is not part of the result.
        public var endTokens: Set<Int> = []

        /// Creates greedy options without an end token.
        public init() {}
    }

    private let decoder: Decoder

    /// Prepares generation with a model.
    public init(_ model: Model) { decoder = model.decoder }

    /// Continues prompts.
    ///
    /// - Parameters:
    ///   - prompts: Token ids, each at least one.
    ///   - options: How far and how.
    ///   - onToken: Called with every new token as it is chosen; returning false ends its sequence.
    /// - Returns: The new tokens of every prompt.
    public func generate(
        _ prompts: [[Int32]], _ options: Options,
        onToken: (_ sequence: Int, _ id: Int) -> Bool = { _, _ in true }
    ) -> [[Int]] {
        let longest = prompts.map(\.count).max() ?? 0
        let cache = KeyValueCache(
            decoder.description, sequences: prompts.count,
            capacity: longest + options.maximumTokens, in: decoder.workspace)
        var session = GenerationSession(decoder: decoder, cache: cache, options: options)
        return session.generate(prompts, onToken: onToken)
    }
}

/// Sequences under way and their cache.
private struct GenerationSession {
    let decoder: Decoder
    let cache: KeyValueCache
    let options: Generator.Options

    mutating func generate(
        _ prompts: [[Int32]], onToken: (_ sequence: Int, _ id: Int) -> Bool
    ) -> [[Int]] {
        var results = prompts.map { _ in [Int]() }
        var pending = prompts
        var history = prompts
        let streams = prompts.indices.map {
            RandomStream(seed: options.sampling.seed, .sampling)[$0]
        }
        for step in 0..<options.maximumTokens {
            let active = pending.indices.filter { !pending[$0].isEmpty }
            if active.isEmpty { break }
            let logits = forward(pending)
            for (row, sequence) in active.enumerated() {
                let id = options.sampling.choose(
                    logits.row(row), history: history[sequence],
                    random: streams[sequence].uniform(step))
                pending[sequence] = []
                if options.endTokens.contains(id) { continue }
                results[sequence].append(id)
                history[sequence].append(Int32(id))
                if onToken(sequence, id) { pending[sequence] = [Int32(id)] }
            }
        }
        return results
    }

    /// Feeds new tokens; returns the logits behind the last of each sequence that has any.
    private func forward(_ pending: [[Int32]]) -> Tensor {
        var ids: [Int32] = []
        var layout = TokenLayout(positions: [], documents: [])
        var last: [Int] = []
        for (sequence, tokens) in pending.enumerated() {
            let start = ids.count
            ids += tokens
            layout.positions += tokens.indices.map { Int32(cache.lengths[sequence] + $0) }
            layout.documents.append(start..<ids.count)
            if !tokens.isEmpty { last.append(ids.count - 1) }
        }
        cache.reserve(pending.map(\.count).max() ?? 0)
        let tape = Tape(decoder.workspace, isRecording: false)
        let hidden = decoder.hiddenStates(
            ids, ForwardContext(layout: layout, cache: cache), on: tape)
        return decoder.logits(hidden.value, rows: last)
    }
}
