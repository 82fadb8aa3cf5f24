/// A rendered text and which of its bytes are learned.
public struct SupervisedText: Sendable, Equatable {
    /// The text.
    public let text: String
    /// The bytes of its UTF-8 that are learned: ordered, not empty, apart from each other.
    public let trained: [Range<Int>]

    /// Creates a text; ranges are sorted and joined, empty ones are left out.
    public init(text: String, trained: [Range<Int>]) {
        self.text = text
        var joined: [Range<Int>] = []
        for range in trained.sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
            if let last = joined.last, range.lowerBound <= last.upperBound {
                let end = max(last.upperBound, range.upperBound)
                joined[joined.count - 1] = last.lowerBound..<end
            } else {
                joined.append(range)
            }
        }
        self.trained = joined
    }

    /// The value of a label that takes no part in the loss, as in torch.
    public static let ignored = -100

    /// The labels of a tokenized text: a token's id where it is learned, else ``ignored``.
    ///
    /// A token is learned if all its bytes lie in one trained range. One that straddles the start
    /// holds text that was given, not generated; one that straddles the end holds text of the
    /// next turn: learning either would teach the model to write what it will never be asked to.
    /// Tokens without bytes, such as a BOS that the tokenizer adds, are not learned.
    ///
    /// - Parameters:
    ///   - ids: The tokens.
    ///   - offsets: The bytes of ``text`` that each token stands for, in order.
    /// - Returns: As many labels as there are ids.
    public func labels(ids: [Int], offsets: [Range<Int>]) -> [Int] {
        var labels = [Int](repeating: Self.ignored, count: ids.count)
        var position = 0
        for (index, offset) in offsets.enumerated().prefix(ids.count) where !offset.isEmpty {
            while position < trained.count, trained[position].upperBound <= offset.lowerBound {
                position += 1
            }
            guard position < trained.count else { break }
            let range = trained[position]
            if offset.lowerBound >= range.lowerBound, offset.upperBound <= range.upperBound {
                labels[index] = ids[index]
            }
        }
        return labels
    }
}
