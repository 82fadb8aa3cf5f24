/// When the next request may begin: at most so many a minute, evenly, and none while the server
/// asks for a pause.
struct RequestPace {
    private let interval: Duration?
    private var next: ContinuousClock.Instant

    /// Begins a pace.
    ///
    /// - Parameters:
    ///   - requestsPerMinute: The limit, or nil.
    ///   - now: The time.
    init(requestsPerMinute: Int?, now: ContinuousClock.Instant) {
        interval = requestsPerMinute.map { .seconds(60) / max($0, 1) }
        next = now
    }

    /// How long to wait; 0 if a request may begin.
    func wait(_ now: ContinuousClock.Instant) -> Duration { max(.zero, next - now) }

    /// Notes that a request begins.
    mutating func begin(_ now: ContinuousClock.Instant) {
        if let interval { next = max(next, now) + interval }
    }

    /// Holds all requests for a time.
    mutating func hold(_ time: Duration, _ now: ContinuousClock.Instant) {
        next = max(next, now + time)
    }
}
