import Glibc
import RetortNetwork

/// Which failures are tried again, and after what time.
enum RetryPolicy {
    /// The longest pause that a server may ask for, seconds.
    static let longestPause = 600.0
    /// The longest pause of our own, seconds.
    private static let longestBackoff = 60.0

    /// Whether a status may be another one next time.
    static func isPassing(_ status: Int) -> Bool {
        status == 408 || status == 409 || status == 425 || status == 429
            || (500...599).contains(status)
    }

    /// Whether a refusal stays one although its status may pass: a quota that is used up does not
    /// come back in minutes, and some servers answer 500 where they have no log-probabilities.
    static func isLasting(_ response: HTTPResponse) -> Bool {
        ChatResponse.code(inErrorBody: response.body) == "insufficient_quota"
            || (response.status >= 500
                && ChatResponse.message(inErrorBody: response.body).lowercased()
                    .contains("logprob"))
    }

    /// The pause before an attempt: twice the one before, and by chance up to a half shorter, so
    /// that requests that failed together do not come back together.
    ///
    /// - Parameters:
    ///   - failures: How often the request failed, from 1.
    ///   - chance: From 0 to 1.
    /// - Returns: Seconds.
    static func backoff(failures: Int, chance: Double) -> Double {
        let pause = min(longestBackoff, 0.5 * pow(2, Double(min(max(failures, 1), 20) - 1)))
        return pause * (1 - 0.5 * min(max(chance, 0), 1))
    }

    /// The pause that a server asks for: `Retry-After` in seconds or as a date.
    ///
    /// Source: RFC 9110, sections 10.2.3 and 5.6.7.
    ///
    /// - Parameters:
    ///   - response: The refusal.
    ///   - now: Seconds since 1970.
    /// - Returns: Seconds, or nil if it asks for none.
    static func pause(_ response: HTTPResponse, now: Double) -> Double? {
        guard let text = response["retry-after"] else { return nil }
        if let seconds = Double(text), seconds.isFinite { return max(0, seconds) }
        guard let date = seconds(since1970: text) else { return nil }
        // The server's clock, where it tells it.
        let present = response["date"].flatMap(seconds(since1970:)) ?? now
        return max(0, date - present)
    }

    /// The time of `Sun, 06 Nov 1994 08:49:37 GMT`.
    private static func seconds(since1970 text: String) -> Double? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let day = Int(parts[1]),
            let month = months.firstIndex(of: String(parts[2])), let year = Int(parts[3]),
            (1970...9999).contains(year), (1...31).contains(day)
        else { return nil }
        let clock = parts[4].split(separator: ":").compactMap { Int($0) }
        guard clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]),
            (0...60).contains(clock[2])
        else { return nil }
        // Days since 1970 by years that begin in March, so that leap days come last.
        let shifted = month < 2 ? year - 1 : year
        let monthFromMarch = (month + 10) % 12
        let days =
            365 * shifted + shifted / 4 - shifted / 100 + shifted / 400
            + (153 * monthFromMarch + 2) / 5 + day - 719_469
        return Double(((days * 24 + clock[0]) * 60 + clock[1]) * 60 + clock[2])
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
