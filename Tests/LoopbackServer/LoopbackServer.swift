import Foundation
import Glibc
import Synchronization

/// A server on this machine that answers as a test tells it, rightly or wrongly.
///
/// Each connection has a thread and carries one request.
public final class LoopbackServer: Sendable {
    /// What a client asked.
    public struct Request: Sendable {
        /// How many requests came before.
        public let number: Int
        /// When it was whole.
        public let time: ContinuousClock.Instant
        /// As in `POST /v1/chat/completions HTTP/1.1`.
        public let line: String
        /// The header lines.
        public let headers: [String]
        /// The body.
        public let body: [UInt8]

        /// The body as text.
        public var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// What the server does.
    public enum Reply: Sendable {
        /// A response with the right length.
        case response(Int, body: String, headers: [String] = [])
        /// These bytes as they are, and the end of the connection.
        case raw([UInt8])
        /// These bytes, and then nothing for so many seconds.
        case stall([UInt8], seconds: Double)
        /// A right response, but only after some seconds.
        case late(Double, body: String)

        /// A response of JSON.
        public static func ok(_ body: String) -> Reply { .response(200, body: body) }

        /// Text as it is, and the end of the connection.
        public static func raw(_ text: String) -> Reply { .raw(Array(text.utf8)) }
    }

    /// The port that was free.
    public let port: Int
    private let descriptor: Int32
    private let seen = Mutex<[Request]>([])
    private let underWay = Mutex<(now: Int, most: Int)>((0, 0))
    private let reply: @Sendable (Request) -> Reply

    /// Starts to listen.
    ///
    /// - Parameter reply: Decides on each request; called on the connection's thread.
    /// - Throws: `POSIXError` if there is no port.
    public init(_ reply: @escaping @Sendable (Request) -> Reply) throws {
        // A client that goes away must not end the tests.
        signal(SIGPIPE, SIG_IGN)
        self.reply = reply
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(listener, generic, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, generic, &length) == 0
            }
        }
        guard listening else { throw POSIXError(.EADDRNOTAVAIL) }
        port = Int(UInt16(bigEndian: address.sin_port))
        descriptor = listener
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 { break }
                guard let server = self else {
                    close(connection)
                    break
                }
                Thread.detachNewThread { server.serve(connection) }
            }
            // Here and nowhere else: the number may belong to another socket afterwards.
            close(listener)
        }
    }

    // Ends the waiting for connections.
    deinit { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// The address of the service.
    public var url: String { "http://127.0.0.1:\(port)/v1" }

    /// All requests so far, in order.
    public var requests: [Request] { seen.withLock { $0 } }

    /// The most requests that were open at once.
    public var mostAtOnce: Int { underWay.withLock { $0.most } }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        guard let request = receive(connection) else { return }
        underWay.withLock {
            $0.now += 1
            $0.most = max($0.most, $0.now)
        }
        switch reply(request) {
        case .response(let status, let body, let headers):
            leave()
            send(Self.response(status, body, headers), to: connection)
        case .late(let seconds, let body):
            Thread.sleep(forTimeInterval: seconds)
            leave()
            send(Self.response(200, body, []), to: connection)
        case .raw(let bytes):
            leave()
            send(bytes, to: connection)
        case .stall(let bytes, let seconds):
            send(bytes, to: connection)
            waitForEnd(connection, seconds)
            leave()
        }
        shutdown(connection, Int32(SHUT_WR))
    }

    private func leave() { underWay.withLock { $0.now -= 1 } }

    private static func response(_ status: Int, _ body: String, _ headers: [String]) -> [UInt8] {
        let lines =
            [
                "HTTP/1.1 \(status) Status", "Content-Type: application/json",
                "Content-Length: \(body.utf8.count)", "Connection: close",
            ] + headers
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8)
    }

    /// Reads a request with a content length.
    private func receive(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let blank = Array("\r\n\r\n".utf8)
        while true {
            if let end = bytes.firstRange(of: blank) {
                let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
                let lines = head.split(separator: "\r\n").map(String.init)
                let prefix = "content-length:"
                let length =
                    lines.first { $0.lowercased().hasPrefix(prefix) }
                    .flatMap { Int($0.dropFirst(prefix.count).filter(\.isNumber)) } ?? 0
                if bytes.count >= end.upperBound + length {
                    let body = Array(bytes[end.upperBound..<end.upperBound + length])
                    return seen.withLock { seen in
                        let request = Request(
                            number: seen.count, time: .now, line: lines.first ?? "",
                            headers: Array(lines.dropFirst()), body: body)
                        seen.append(request)
                        return request
                    }
                }
            }
            let count = recv(connection, &chunk, chunk.count, 0)
            guard count > 0 else { return nil }
            bytes += chunk[..<count]
        }
    }

    private func send(_ bytes: [UInt8], to connection: Int32) {
        var start = 0
        while start < bytes.count {
            let count = bytes[start...].withUnsafeBytes {
                Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            start += count
        }
    }

    /// Waits until the client goes away.
    private func waitForEnd(_ connection: Int32, _ seconds: Double) {
        var descriptor = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
        _ = poll(&descriptor, 1, Int32(seconds * 1000))
    }
}
