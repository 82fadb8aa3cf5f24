import Testing

@testable import RetortNetwork

@Suite("WebAddress")
struct WebAddressTests {
    @Test(
        "keeps what it was given, without a slash at the end",
        arguments: [
            ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1", "127.0.0.1", true, false),
            (
                "https://api.example.com/v1//", "https://api.example.com/v1", "api.example.com",
                false, true
            ),
            ("HTTP://localhost", "http://localhost", "localhost", true, false),
            ("http://[::1]:1/", "http://[::1]:1", "::1", true, false),
            ("http://127.example.com", "http://127.example.com", "127.example.com", false, false),
        ])
    func reads(_ text: String, _ kept: String, _ host: String, _ isHere: Bool, _ isSafe: Bool)
        throws
    {
        let address = try WebAddress(text)
        #expect(address.description == kept)
        #expect(address.host == host)
        #expect(address.isLoopback == isHere)
        #expect(address.isEncrypted == isSafe)
    }

    @Test(
        "refuses what is no address or may hold a secret",
        arguments: [
            ("", WebAddress.Fault.scheme), ("localhost:8080", .scheme), ("ftp://a/b", .scheme),
            ("file:///etc/passwd", .scheme), ("http:/a", .scheme), ("http://", .host),
            ("http://:80/", .host), ("http://a b/", .characters),
            ("http://a\r\nX: y/", .characters),
            ("http://user:pass@host/v1", .credentials), ("https://key@host", .credentials),
            ("http://host:0/", .port), ("http://host:65536", .port), ("http://host:", .port),
            ("http://host:+80", .port), ("http://h/v1?key=abc", .query), ("http://h/#x", .query),
            ("http://[::1", .host), ("http://[g]/", .host), ("http://hôst/", .characters),
            ("http://[::1]x/", .port),
        ])
    func refuses(_ text: String, _ fault: WebAddress.Fault) {
        #expect(throws: fault) { _ = try WebAddress(text) }
    }
}
