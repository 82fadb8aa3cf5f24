import RetortFiles

extension SupervisedText {
    /// Where the assistant's own text begins in each trained range.
    ///
    /// Templates may put spaces or an empty reasoning before it, which are learned too. Where the
    /// template has changed the text it is not found, and the range begins where it begins.
    ///
    /// - Parameter conversation: What was rendered.
    /// - Returns: A place in the bytes of ``text`` for each of ``trained``.
    package func contentStarts(of conversation: Conversation) -> [Int] {
        let contents = conversation.messages.filter { $0["role"]?.string == "assistant" }
            .map { Self.trimmed($0["content"]?.string ?? "") }
        guard contents.count == trained.count else { return trained.map(\.lowerBound) }
        let bytes = Array(text.utf8)
        return zip(trained, contents).map { range, content in
            guard !content.isEmpty else { return range.lowerBound }
            return bytes[range].firstRange(of: content)?.lowerBound ?? range.lowerBound
        }
    }

    /// The bytes of a text without white space at its ends, which many templates take away.
    private static func trimmed(_ text: String) -> [UInt8] {
        let isSpace = { (byte: UInt8) in byte == 32 || (9...13).contains(byte) }
        let rest = Array(text.utf8.drop(while: isSpace))
        return Array(rest[..<(rest.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? 0)])
    }
}
