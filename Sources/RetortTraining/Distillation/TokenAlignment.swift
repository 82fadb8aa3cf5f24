import RetortTensor

/// A token of the student and one of its teacher after which the same text has been read.
struct AlignedRow: Equatable {
    /// The student's token.
    var student: Int
    /// The teacher's token, or its row.
    var teacher: Int
}

/// Two tokenizations of one text, put side by side by bytes.
///
/// Where a token of each ends at the same byte, both predict what follows the same text. Templates may
/// surround the learned text differently, so that bytes are counted from the first byte of each learned
/// stretch that a token stands for, and the n-th stretch of one stands beside the n-th of the other.
enum TokenAlignment {
    /// Refuses data that have no text in common with what another template makes of them.
    ///
    /// - Parameters:
    ///   - data: How the data are read.
    ///   - teacher: For the message.
    /// - Throws: ``DistillationError``.
    static func check(_ data: DataRecipe, teacher: String) throws(DistillationError) {
        if data.format == .tokens { throw .tokensAcrossTokenizers(teacher: teacher) }
        if data.format == .messages, data.trainOn == .all {
            throw .templatesAcrossTokenizers(teacher: teacher)
        }
    }

    /// The rows of two examples of the same line.
    ///
    /// - Parameters:
    ///   - student: With spans.
    ///   - teacher: With spans.
    /// - Returns: Tokens after which the same text was read, ascending; none if the examples have
    ///   different numbers of learned stretches.
    static func rows(_ student: TrainingExample, _ teacher: TrainingExample) -> [AlignedRow] {
        let own = stretches(student), other = stretches(teacher)
        guard own.count == other.count else { return [] }
        return zip(own, other).flatMap { own, other in
            let places = Dictionary(
                other.map { ($0.offset, $0.token) }, uniquingKeysWith: { first, _ in first })
            return own.compactMap { entry in
                places[entry.offset].map { AlignedRow(student: entry.token, teacher: $0) }
            }
        }
    }

    /// Of each learned stretch the tokens before its tokens, and where in it those begin.
    private static func stretches(
        _ example: TrainingExample
    ) -> [[(token: Int, offset: Int32)]] {
        guard example.spans.count == example.ids.count else { return [] }
        var stretches: [[(token: Int, offset: Int32)]] = []
        var start: Int32 = 0, end: Int32 = 0, isInside = false
        for token in example.ids.indices {
            let span = example.spans[token]
            // Spans cover whole characters: one that overlaps those before begins inside a
            // character, where no other tokenization needs to have read as much.
            let beginsCharacter = span.lowerBound >= end
            end = max(end, span.upperBound)
            guard example.labels[token] != ignoredLabel else {
                isInside = false
                continue
            }
            // Tokens without bytes, such as a BOS, are no part of the text.
            guard !span.isEmpty else { continue }
            if !isInside {
                isInside = true
                start = span.lowerBound
                stretches.append([])
            }
            if token > 0, beginsCharacter {
                stretches[stretches.count - 1].append((token - 1, span.lowerBound - start))
            }
        }
        return stretches
    }
}
