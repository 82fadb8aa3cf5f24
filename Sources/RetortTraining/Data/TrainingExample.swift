import RetortTensor

/// Tokens to learn from, and which of them count.
public struct TrainingExample: Sendable, Equatable {
    /// Token ids.
    public var ids: [Int32]
    /// The ids again where they are trained, else -100; the first never counts, since nothing
    /// predicts it.
    public var labels: [Int32]
    /// The line of the data file, from 1.
    public var line: Int

    /// Creates an example.
    public init(ids: [Int32], labels: [Int32], line: Int) {
        self.ids = ids
        self.labels = labels
        self.line = line
    }

    /// Tokens that are predicted and count.
    public var supervisedCount: Int { labels.dropFirst().count { $0 != ignoredLabel } }
}
