import RetortNetwork
import Testing

@testable import RetortTraining

@Suite("When a request is sent again")
struct RetryPolicyTests {
    @Test("after twice the time, a minute at most, by chance half as long")
    func backoff() {
        #expect(RetryPolicy.backoff(failures: 1, chance: 0) == 0.5)
        #expect(RetryPolicy.backoff(failures: 4, chance: 0) == 4)
        #expect(RetryPolicy.backoff(failures: 4, chance: 1) == 2)
        #expect(RetryPolicy.backoff(failures: 9, chance: 0) == 60)
        #expect(RetryPolicy.backoff(failures: .max, chance: 2) == 30)
    }

    @Test(
        "after the time that the server names",
        arguments: [
            ("7", nil, 7.0), ("0.5", nil, 0.5), ("-3", nil, 0), ("soon", nil, nil), ("", nil, nil),
            ("nan", nil, nil), ("inf", nil, nil),
            ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:48:37 GMT", 60),
            ("Sun, 06 Nov 1994 08:49:37 GMT", nil, 0),
            ("Tue, 01 Jan 2030 00:00:00 GMT", nil, 1_893_456_000 - 1_709_164_800),
            ("Thu, 29 Feb 2024 00:00:01 GMT", nil, 1),
            ("Sun, 06 Nov 1994 08:49:37 CET", nil, nil),
            ("Sun, 06 Foo 1994 08:49:37 GMT", nil, nil),
            ("Sun, 06 Nov 99999999999999999999 08:49:37 GMT", nil, nil),
        ] as [(String, String?, Double?)])
    func pause(_ text: String, _ date: String?, _ seconds: Double?) {
        var headers = [(name: "retry-after", value: text)]
        if let date { headers.append(("date", date)) }
        let response = HTTPResponse(status: 429, headers: headers, body: [])
        // 2024-02-29 00:00:00.
        #expect(RetryPolicy.pause(response, now: 1_709_164_800) == seconds)
    }

    @Test("only for statuses that pass")
    func statuses() {
        for status in [408, 409, 425, 429, 500, 502, 503, 529] {
            #expect(RetryPolicy.isPassing(status))
        }
        for status in [400, 401, 403, 404, 410, 413, 422, 600] {
            #expect(!RetryPolicy.isPassing(status))
        }
    }
}
