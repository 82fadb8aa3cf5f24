import RetortFiles

/// Finds the assistant's turns in a rendered conversation by comparing it with other renderings.
///
/// The turn of message `i` begins where the rendering of the messages before it, with generation
/// prompt, ends; it ends where the rendering up to it ends. Templates for which one of these is no
/// beginning of the whole (they drop earlier reasoning, put the system prompt elsewhere, end the
/// conversation with another token) are asked differently: message `i` is replaced by others of
/// its kind, and what stays the same before and after bounds the turn.
struct TurnFinder {
    /// Renders messages, with or without generation prompt; nil if the template refuses.
    typealias Render = (_ messages: [JSONObject], _ hasPrompt: Bool) -> [UInt8]?

    private let messages: [JSONObject]
    private let full: [UInt8]
    /// What a text may begin with before any message.
    private let beginning: [UInt8]
    private let render: Render
    private let question = JSONObject([("role", .string("user")), ("content", .string("q"))])

    init(
        _ messages: [JSONObject], full: [UInt8], beginning: [UInt8], render: @escaping Render
    ) {
        self.messages = messages
        self.full = full
        self.beginning = beginning
        self.render = render
    }

    /// The bytes of a turn that are learned; nil if they cannot be told.
    func range(of index: Int) -> Range<Int>? {
        let parts = variants(of: index, in: messages).flatMap { Difference(full, $0) }
        guard let start = start(of: index, parts), let end = end(of: index, from: start, parts),
            start <= end
        else { return nil }
        return start..<end
    }

    // MARK: Start

    private func start(of index: Int, _ parts: Difference?) -> Int? {
        let before = Array(messages[..<index])
        let prompted = before.isEmpty ? nil : render(before, true)
        if let prompted, full.starts(with: prompted) { return prompted.count }
        guard let parts else { return nil }
        let (lowest, prompt) = fixedText(before: index, prompted, parts)
        let turn = full[lowest..<parts.start]
        let shared = commonPrefix(turn, prompt)
        if !prompt.isEmpty, shared == min(turn.count, prompt.count) { return lowest + shared }
        if let end = endOfPrompt(in: turn) { return end }
        if prompted == nil, turn.starts(with: beginning),
            turn.dropFirst(beginning.count).allSatisfy(isSpace)
        {
            return beginning.count
        }
        // The prompt may hold more than the turn does, such as the mark that opens a thought.
        return prompted == nil ? parts.start : lowest + wholeMarks(turn.prefix(shared)).count
    }

    /// Where the text begins that stands between what other messages say and this one, and what
    /// the generation prompt gives there.
    private func fixedText(before index: Int, _ prompted: [UInt8]?, _ parts: Difference)
        -> (start: Int, prompt: ArraySlice<UInt8>)
    {
        guard let prompted else { return (0, []) }
        let before = Array(messages[..<index])
        if let plain = render(before, false), full[..<parts.start].starts(with: plain),
            prompted.starts(with: plain)
        {
            return (plain.count, prompted[plain.count...])
        }
        if let others = variants(of: index - 1, in: messages),
            let previous = Difference(full, others), previous.end <= parts.start,
            let prompt = tail(of: index - 1, in: before, prompted, hasPrompt: true)
        {
            return (previous.end, prompt[...])
        }
        return (0, [])
    }

    /// The end of the generation prompt of any question in the text before a turn's own.
    private func endOfPrompt(in turn: ArraySlice<UInt8>) -> Int? {
        guard let plain = render([question], false), let prompted = render([question], true),
            prompted.starts(with: plain), prompted.count > plain.count
        else { return nil }
        let prompt = Array(prompted[plain.count...])
        let found = Bytes.lastOccurrences(of: prompt, in: Array(turn), limit: 1)
        return found.first.map { turn.startIndex + $0 + prompt.count }
    }

    // MARK: End

