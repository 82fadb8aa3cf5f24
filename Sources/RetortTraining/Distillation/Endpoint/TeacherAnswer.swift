import RetortFiles

/// What a teacher answered to one conversation.
public struct TeacherAnswer: Sendable, Equatable {
    /// Which of the conversations, from 0.
    public var index: Int
    /// The assistant's message as a conversation holds it: role, content, and reasoning and calls
    /// of tools where there are some.
    public var message: JSONObject
    /// Why the answer ends: `stop`, `length`, `content_filter`, `tool_calls`, or what the server
    /// says.
    public var finishReason: String
    /// The answer's tokens; nil if only the text was asked for.
    public var tokens: [AnswerToken]?
    /// Tokens that the server counted in the prompt and in the answer.
    public var usage: TokenUsage

    /// The text; empty if there is none.
    public var text: String { message["content"]?.string ?? "" }

    /// Why the answer is better not learned from; nil if it is whole.
    public var flaw: Flaw? {
        switch finishReason {
        case "length": .cutOff
        case "content_filter": .filtered
        default: text.isEmpty && message["tool_calls"] == nil ? .empty : nil
        }
    }

    /// What can be wrong with an answer.
    public enum Flaw: String, Sendable, CaseIterable {
        /// It reached the most tokens that were asked for.
        case cutOff = "cut off at max_tokens"
        /// The service left something out.
        case filtered = "filtered by the service"
        /// It says nothing.
        case empty = "empty"
    }
}

/// A token of an answer, and what else the teacher thought of in its place.
public struct AnswerToken: Sendable, Equatable {
    /// The token that was chosen.
    public var chosen: TokenProbability
    /// The most probable tokens, the most probable first; the chosen one may be among them.
    public var alternatives: [TokenProbability]
}

/// A token with its probability.
public struct TokenProbability: Sendable, Equatable {
    /// The token's bytes; nil where the server's text does not tell them.
    public var bytes: [UInt8]?
    /// The natural logarithm of the probability, at most 0.
    public var logProbability: Float
}

/// Tokens as a service counts and bills them.
public struct TokenUsage: Sendable, Equatable {
    /// Tokens of prompts.
    public var prompt: Int
    /// Tokens of answers.
    public var answer: Int

    /// Creates a count.
    public init(prompt: Int = 0, answer: Int = 0) {
        self.prompt = prompt
        self.answer = answer
    }

    /// The sum of two counts.
    static func + (left: Self, right: Self) -> Self {
        Self(
            prompt: left.prompt.addingReportingOverflow(right.prompt).partialValue,
            answer: left.answer.addingReportingOverflow(right.answer).partialValue)
    }
}
