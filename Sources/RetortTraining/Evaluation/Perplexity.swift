#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif
import RetortFiles
import RetortModels
import RetortTensor

/// `e` to the mean loss over the tokens that a data file supervises.
public struct Perplexity {
    /// What came out.
    public struct Result: Sendable, Equatable {
        /// Nats per token.
        public let loss: Double
        /// Tokens that counted.
        public let tokens: Int
        /// `e` to the loss.
        public var perplexity: Double { exp(loss) }
    }

    private let model: Model
    private let data: TrainingData

    /// Reads a data file; its format follows from the keys of its first line.
    public init(_ model: Model, data path: String) throws {
        self.model = model
        var recipe = DataRecipe()
        recipe.format = try DataFormat(ofFirstLineIn: path)
        recipe.maxLength = model.description.maximumPosition
        recipe.settle()
        data = try ExampleReader(model, recipe).read(path)
    }

    /// Examples to measure.
    public var count: Int { data.examples.count }

    /// Measures all examples.
    ///
    /// - Parameter onProgress: Told how many are done.
    /// - Returns: Loss and perplexity.
    public func run(onProgress: (Int) -> Void = { _ in }) -> Result {
        let loss = MeanLoss(model).measure(
            data.examples, tokensAtOnce: 1024, onProgress: onProgress)
        return Result(loss: loss, tokens: data.supervisedCount)
    }
}

/// Mean loss over the supervised tokens of some examples, nothing trained.
package struct MeanLoss {
    private let decoder: Decoder

    package init(_ model: Model) { decoder = model.decoder }

    /// Measures examples, lined up to at most so many tokens at once.
    package func measure(
        _ examples: [TrainingExample], tokensAtOnce: Int, onProgress: (Int) -> Void = { _ in }
    ) -> Double {
        var sum = 0.0, count = 0, done = 0
        var waiting: [TrainingExample] = [], length = 0
        func flush() {
            guard !waiting.isEmpty else { return }
            let batch = Batch(waiting)
            let tape = Tape(decoder.workspace, isRecording: false)
            let hidden = decoder.hiddenStates(
                batch.ids, ForwardContext(layout: batch.layout), on: tape)
            let (_, losses) = decoder.crossEntropy(hidden, labels: batch.labels, scale: 1, on: tape)
            sum += losses.values.reduce(0.0) { $0 + Double($1) }
            count += losses.columnCount
            done += waiting.count
            onProgress(done)
            (waiting, length) = ([], 0)
        }
        for example in examples {
            if length + example.ids.count > tokensAtOnce { flush() }
            waiting.append(example)
            length += example.ids.count
        }
        flush()
        return sum / Double(max(count, 1))
    }
}