    private func end(of index: Int, from start: Int, _ parts: Difference?) -> Int? {
        let through = Array(messages[...index])
        let isLast = index == messages.count - 1
        let ended = isLast ? full : render(through, false)
        let continued = isLast ? render(through + [question], false) : full
        if let ended, start <= ended.count, full.starts(with: ended),
            continued?.starts(with: ended) ?? true
        {
            return trimmed(start..<ended.count, of: through, isLast: isLast)
        }
        // The turn ends otherwise when the conversation goes on, or the template refuses a part.
        guard let parts, staysApart(index, parts) else { return nil }
        let mark = endMark(after: through)
        if let mark, mark.isSure, full[parts.end...].starts(with: mark.text) {
            return parts.end + mark.text.count
        }
        guard let ended, let ending = tail(of: index, in: through, ended) else { return nil }
        let further = isLast ? through + [question] : messages
        guard let continued, let going = tail(of: index, in: further, continued) else {
            return isLast ? parts.end + withoutSpace(ending[...]).count : nil
        }
        let shared = sharedEnd(ending, going).count
        if shared == 0, isLast { return parts.end + withoutSpace(ending[...]).count }
        // Of two that may each lack something, the longer one.
        let marked = mark.map { full[parts.end...].starts(with: $0.text) ? $0.text.count : 0 }
        return parts.end + max(shared, marked ?? 0)
    }

    /// Whether no message that follows shows inside what depends on this one.
    private func staysApart(_ index: Int, _ parts: Difference) -> Bool {
        for other in messages.indices.dropFirst(index + 1) {
            if let others = variants(of: other, in: messages),
                let place = Difference(full, others), place.start < parts.end,
                place.end > parts.start
            {
                return false
            }
            if messages[other]["role"]?.string != "tool" { break }
        }
        return true
    }

    /// What stands between these messages and a question after them, without the beginning that
    /// a question has of its own; nil if that cannot be told apart.
    ///
    /// It is sure unless a template's own system prompt before the question may end alike.
    private func endMark(after through: [JSONObject]) -> (text: ArraySlice<UInt8>, isSure: Bool)? {
        let further = through + [question]
        guard let alone = render([question], false), let text = render(further, false),
            let first = variants(of: 0, in: [question]).flatMap({ Difference(alone, $0) }),
            let second = variants(of: through.count, in: further).flatMap({ Difference(text, $0) }),
            let turn = variants(of: through.count - 1, in: further).flatMap({
                Difference(text, $0)
            }), turn.end <= second.start
        else { return nil }
        let between = text[turn.end..<second.start]
        let shared = commonPrefix(between.reversed(), alone[..<first.start].reversed())
        if shared == between.count { return nil }
        // The end of a mark that is alike by chance belongs to what comes before.
        var opening = between.suffix(shared)
        let bracket = opening.firstIndex { "<[({>])}".utf8.contains($0) }
        if shared < first.start, let bracket, ">])}".utf8.contains(opening[bracket]) {
            opening = opening[(bracket + 1)...]
        }
        let mark = withoutSpace(between[..<opening.startIndex])
        let before = alone[..<(first.start - opening.count)]
        return (mark, before.isEmpty || before.elementsEqual(beginning))
    }

    /// The text after what depends on a message.
    private func tail(
        of index: Int, in messages: [JSONObject], _ rendered: [UInt8], hasPrompt: Bool = false
    ) -> [UInt8]? {
        guard let others = variants(of: index, in: messages, hasPrompt: hasPrompt),
            let parts = Difference(rendered, others)
        else { return nil }
        return Array(rendered[parts.end...])
    }

    /// What two continuations begin with alike, as far as it ends the turn.
    private func sharedEnd(_ ending: [UInt8], _ going: [UInt8]) -> ArraySlice<UInt8> {
        var shared = ending[..<commonPrefix(ending, going)]
        if shared.count < min(ending.count, going.count) { shared = wholeMarks(shared) }
        return withoutSpace(shared)
    }

    /// A text without the white space at its end, unless it is nothing else.
    private func withoutSpace(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        text.lastIndex { !isSpace($0) }.map { text[...$0] } ?? text
    }

    /// The end of the last of these messages without the white space that follows its end mark.
    ///
    /// If no mark follows the content, it may come only when the conversation goes on; else white
    /// space is what ends the turn, and stays.
    private func trimmed(_ range: Range<Int>, of through: [JSONObject], isLast: Bool) -> Int {
        guard let last = full[range].lastIndex(where: { !isSpace($0) }) else {
            return range.upperBound
        }
        let content = Array((through.last?["content"]?.string ?? "").utf8)
        let kept = withoutSpace(content[...])
        let turn = full[range.lowerBound...last]
        let endsWithContent = !kept.isEmpty && turn.reversed().starts(with: kept.reversed())
        if !endsWithContent { return last + 1 }
        if !isLast, let mark = endMark(after: through),
            let end = [last + 1, range.upperBound].first(where: {
                full[$0...].starts(with: mark.text)
            })
        {
            return max(range.upperBound, end + mark.text.count)
        }
        return range.upperBound
    }

