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
        /// The same of each example.
        public let examples: [ExampleLoss]
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
    /// - Returns: Loss and perplexity, of all and of each.
    public func run(onProgress: (Int) -> Void = { _ in }) -> Result {
        Result(of: data.examples, model, onProgress: onProgress)
    }
}

extension Perplexity.Result {
    /// Measures examples with a model.
    init(of examples: [TrainingExample], _ model: Model, onProgress: (Int) -> Void) {
        let sums = MeanLoss(model).sums(examples, tokensAtOnce: 1024, onProgress: onProgress)
        let all = sums.reduce(LossSum()) { $0 + $1 }
        loss = all.mean
        tokens = all.count
        self.examples = zip(examples, sums).map {
            ExampleLoss(line: $0.line, loss: $1.mean, tokens: $1.count)
        }
    }
}

/// The loss of one example.
public struct ExampleLoss: Sendable, Equatable {
    /// Its line in the data file.
    public let line: Int
    /// Nats per token.
    public let loss: Double
    /// Tokens that counted.
    public let tokens: Int

    /// The example as one line of JSON.
    public var json: JSONValue {
        .object(
            JSONObject([
                ("line", .integer(line)), ("loss", .number(loss)), ("tokens", .integer(tokens)),
            ]))
    }
}

/// Losses of some tokens.
package struct LossSum {
    package var sum = 0.0
    package var count = 0

    package var mean: Double { sum / Double(max(count, 1)) }

    package static func + (a: LossSum, b: LossSum) -> LossSum {
        LossSum(sum: a.sum + b.sum, count: a.count + b.count)
    }
}

/// Mean loss over the supervised tokens of some examples, nothing trained.
package struct MeanLoss {
    private let decoder: Decoder

    package init(_ model: Model) { decoder = model.decoder }

    /// Measures examples, lined up to at most so many tokens at once.
    package func measure(_ examples: [TrainingExample], tokensAtOnce: Int) -> Double {
        sums(examples, tokensAtOnce: tokensAtOnce).reduce(LossSum()) { $0 + $1 }.mean
    }

    /// The losses of each example.
    package func sums(
        _ examples: [TrainingExample], tokensAtOnce: Int, onProgress: (Int) -> Void = { _ in }
    ) -> [LossSum] {
        var sums: [LossSum] = []
        var waiting: [TrainingExample] = [], length = 0
        func flush() {
            guard !waiting.isEmpty else { return }
            let batch = Batch(waiting)
            let tape = Tape(decoder.workspace, isRecording: false)
            let hidden = decoder.hiddenStates(
                batch.ids, ForwardContext(layout: batch.layout), on: tape)
            let (_, losses) = decoder.crossEntropy(hidden, labels: batch.labels, scale: 1, on: tape)
            var tokens = losses.row(0)[...]
            for example in waiting {
                let own = tokens.prefix(example.supervisedCount)
                tokens = tokens.dropFirst(own.count)
                sums.append(
                    LossSum(sum: own.reduce(0.0) { $0 + Double($1) }, count: own.count))
            }
            onProgress(sums.count)
            (waiting, length) = ([], 0)
        }
        for example in examples {
            if length + example.ids.count > tokensAtOnce { flush() }
            waiting.append(example)
            length += example.ids.count
        }
        flush()
        return sums
    }
}
