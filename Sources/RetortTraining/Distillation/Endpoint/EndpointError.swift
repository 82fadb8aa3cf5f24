import RetortFiles
import RetortNetwork
import RetortText

/// Why an endpoint could not be asked, or did not answer.
public enum EndpointError: Error, Equatable, CustomStringConvertible {
    /// The recipe has no address.
    case noAddress
    /// The environment variable for the key is not set.
    case noKey(variable: String)
    /// The key has characters that no header can have.
    case badKey(variable: String)
    /// A line of the data is no conversation.
    case badPrompt(place: String, reason: ConversationError)
    /// A conversation holds nothing but an answer.
    case nothingAsked(place: String)
    /// The connection failed in a way that trying again does not help.
    case noConnection(url: String, reason: HTTPError)
    /// The server refused a request; the message is its own, without the key.
    case refused(place: String, url: String, status: Int, message: String)
    /// The server wants to be asked elsewhere.
    case redirected(url: String, status: Int, location: String)
    /// The answer is not what was asked for.
    case badAnswer(place: String, url: String, fault: AnswerFault)
    /// All attempts failed for passing reasons; the last is given.
    case gaveUp(place: String, url: String, attempts: Int, last: PassingFailure)
    /// The server wants a longer wait than a program should sit out.
    case longWait(url: String, seconds: Int)
    /// A signal ended the asking; what is answered is kept.
    case stopped(answered: Int, count: Int, journal: String)
    /// A file that is no journal stands in its place.
    case notJournal(path: String)
    /// A line of the journal is damaged.
    case damagedJournal(path: String, line: Int)
    /// Another program writes the journal.
    case journalInUse(path: String)

    /// One sentence: where, what, what to do.
    public var description: String {
        switch self {
        case .noAddress: "the endpoint has no url; give one, as in http://127.0.0.1:8080/v1."
        case .noKey(let variable):
            "the environment variable \(variable) for the API key is not set; export it, or leave "
                + "out api_key_variable for a server that needs no key."
        case .badKey(let variable):
            "the environment variable \(variable) holds spaces or characters that no key has; "
                + "set it to the key alone."
        case .badPrompt(let place, let reason): "\(place): \(reason)."
        case .nothingAsked(let place):
            "\(place): the conversation holds only an answer; put the question before it."
        case .noConnection(let url, let reason): "\(url): \(reason)."
        case .refused(let place, let url, let status, let message):
            "\(url): status \(status) for \(place): \(message.printable)"
                + (Self.hint(status, message).map { " (\($0))" } ?? "")
        case .redirected(let url, let status, let location):
            "\(url): status \(status) sends elsewhere (\(location.printable)), which is not "
                + "followed because of the key; put the right address into url."
        case .badAnswer(let place, let url, let fault): "\(url): for \(place) \(fault)."
        case .gaveUp(let place, let url, let attempts, let last):
            "\(url): \(place) failed \(attempts) times, last because \(last); what is answered is "
                + "kept, so run the same again later."
        case .longWait(let url, let seconds):
            "\(url): the server wants a wait of \(seconds) s; what is answered is kept, so run "
                + "the same again then."
        case .stopped(let answered, let count, let journal):
            "stopped with \(answered) of \(count) conversations answered; they are kept in "
                + "\(journal), so run the same again to go on."
        case .notJournal(let path):
            "\(path): is not a journal of an endpoint; move it away or name another output."
        case .damagedJournal(let path, let line):
            "\(path):\(line): the line is damaged; remove it, and what it held is asked again."
        case .journalInUse(let path):
            "\(path): another run is writing this journal; wait for it or stop it."
        }
    }

    /// What to do about a refusal, where its reason is plain.
    private static func hint(_ status: Int, _ message: String) -> String? {
        switch status {
        case 401, 403: return "is the right key in the variable that api_key_variable names?"
        case 404: return "do url and model name what the server has?"
        default:
            return message.lowercased().contains("logprob")
                ? "ask for fewer with top_logprobs, or set it to 0 for the text alone" : nil
        }
    }
}

/// Why an attempt failed that may succeed when it is made again.
public enum PassingFailure: Sendable, Equatable, CustomStringConvertible {
    /// The connection failed.
    case connection(HTTPError)
    /// The server is busy, limits requests or has a defect; its own message.
    case status(Int, message: String)
    /// The answer is cut off.
    case answer(AnswerFault)

    /// The reason, as a part of a sentence.
    public var description: String {
        switch self {
        case .connection(let error): "\(error)"
        case .status(let status, let message):
            "the server gave status \(status)"
                + (message.isEmpty ? "" : " (\(message.printable))")
        case .answer(let fault): "\(fault)"
        }
    }
}
