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
    /// The UTF-8 bytes of the example's text that each token stands for, empty for tokens without
    /// any and for what a template puts before an answer; no spans at all where the data are token
    /// ids.
    public var spans: [Range<Int32>]

    /// Creates an example.
    public init(ids: [Int32], labels: [Int32], line: Int, spans: [Range<Int32>] = []) {
        self.ids = ids
        self.labels = labels
        self.line = line
        self.spans = spans
    }

    /// Tokens that are predicted and count.
    public var supervisedCount: Int { labels.dropFirst().count { $0 != ignoredLabel } }

    /// Tokens before the first that counts; 0 if none does.
    var promptLength: Int { labels.dropFirst().firstIndex { $0 != ignoredLabel } ?? 0 }
}
