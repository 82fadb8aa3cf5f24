import RetortModels
import RetortText
import RetortTensor

/// One example as text, in pieces that are trained or not: what a person should look at first.
public struct ExampleView: Sendable, Equatable {
    /// A run of tokens alike.
    public struct Piece: Sendable, Equatable {
        /// The text of the tokens, special ones included.
        public var text: String
        /// Whether the tokens count in the loss.
        public var isTrained: Bool
    }

    /// The pieces, in order.
    public let pieces: [Piece]
    /// Tokens in all.
    public let tokenCount: Int
    /// Tokens that count.
    public let supervisedCount: Int
    /// The line of the data file.
    public let line: Int

    /// Shows an example.
    public init(_ example: TrainingExample, _ tokenizer: Tokenizer) {
        var runs: [(ids: [Int], isTrained: Bool)] = []
        for (index, id) in example.ids.enumerated() {
            let isTrained = index > 0 && example.labels[index] != ignoredLabel
            if runs.last?.isTrained == isTrained {
                runs[runs.count - 1].ids.append(Int(id))
            } else {
                runs.append(([Int(id)], isTrained))
            }
        }
        pieces = runs.map { Piece(text: tokenizer.decode($0.ids), isTrained: $0.isTrained) }
        tokenCount = example.ids.count
        supervisedCount = example.supervisedCount
        line = example.line
    }
}
