import LoopbackServer
import Testing

@testable import RetortNetwork

@Suite("HTTPClient")
struct HTTPClientTests {
    /// The result of one request to a server that replies so.
    private func result(
        _ reply: LoopbackServer.Reply, limit: Int = 1000, timeout: Double = 60
    ) throws -> Result<HTTPResponse, HTTPError> {
        let server = try LoopbackServer { _ in reply }
        return try withExtendedLifetime(server) {
            try Self.result(Self.request(server.url + "/x", limit: limit, timeout: timeout))
        }
    }

    private static func request(
        _ url: String, body: String = "{}", limit: Int = 1000, timeout: Double = 60
    ) -> HTTPRequest {
        HTTPRequest(
            url: url, headers: ["Authorization: Bearer k"], body: Array(body.utf8),
            responseLimit: limit, timeout: timeout, allowsProxy: false)
    }

    private static func result(_ request: HTTPRequest) throws -> Result<HTTPResponse, HTTPError> {
        let client = try HTTPClient()
        try client.start(request, id: 7)
        while true {
            if let ended = client.wait(seconds: 0.1).first {
                #expect(ended.id == 7 && client.count == 0)
                return ended.result
            }
        }
    }

    @Test("sends a body with its headers and gives status, headers and body")
    func sends() throws {
        let server = try LoopbackServer { _ in
            .response(418, body: "{\"a\":1}", headers: ["Retry-After:  7 ", "X: y"])
        }
        let body = String(repeating: "x", count: 300_000)
        let response = try Self.result(Self.request(server.url + "/x", body: body)).get()
        #expect(response.status == 418 && response.body == Array("{\"a\":1}".utf8))
        #expect(response["retry-after"] == "7" && response["x"] == "y" && response["z"] == nil)
        let request = try #require(server.requests.first)
        #expect(request.line == "POST /v1/x HTTP/1.1" && request.text == body)
        #expect(request.headers.contains("Authorization: Bearer k"))
        #expect(request.headers.contains("Content-Type: application/json"))
        #expect(!request.headers.contains { $0.hasPrefix("Expect") })
    }

    @Test(
        "tells a connection that was cut",
        arguments: [
            "", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
        ])
    func cut(_ text: String) throws {
        let result = try result(.raw(text))
        guard case .failure(.cut) = result else {
            Issue.record("\(result)")
            return
        }
    }

    @Test("stops reading where the response is too long")
    func tooLong() throws {
        let long = String(repeating: "x", count: 5000)
        #expect(try result(.ok(long)) == .failure(.tooLong(limit: 1000)))
        let endless = "HTTP/1.1 200 OK\r\n\r\n" + long
        #expect(try result(.raw(endless)) == .failure(.tooLong(limit: 1000)))
        let header = String(repeating: "X: " + long + "\r\n", count: 20)
        let result = try result(.raw("HTTP/1.1 200 OK\r\n" + header + "\r\n"))
        #expect(result == .failure(.headersTooLong(limit: HTTPRequest.headerLimit)))
    }

    @Test("gives up on a server that is silent")
    func silent() throws {
        let result = try result(.stall([], seconds: 5), timeout: 0.3)
        #expect(result == .failure(.timedOut(seconds: 0.3)))
        let begun = Array("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".utf8)
        #expect(
            try self.result(.stall(begun, seconds: 5), timeout: 0.3)
                == .failure(.timedOut(seconds: 0.3)))
    }

    @Test("gives up on a body that stops, but not on a server that thinks")
    func stalled() throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
        for (sent, error) in [
            (head + "{", HTTPError.stalled(seconds: 0.2)),
            (head + " \n", .timedOut(seconds: 1)), (head, .timedOut(seconds: 1)),
        ] {
            let server = try LoopbackServer { _ in .stall(Array(sent.utf8), seconds: 5) }
            var request = Self.request(server.url, timeout: 1)
            request.stallTimeout = 0.2
            let result = try withExtendedLifetime(server) { try Self.result(request) }
            #expect(result == .failure(error))
        }
    }

    @Test("follows no redirect")
    func redirect() throws {
        let other = try LoopbackServer { _ in .ok("{}") }
        let reply = LoopbackServer.Reply.response(
            307, body: "", headers: ["Location: \(other.url)/x"])
        let response = try result(reply).get()
        #expect(response.status == 307 && response["location"] == other.url + "/x")
        #expect(other.requests.isEmpty)
    }

    @Test("says that nobody listens")
    func nobody() throws {
        let port = try LoopbackServer { _ in .ok("") }.port
        let result = try Self.result(Self.request("http://127.0.0.1:\(port)/"))
        guard case .failure(.unreachable) = result else {
            Issue.record("\(result)")
            return
        }
    }

    @Test("speaks only http, and https only to a server that proves itself")
    func schemes() throws {
        guard case .failure(.notStarted) = try Self.result(Self.request("file:///etc/hostname"))
        else { Issue.record("a file was read"); return }
        let server = try LoopbackServer { _ in .ok("") }
        let url = "https://127.0.0.1:\(server.port)/"
        try withExtendedLifetime(server) {
            guard case .failure = try Self.result(Self.request(url, timeout: 1)) else {
                Issue.record("plain text was taken for https")
                return
            }
        }
    }

    @Test("runs several requests side by side")
    func several() throws {
        let server = try LoopbackServer { request in
            .late(request.text == "0" ? 1 : 0.05, body: request.text)
        }
        let client = try HTTPClient()
        for id in 0..<3 {
            try client.start(Self.request(server.url, body: "\(id)"), id: id)
        }
        var ids: [Int] = []
        while client.count > 0 {
            for (id, result) in client.wait(seconds: 1) {
                #expect(try result.get().body == Array("\(id)".utf8))
                ids.append(id)
            }
        }
        #expect(ids.count == 3 && ids.last == 0 && server.mostAtOnce > 1)
    }
}
