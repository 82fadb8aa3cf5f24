import Glibc
import RetortFiles
import RetortText

/// What is wrong with an answer that came with a status of success.
public enum AnswerFault: Error, Equatable, CustomStringConvertible {
    /// It ends inside a value.
    case cut(offset: Int)
    /// It is something else, such as a page for people.
    case notJSON(start: String)
    /// It tells an error all the same.
    case errorInside(message: String)
    /// A member that every answer has is not there.
    case missing(String)
    /// The message is not one of a conversation.
    case badMessage(ConversationError)
    /// Log-probabilities were asked for and are not there.
    case noLogProbabilities
    /// A token has no text or no log-probability, or one above 0.
    case badProbability(token: Int)
    /// The bytes of a token are not bytes.
    case badBytes(token: Int)
    /// The probabilities at a token add up to more than 1.
    case tooProbable(token: Int)
    /// The server sent the key back.
    case holdsKey

    /// What is wrong, without the place.
    public var description: String {
        switch self {
        case .cut(let offset): "the answer ends at byte \(offset) inside a value"
        case .notJSON(let start): "the answer is not JSON but begins \"\(start.printable)\""
        case .errorInside(let message): "the server says: \(message.printable)"
        case .missing(let name): "the answer has no \(name)"
        case .badMessage(let error): "the answer is no message: \(error)"
        case .noLogProbabilities:
            "the endpoint gives no log-probabilities for this model; set top_logprobs to 0 to "
                + "learn from its text alone, or use a server that gives them"
        case .badProbability(let token):
            "token \(token) of the answer has no text or no log-probability that is at most 0"
        case .badBytes(let token): "the bytes of token \(token) of the answer are not bytes"
        case .tooProbable(let token):
            "the probabilities at token \(token) of the answer add up to more than 1"
        case .holdsKey:
            "the server sent the API key back in its answer; nothing of it was kept, and the key "
                + "is better replaced"
        }
    }

    /// Whether the same request may be answered better.
    var isPassing: Bool {
        if case .cut = self { true } else { false }
    }
}

/// e to a power, in double precision.
func exponential(_ logarithm: Float) -> Double { exp(Double(logarithm)) }
