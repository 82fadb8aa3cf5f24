import Glibc
import RetortFiles
import RetortNetwork

/// The asking itself, on one thread: starts requests, waits, keeps answers, tries again.
final class EndpointRun {
    private let teacher: EndpointTeacher
    private let prompts: [TeacherPrompt]
    private let keys: [EndpointTeacher.RequestKey]
    private let journal: EndpointJournal
    private let shouldStop: () -> Bool
    private let observe: (EndpointTeacher.Event) -> Void

    private let client: HTTPClient
    private var pace: RequestPace
    /// Conversations that were never asked, last first.
    private var waiting: [Int]
    /// Conversations that are asked again, and when.
    private var delayed: [(index: Int, due: ContinuousClock.Instant)] = []
    private var failures: [Int: Int] = [:]
    /// What ends the run when the requests under way are done.
    private var ending: (any Error)?
    private var endingSince: ContinuousClock.Instant?
    private var usage = TokenUsage()
    /// How many conversations each unanswered request stands for.
    private var sharers: [String: Int] = [:]
    private var answered = 0

    /// Nothing waits longer than this for a signal to be noticed, seconds.
    private static let longestWait = 0.2
    /// How long requests under way may take when the run is to end, seconds.
    private static let farewell = 30.0

    init(
        _ teacher: EndpointTeacher, _ prompts: [TeacherPrompt],
        _ keys: [EndpointTeacher.RequestKey], _ journal: EndpointJournal,
        shouldStop: @escaping () -> Bool, observe: @escaping (EndpointTeacher.Event) -> Void
    ) throws(EndpointError) {
        self.teacher = teacher
        self.prompts = prompts
        self.keys = keys
        self.journal = journal
        self.shouldStop = shouldStop
        self.observe = observe
        do { client = try HTTPClient() } catch {
            throw .noConnection(url: teacher.recipe.url.text, reason: error)
        }
        pace = RequestPace(requestsPerMinute: teacher.recipe.requestsPerMinute, now: .now)
        waiting = []
        for (index, key) in keys.enumerated() {
            if journal.contains(key.digest) {
                answered += 1
            } else {
                if sharers[key.digest] == nil { waiting.append(index) }
                sharers[key.digest, default: 0] += 1
            }
        }
        waiting.reverse()
    }

    private var url: String { teacher.recipe.url.text + "/chat/completions" }

    /// Asks until everything is answered.
    func finish() throws {
        observe(.started(answered: answered, total: prompts.count))
        while true {
            if ending == nil, shouldStop(), answered < prompts.count {
                end(
                    EndpointError.stopped(
                        answered: answered, count: prompts.count, journal: journal.path))
            }
            if ending == nil { startRequests() }
            if client.count == 0, ending != nil || (waiting.isEmpty && delayed.isEmpty) { break }
            if let since = endingSince, ContinuousClock.now - since > .seconds(Self.farewell) {
                break
            }
            for (index, result) in client.wait(seconds: secondsToWait()) {
                take(result, of: index)
            }
        }
        switch ending {
        case EndpointError.stopped?:
            // Some may have been answered since.
            throw EndpointError.stopped(
                answered: answered, count: prompts.count, journal: journal.path)
        case let error?: throw error
        case nil: return
        }
    }

    private func end(_ error: any Error) {
        guard ending == nil else { return }
        ending = error
        endingSince = .now
    }

    // MARK: Asking

    private func startRequests() {
        while client.count < teacher.recipe.concurrency, pace.wait(.now) == .zero,
            let index = next()
        {
            pace.begin(.now)
            do throws(HTTPError) {
                try client.start(request(index), id: index)
            } catch {
                return end(EndpointError.noConnection(url: url, reason: error))
            }
        }
    }

    /// The conversation to ask now: one that is asked again if its time has come, else a new one.
    private func next() -> Int? {
        let now = ContinuousClock.now
        let due = delayed.indices.filter { delayed[$0].due <= now }
        if let first = due.min(by: { delayed[$0].due < delayed[$1].due }) {
            return delayed.remove(at: first).index
        }
        return waiting.popLast()
    }

    private func request(_ index: Int) -> HTTPRequest {
        let request = ChatRequest(prompts[index], teacher.recipe, seed: keys[index].seed)
        return HTTPRequest(
            url: request.url, headers: teacher.key.map { [$0.header] } ?? [], body: request.body,
            responseLimit: ChatRequest.responseLimit(teacher.recipe),
            timeout: teacher.recipe.timeoutSeconds, allowsProxy: !teacher.address.isLoopback)
    }

