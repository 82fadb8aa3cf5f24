import RetortFiles

/// How an answer is kept in a journal: the message as it is, tokens as short lists.
///
/// A token is `[bytes, log-probability, [[bytes, log-probability], …]]`; bytes are a string where
/// they are UTF-8, else a list of numbers, or null where they are not known.
extension TeacherAnswer {
    /// The members of a journal's line besides the key.
    var members: [(String, JSONValue)] {
        var members: [(String, JSONValue)] = [
            ("message", .object(message)), ("finish_reason", .string(finishReason)),
            ("prompt_tokens", .integer(usage.prompt)), ("answer_tokens", .integer(usage.answer)),
        ]
        if let tokens { members.append(("tokens", .array(tokens.map(\.json)))) }
        return members
    }

    /// Reads a journal's line; nil if it is not one.
    init?(_ object: JSONObject, index: Int) {
        guard let message = object["message"]?.object,
            let reason = object["finish_reason"]?.string,
            let prompt = object["prompt_tokens"]?.integer,
            let answer = object["answer_tokens"]?.integer
        else { return nil }
        self.init(
            index: index, message: message, finishReason: reason, tokens: nil,
            usage: TokenUsage(prompt: prompt, answer: answer))
        guard let list = object["tokens"] else { return }
        let tokens = list.array?.compactMap(AnswerToken.init)
        guard let tokens, tokens.count == list.array?.count else { return nil }
        self.tokens = tokens
    }
}

extension AnswerToken {
    fileprivate var json: JSONValue {
        .array(chosen.json + [.array(alternatives.map { .array($0.json) })])
    }

    fileprivate init?(_ value: JSONValue) {
        guard let parts = value.array, parts.count == 3,
            let chosen = TokenProbability(parts[0], parts[1]), let list = parts[2].array
        else { return nil }
        let alternatives = list.compactMap { entry -> TokenProbability? in
            guard let pair = entry.array, pair.count == 2 else { return nil }
            return TokenProbability(pair[0], pair[1])
        }
        guard alternatives.count == list.count else { return nil }
        self.init(chosen: chosen, alternatives: alternatives)
    }
}

extension TokenProbability {
    fileprivate var json: [JSONValue] {
        let written: JSONValue =
            switch bytes {
            case nil: .null
            case let bytes?:
                if let text = String(validating: bytes, as: UTF8.self) {
                    .string(text)
                } else {
                    .array(bytes.map { .integer(Int($0)) })
                }
            }
        // The shortest digits that give the same 32 bits.
        return [written, .number(Double("\(logProbability)") ?? 0)]
    }

    fileprivate init?(_ written: JSONValue, _ logProbability: JSONValue) {
        guard let number = logProbability.double, number <= 0, number.isFinite else { return nil }
        switch written {
        case .null: bytes = nil
        case .string(let text): bytes = Array(text.utf8)
        case .array(let list):
            let bytes = list.compactMap { $0.integer.flatMap(UInt8.init(exactly:)) }
            guard bytes.count == list.count else { return nil }
            self.bytes = bytes
        default: return nil
        }
        self.logProbability = Float(number)
    }
}
