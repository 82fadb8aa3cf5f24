import RetortFiles
import RetortNetwork

/// A teacher that answers over the network, in the protocol of OpenAI's chat completions.
///
/// Each request is asked once: its answer goes to a journal before anything else happens with it.
/// What comes out depends on the journal alone, not on the order or time of arrival.
public struct EndpointTeacher: Sendable {
    /// What an observer is told, in order.
    public enum Event: Sendable, Equatable {
        /// The asking begins; `answered` of `total` conversations have an answer in the journal.
        case started(answered: Int, total: Int)
        /// So many have one now; the tokens are those of this run.
        case answered(Int, TokenUsage)
        /// A request failed and is sent again after a pause.
        case retrying(place: String, reason: PassingFailure, seconds: Double)
    }

    let recipe: EndpointRecipe
    let seed: Int
    let key: APIKey?
    let address: WebAddress

    /// Prepares a teacher; the key is read here, nothing is sent.
    ///
    /// - Parameters:
    ///   - recipe: Address, model, sampling and limits.
    ///   - seed: For the server's random numbers, if it has such.
    /// - Throws: ``EndpointError``.
    public init(_ recipe: EndpointRecipe, seed: Int) throws(EndpointError) {
        try self.init(recipe, seed: seed, environment: APIKey.environment)
    }

    /// The same with other environment variables.
    init(
        _ recipe: EndpointRecipe, seed: Int, environment: (String) -> String?
    ) throws(EndpointError) {
        self.recipe = recipe
        self.seed = seed
        guard let address = try? WebAddress(recipe.url.text) else { throw .noAddress }
        self.address = address
        key = try recipe.apiKeyVariable.map { name throws(EndpointError) in
            try APIKey(variable: name, environment: environment)
        }
    }

    /// Whether the key would cross a network in the clear.
    public var exposesKey: Bool { key != nil && !address.isEncrypted && !address.isLoopback }

    /// Asks what is not answered yet.
    ///
    /// - Parameters:
    ///   - prompts: The conversations.
    ///   - path: The file that keeps the answers; made if it is not there.
    ///   - shouldStop: Whether to begin no more requests; those under way are waited for.
    ///   - observe: Told what happens.
    /// - Returns: The answers in the order of the prompts.
    /// - Throws: ``EndpointError``, ``FileError``; what was answered is kept.
    public func answers(
        to prompts: [TeacherPrompt], journal path: String,
        shouldStop: @escaping () -> Bool = { StopSignal.isRaised },
        observe: @escaping (Event) -> Void = { _ in }
    ) throws -> TeacherAnswers {
        let journal = try EndpointJournal(path)
        let keys = self.keys(prompts)
        let run = try EndpointRun(
            self, prompts, keys, journal, shouldStop: shouldStop, observe: observe)
        try run.finish()
        return TeacherAnswers(journal: journal, keys: keys.map(\.digest))
    }

    /// What a request is known by, and the seed it is sent with.
    struct RequestKey {
        var digest: String
        var seed: Int
    }

    /// The keys of all requests.
    ///
    /// A conversation that comes again shares the answer where answers are not drawn; else it has
    /// a seed of its own. Other lines of the data change nothing.
    private func keys(_ prompts: [TeacherPrompt]) -> [RequestKey] {
        var seen: [String: Int] = [:]
        return prompts.map { prompt in
            let first = ChatRequest(prompt, recipe, seed: seed).digest
            guard recipe.temperature > 0 else { return RequestKey(digest: first, seed: seed) }
            let repetition = seen[first, default: 0]
            seen[first] = repetition + 1
            if repetition == 0 { return RequestKey(digest: first, seed: seed) }
            let own = seed &+ repetition
            return RequestKey(
                digest: ChatRequest(prompt, recipe, seed: own).digest, seed: own)
        }
    }
}

/// The answers of a teacher in the order of the conversations; each is read when it is asked for.
public struct TeacherAnswers {
    private let journal: EndpointJournal
    private let keys: [String]

    init(journal: EndpointJournal, keys: [String]) {
        self.journal = journal
        self.keys = keys
    }

    /// How many conversations there are.
    public var count: Int { keys.count }

    /// The file that holds them.
    public var journalPath: String { journal.path }

    /// The answer to a conversation.
    ///
    /// - Parameter index: Which one, from 0.
    /// - Returns: The answer from the journal.
    /// - Throws: ``EndpointError/damagedJournal(path:line:)``, ``FileError``.
    public func answer(_ index: Int) throws -> TeacherAnswer {
        guard let answer = try journal.answer(keys[index], index: index) else {
            preconditionFailure("every conversation was answered")
        }
        return answer
    }
}