    private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

    // MARK: Replaced messages

    /// Renderings with a message replaced by two others of its kind.
    private func variants(of index: Int, in messages: [JSONObject], hasPrompt: Bool = false)
        -> [[UInt8]]?
    {
        for replacement in [JSONObject.replacingText, JSONObject.replacingContent] {
            var results: [[UInt8]] = []
            // They differ from each other in their first and last letters.
            for word in ["Qk7Q", "Zx3Z"] {
                var changed = messages
                changed[index] = replacement(messages[index])(word)
                guard let text = render(changed, hasPrompt) else { break }
                results.append(text)
            }
            if results.count == 2, results[0] != results[1] { return results }
        }
        return nil
    }
}

/// Where a rendering differs from others of a conversation in which one message is another.
private struct Difference {
    /// Before this, all are alike.
    let start: Int
    /// After this, all are alike.
    let end: Int

    /// Nil if they are all alike, so that the message has no place.
    init?(_ text: [UInt8], _ others: [[UInt8]]) {
        guard let first = others.first else { return nil }
        var prefix = Int.max
        var suffix = Int.max
        for (left, right) in zip([text] + others, others + [text]) {
            prefix = min(prefix, commonPrefix(left, right))
            suffix = min(suffix, commonPrefix(left.reversed(), right.reversed()))
        }
        let shortest = min(text.count, others.map(\.count).min() ?? 0)
        guard !(prefix == text.count && first.count == text.count) else { return nil }
        let begins = min(prefix, shortest)
        // If the others agree for longer, the text has another structure, not only other words.
        let agreed = others.dropFirst().map { commonPrefix(first, $0) }.min() ?? begins
        start = agreed > begins ? wholeMarks(text[..<begins]).count : begins
        end = text.count - min(suffix, shortest - start)
    }
}

/// A text that two others share, without the beginning of a mark that is alike by chance.
///
/// After `<|end|>` one may go on with `<|user|>`, the other with `</s>`: the `<` is no part of
/// what they share.
private func wholeMarks(_ shared: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let brackets = shared.lastIndex { "<[({>])}".utf8.contains($0) }
    guard let last = brackets, "<[({".utf8.contains(shared[last]) else { return shared }
    return shared[..<last]
}

private func commonPrefix(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Int {
    var count = 0
    var (first, second) = (left.makeIterator(), right.makeIterator())
    while let a = first.next(), let b = second.next(), a == b { count += 1 }
    return count
}

extension JSONObject {
    /// A message of the same kind whose text, reasoning and arguments of calls are this word.
    fileprivate func replacingText(with word: String) -> JSONObject {
        var result = self
        let calls = self["tool_calls"]?.array ?? []
        switch self["content"] {
        case .string(let text)?:
            if !text.utf8.isEmpty || calls.isEmpty { result["content"] = .string(word) }
        case .array(let parts)?:
            result["content"] = .array(parts.map { $0.replacingMember("text", with: word) })
        default: break
        }
        for key in ["reasoning_content", "thinking", "reasoning"] {
            if case .string(let text)? = self[key], !text.utf8.isEmpty {
                result[key] = .string(word)
            }
        }
        if !calls.isEmpty {
            result["tool_calls"] = .array(calls.map { $0.replacingArguments(with: word) })
        }
        return result
    }

    /// The message with this word as its content, for templates that show nothing else of it.
    fileprivate func replacingContent(with word: String) -> JSONObject {
        var result = self
        result["content"] = .string(word)
        return result
    }
}

extension JSONValue {
    fileprivate func replacingMember(_ key: String, with word: String) -> JSONValue {
        guard case .object(var members) = self, members[key] != nil else { return self }
        members[key] = .string(word)
        return .object(members)
    }

    /// A call of the same function with this word as its argument.
    ///
    /// The name stays: the answers of tools may show it too.
    fileprivate func replacingArguments(with word: String) -> JSONValue {
        guard case .object(var members) = self else { return self }
        if let function = members["function"] {
            members["function"] = function.replacingArguments(with: word)
            return .object(members)
        }
        switch members["arguments"] {
        case .object?:
            members["arguments"] = .object(JSONObject([(word, .string(word))]))
        case .string?: members["arguments"] = .string("{\"\(word)\": \"\(word)\"}")
        default: break
        }
        return .object(members)
    }
}
