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
        /// The number of the first prompt's random choices; those of the others follow it.
        public var firstStream = 0
        /// Whether the matrix products of prompts read activations rounded to 8 bits, with a scale
        /// for every 32: about half the time, and logits that differ in the third digit.
        ///
        /// Where the processor or a weight's format has no such product, or an adapter is beside the
        /// weight, it changes nothing. Off, prompts are read with the model's own precision.
        public var roundsPromptsToBytes = false

        /// Creates greedy options without an end token.
        public init() {}
    }

    private let decoder: Decoder
    private let path: String

    /// Prepares generation with a model: the first time, its quantized matrices are copied into the order
    /// in which products of one row read them.
    public init(_ model: Model) {
        decoder = model.decoder
        path = model.path
        decoder.interleaveWeights()
    }

    /// Continues prompts.
    ///
    /// - Parameters:
    ///   - prompts: Token ids, each at least one.
    ///   - options: How far and how.
    ///   - onToken: Called with every new token as it is chosen; returning false ends its sequence.
    /// - Returns: The new tokens of every prompt.
    /// - Throws: ``GenerationError``.
    public func generate(
        _ prompts: [[Int32]], _ options: Options,
        onToken: (_ sequence: Int, _ id: Int) -> Bool = { _, _ in true }
    ) throws -> [[Int]] {
        let vocabulary = decoder.description.vocabularySize
        if let id = prompts.joined().first(where: { $0 < 0 || $0 >= vocabulary }) {
            throw GenerationError.idOutside(path: path, id: Int(id), vocabulary: vocabulary)
        }
        // A cache of the usual length from the start; one that is longer grows when it must.
        let longest = prompts.map(\.count).max() ?? 0
        let cache = KeyValueCache(
            decoder.description, sequences: prompts.count,
            capacity: longest + max(0, min(options.maximumTokens, 512)), in: decoder.workspace)
        var session = GenerationSession(
            decoder: decoder, path: path, cache: cache, options: options)
        return try session.generate(prompts, onToken: onToken)
    }
}

/// Why a model cannot go on with a prompt.
public enum GenerationError: Error, Equatable, CustomStringConvertible {
    /// A token id of a prompt has no row in the model's embedding.
    case idOutside(path: String, id: Int, vocabulary: Int)
    /// The logits are NaN or infinite.
    case notFinite(path: String)

    /// One sentence: where, what, what to do.
    public var description: String {
        switch self {
        case .idOutside(let path, let id, let vocabulary):
            "\(path): token id \(id) is outside the vocabulary of \(vocabulary)."
        case .notFinite(let path):
            "\(path): the logits are not finite numbers; the model or its adapter is damaged."
        }
    }
}

/// Sequences under way and their cache.
private struct GenerationSession {
    let decoder: Decoder
    let path: String
    let cache: KeyValueCache
    let options: Generator.Options

    mutating func generate(
        _ prompts: [[Int32]], onToken: (_ sequence: Int, _ id: Int) -> Bool
    ) throws -> [[Int]] {
        var results = prompts.map { _ in [Int]() }
        var pending = prompts
        var history = prompts
        let streams = prompts.indices.map {
            RandomStream(seed: options.sampling.seed, .sampling)[options.firstStream + $0]
        }
        for step in 0..<max(0, options.maximumTokens) {
            let active = pending.indices.filter { !pending[$0].isEmpty }
            if active.isEmpty { break }
            let logits = forward(pending)
            for (row, sequence) in active.enumerated() {
                guard let likeliest = logits.indexOfLargest(inRow: row) else {
                    throw GenerationError.notFinite(path: path)
                }
                let id =
                    options.sampling.isGreedy
                    ? likeliest
                    : options.sampling.choose(
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
        var context = ForwardContext(layout: layout, cache: cache)
        context.rounding = options.roundsPromptsToBytes ? .bytes : .words
        let hidden = decoder.hiddenStates(ids, context, on: tape)
        return decoder.logits(hidden.value, rows: last, context.rounding)
    }
}
