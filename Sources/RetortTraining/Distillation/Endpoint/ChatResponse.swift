import RetortFiles
import RetortText

/// Reads what a server of the chat completions protocol answers.
///
/// Source: OpenAI's API reference, "Create chat completion"; what llama.cpp's server, vLLM and
/// llama-cpp-python make of it.
struct ChatResponse {
    private let root: JSONValue

    /// Reads a body; bytes that are not UTF-8 become U+FFFD, as some servers cut characters.
    init(_ body: [UInt8]) throws(AnswerFault) {
        let text = Array(String(decoding: body, as: UTF8.self).utf8)
        do throws(JSONError) {
            root = try JSONParser.parse(text, maximumDepth: 64, allowsNonFinite: true)
        } catch .unfinished(let offset) {
            throw .cut(offset: offset)
        } catch {
            throw .notJSON(start: Self.start(text))
        }
    }

    /// The answer.
    ///
    /// - Parameters:
    ///   - index: Which of the conversations it belongs to.
    ///   - wantsTokens: Whether log-probabilities were asked for.
    /// - Returns: The first choice's message, and its tokens if they were asked for.
    /// - Throws: ``AnswerFault``.
    func answer(index: Int, wantsTokens: Bool) throws(AnswerFault) -> TeacherAnswer {
        guard let choice = root["choices"]?.array?.first else {
            // Some gateways tell an error with status 200.
            if let message = Self.message(in: root) { throw .errorInside(message: message) }
            throw .missing("choices")
        }
        guard let given = choice["message"]?.object else { throw .missing("choices[0].message") }
        let tokens = wantsTokens ? try Self.tokens(choice["logprobs"]) : nil
        return TeacherAnswer(
            index: index, message: try Self.message(given),
            finishReason: choice["finish_reason"]?.string ?? "stop", tokens: tokens,
            usage: TokenUsage(
                prompt: Self.count(root["usage"]?["prompt_tokens"]),
                answer: Self.count(root["usage"]?["completion_tokens"])))
    }

    private static func count(_ value: JSONValue?) -> Int {
        min(max(value?.integer ?? 0, 0), 1 << 40)
    }

    /// The message with what a conversation knows of it.
    private static func message(_ given: JSONObject) throws(AnswerFault) -> JSONObject {
        var message = JSONObject([("role", .string("assistant"))])
        for key in ["content", "reasoning_content", "tool_calls"] {
            switch given[key] {
            case nil, .null?: continue
            case .array(let list)? where list.isEmpty: continue
            case let value?: message[key] = value
            }
        }
        if message["content"] == nil {
            message["content"] = message["tool_calls"] == nil ? .string("") : .null
        }
        if let content = message["content"], content != .null, content.string == nil {
            throw .missing("choices[0].message.content as text")
        }
        let row = JSONObject([("messages", .array([.object(message)]))])
        do throws(ConversationError) {
            _ = try Conversation(row: .object(row))
        } catch {
            throw .badMessage(error)
        }
        return message
    }

    // MARK: Log-probabilities

    private static func tokens(_ logprobs: JSONValue?) throws(AnswerFault) -> [AnswerToken] {
        guard let list = logprobs?["content"]?.array, !list.isEmpty else {
            throw .noLogProbabilities
        }
        var tokens: [AnswerToken] = []
        for (index, entry) in list.enumerated() {
            guard let chosen = try token(entry, at: index) else {
                throw .badProbability(token: index)
            }
            var alternatives: [TokenProbability] = []
            for other in entry["top_logprobs"]?.array ?? [] {
                if let other = try token(other, at: index) { alternatives.append(other) }
            }
            // Most probable first, in the server's order where they are equal.
            let order = alternatives.indices.sorted {
                let (left, right) = (alternatives[$0], alternatives[$1])
                return left.logProbability == right.logProbability
                    ? $0 < $1 : left.logProbability > right.logProbability
            }
            alternatives = order.map { alternatives[$0] }
            let mass = alternatives.reduce(0) { $0 + exponential($1.logProbability) }
            if mass > 1.01 { throw .tooProbable(token: index) }
            tokens.append(AnswerToken(chosen: chosen, alternatives: alternatives))
        }
        if tokens.allSatisfy(\.alternatives.isEmpty) { throw .noLogProbabilities }
        return tokens
    }

    /// A token with its log-probability; nil if it is impossible.
    private static func token(
        _ entry: JSONValue, at index: Int
    ) throws(AnswerFault) -> TokenProbability? {
        guard let text = entry["token"]?.string, let value = entry["logprob"]?.double,
            !value.isNaN, value <= 1e-3
        else { throw .badProbability(token: index) }
        guard value.isFinite else { return nil }
        return TokenProbability(
            bytes: try bytes(entry["bytes"], text, at: index),
            logProbability: Float(min(max(value, -1e30), 0)))
    }

    /// The bytes of a token: those that are given, else the text's.
    ///
    /// Servers write U+FFFD, or nothing, for a token that is only a part of a character; then
    /// the bytes are not known.
    private static func bytes(
        _ given: JSONValue?, _ text: String, at index: Int
    ) throws(AnswerFault) -> [UInt8]? {
        var bytes = Array(text.utf8)
        switch given {
        case nil, .null?: break
        case .array(let list)?:
            bytes = list.compactMap { $0.integer.flatMap(UInt8.init(exactly:)) }
            guard bytes.count == list.count else { throw .badBytes(token: index) }
        default: throw .badBytes(token: index)
        }
        let replacement: [UInt8] = [0xef, 0xbf, 0xbd]
        return bytes.isEmpty || bytes.contains(replacement) ? nil : bytes
    }

    // MARK: What a server says when it refuses

    /// The server's own words in the body of a refusal.
    static func message(inErrorBody body: [UInt8]) -> String {
        if let response = try? ChatResponse(body), let text = message(in: response.root) {
            return text
        }
        return start(body)
    }

    /// Where servers put their messages: `error.message`, `error`, `message`, `detail`.
    private static func message(in root: JSONValue) -> String? {
        if let text = root["error"]?["message"]?.string ?? root["error"]?.string
            ?? root["message"]?.string ?? root["detail"]?.string
        {
            return text
        }
        let details = root["detail"]?.array ?? root["error"]?["detail"]?.array
        return details?.first?["msg"]?.string
    }

    /// The code of a refusal, as in `insufficient_quota`.
    static func code(inErrorBody body: [UInt8]) -> String? {
        guard let root = (try? ChatResponse(body))?.root else { return nil }
        return root["error"]?["code"]?.string ?? root["error"]?["type"]?.string
    }

    private static func start(_ body: [UInt8]) -> String {
        String(decoding: body.prefix(1000), as: UTF8.self)
    }
}