    private func secondsToWait() -> Double {
        let now = ContinuousClock.now
        var wait = Duration.seconds(Self.longestWait)
        if ending == nil, client.count < teacher.recipe.concurrency {
            // What begins next begins when its own time and the pace allow.
            let own = waiting.isEmpty ? delayed.map { $0.due - now }.min() : .zero
            if let own { wait = min(wait, max(own, pace.wait(now))) }
        }
        return max(0, wait.seconds)
    }

    // MARK: Answers

    private func take(_ result: Result<HTTPResponse, HTTPError>, of index: Int) {
        switch result {
        case .failure(let error):
            let error = redacted(error)
            if error.isPassing {
                retry(index, .connection(error), after: nil)
            } else {
                end(EndpointError.noConnection(url: url, reason: error))
            }
        case .success(let response) where response.status == 200:
            do { try keep(response.body, of: index) } catch { end(error) }
        case .success(let response): refuse(response, of: index)
        }
    }

    private func keep(_ body: [UInt8], of index: Int) throws {
        let place = prompts[index].place
        do throws(AnswerFault) {
            let text = String(decoding: body, as: UTF8.self)
            if teacher.key?.isPart(of: text) == true { throw .holdsKey }
            let answer = try ChatResponse(body).answer(
                index: index, wantsTokens: teacher.recipe.topLogprobs > 0)
            // The same with what was written as escapes.
            let kept = JSONValue.object(JSONObject(answer.members)).serialized()
            if teacher.key?.isPart(of: kept) == true { throw .holdsKey }
            record(answer, of: index)
        } catch {
            guard error.isPassing else {
                throw EndpointError.badAnswer(place: place, url: url, fault: redacted(error))
            }
            retry(index, .answer(error), after: nil)
        }
    }

    private func record(_ answer: TeacherAnswer, of index: Int) {
        let key = keys[index].digest
        do { try journal.append(answer, key: key) } catch { return end(error) }
        failures[index] = nil
        usage = usage + answer.usage
        answered += sharers[key] ?? 1
        observe(.answered(answered, usage))
    }

    private func refuse(_ response: HTTPResponse, of index: Int) {
        let message = redacted(ChatResponse.message(inErrorBody: response.body))
        let status = response.status
        if (300...399).contains(status) {
            let location = redacted(response["location"] ?? "it does not say where")
            return end(
                EndpointError.redirected(url: url, status: status, location: location))
        }
        guard RetryPolicy.isPassing(status), !RetryPolicy.isLasting(response) else {
            return end(
                EndpointError.refused(
                    place: prompts[index].place, url: url, status: status, message: message))
        }
        let now = Double(time(nil))
        retry(
            index, .status(status, message: message),
            after: RetryPolicy.pause(response, now: now))
    }

    private func retry(_ index: Int, _ reason: PassingFailure, after pause: Double?) {
        if ending != nil { return }
        let count = failures[index, default: 0] + 1
        failures[index] = count
        guard count <= teacher.recipe.retries else {
            return end(
                EndpointError.gaveUp(
                    place: prompts[index].place, url: url, attempts: count, last: reason))
        }
        if let pause, pause > RetryPolicy.longestPause {
            return end(
                EndpointError.longWait(url: url, seconds: Int(min(pause, 1e9).rounded(.up))))
        }
        let backoff = RetryPolicy.backoff(failures: count, chance: .random(in: 0...1))
        // The server's wish counts for all requests; the backoff for this one.
        if let pause { pace.hold(.seconds(pause), .now) }
        let seconds = max(pause ?? 0, backoff)
        delayed.append((index, .now + .seconds(seconds)))
        observe(
            .retrying(place: prompts[index].place, reason: reason, seconds: seconds))
    }

    // MARK: Nothing that others say may repeat the key

    private func redacted(_ text: String) -> String { teacher.key?.redacted(text) ?? text }

    private func redacted(_ fault: AnswerFault) -> AnswerFault {
        switch fault {
        case .notJSON(let start): .notJSON(start: redacted(start))
        case .errorInside(let message): .errorInside(message: redacted(message))
        default: fault
        }
    }

    private func redacted(_ error: HTTPError) -> HTTPError {
        switch error {
        case .unreachable(let reason): .unreachable(reason: redacted(reason))
        case .notTrusted(let reason): .notTrusted(reason: redacted(reason))
        case .cut(let reason): .cut(reason: redacted(reason))
        default: error
        }
    }
}
