/// What a step of the pipeline looks for: a fixed text or a regular expression.
enum TextPattern: Sendable, Equatable {
    /// The text itself, never empty.
    case literal([UInt8])
    /// A regular expression.
    case expression(RegularExpression)

    /// Calls `body` for the matches and the stretches between them, in order and without gaps.
    func cut(
        _ bytes: [UInt8], _ ranges: some Sequence<Range<Int>>,
        _ body: (_ piece: Range<Int>, _ isMatch: Bool, _ isLast: Bool) -> Void
    ) throws(RegularExpressionError) {
        switch self {
        case .expression(let expression): try expression.cut(bytes, ranges, body)
        case .literal(let text):
            for range in ranges { Self.cut(bytes, range, at: text, body) }
        }
    }

    /// The places where the pattern matches.
    func matches(in bytes: [UInt8]) throws(RegularExpressionError) -> [Range<Int>] {
        var found: [Range<Int>] = []
        try cut(bytes, CollectionOfOne(bytes.indices)) { piece, isMatch, _ in
            if isMatch { found.append(piece) }
        }
        return found
    }

    private static func cut(
        _ bytes: [UInt8], _ range: Range<Int>, at text: [UInt8],
        _ body: (_ piece: Range<Int>, _ isMatch: Bool, _ isLast: Bool) -> Void
    ) {
        var done = range.lowerBound
        var index = done
        while index + text.count <= range.upperBound {
            guard bytes[index] == text[0], bytes[index..<index + text.count].elementsEqual(text)
            else {
                index += 1
                continue
            }
            if done < index { body(done..<index, false, false) }
            done = index + text.count
            body(index..<done, true, done == range.upperBound)
            index = done
        }
        if done < range.upperBound { body(done..<range.upperBound, false, true) }
    }
}
