import RetortTensor

/// The tokens of one micro-batch, one document after another, without padding.
public struct Batch {
    /// Token ids.
    public private(set) var ids: [Int32] = []
    /// What should follow each token, or -100.
    public private(set) var labels: [Int32] = []
    /// Positions and documents.
    public private(set) var layout = TokenLayout(positions: [], documents: [])
    /// The examples, a document each.
    let examples: [TrainingExample]
    /// Of documents that the student answered itself, the tokens that a teacher scores.
    let answers: [Int: Range<Int>]

    /// Lines up examples; each sees only itself, with positions from 0.
    public init(_ examples: some Sequence<TrainingExample>) { self.init(examples, answers: [:]) }

    init(_ examples: some Sequence<TrainingExample>, answers: [Int: Range<Int>]) {
        self.examples = examples.filter { !$0.ids.isEmpty }
        self.answers = answers
        for example in self.examples {
            let start = ids.count
            ids += example.ids
            labels += example.labels.dropFirst()
            labels.append(ignoredLabel)
            layout.positions += example.ids.indices.map { Int32($0) }
            layout.documents.append(start..<ids.count)
        }
    }

    /// Tokens that count in the loss.
    public var supervisedCount: Int { labels.count { $0 != ignoredLabel } }
}
