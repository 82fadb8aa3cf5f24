/// A request that sends JSON and expects JSON.
package struct HTTPRequest: Sendable {
    /// Where it goes.
    package var url: String
    /// Lines such as `Authorization: Bearer …`; no control characters.
    package var headers: [String]
    /// What is sent.
    package var body: [UInt8]
    /// The most bytes of the response's body.
    package var responseLimit: Int
    /// Seconds for all of it.
    package var timeout: Double
    /// Whether a proxy of the environment may stand between; not for this machine itself.
    package var allowsProxy: Bool

    /// Seconds without a byte after which a body that has begun counts as dead.
    package var stallTimeout = 30.0

    /// Seconds until the server must be reached.
    static let connectTimeout = 15.0
    /// The most bytes of the response's header lines.
    static let headerLimit = 1 << 16

    /// Creates a request.
    ///
    /// - Parameters:
    ///   - url: The whole address.
    ///   - headers: Header lines besides the content type.
    ///   - body: JSON.
    ///   - responseLimit: The most bytes that are taken.
    ///   - timeout: Seconds for all of it, connecting included.
    ///   - allowsProxy: Whether a proxy of the environment is used.
    package init(
        url: String, headers: [String], body: [UInt8], responseLimit: Int, timeout: Double,
        allowsProxy: Bool
    ) {
        self.url = url
        self.headers = headers
        self.body = body
        self.responseLimit = responseLimit
        self.timeout = timeout
        self.allowsProxy = allowsProxy
    }
}

/// What a server answered, whatever its status.
package struct HTTPResponse: Sendable, Equatable {
    /// The status, as in 200 or 429.
    package var status: Int
    /// The header lines, in order; names in small letters.
    package var headers: [(name: String, value: String)]
    /// The body, whole.
    package var body: [UInt8]

    /// Creates a response.
    ///
    /// - Parameters:
    ///   - status: The status.
    ///   - headers: Names in small letters, and values.
    ///   - body: The body.
    package init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first value of a header.
    ///
    /// - Parameter name: In small letters.
    /// - Returns: The value without white space around it.
    package subscript(name: String) -> String? { headers.first { $0.name == name }?.value }

    /// Whether status, headers and body are the same.
    package static func == (left: Self, right: Self) -> Bool {
        left.status == right.status && left.body == right.body
            && left.headers.elementsEqual(right.headers, by: ==)
    }
}

/// Why there is no response.
public enum HTTPError: Error, Equatable, CustomStringConvertible {
    /// libcurl is not installed or does not fit.
    case libraryMissing(reason: String)
    /// There is no memory for another transfer, or libcurl refuses an option.
    case notStarted(reason: String)
    /// The server cannot be reached.
    case unreachable(reason: String)
    /// The server's certificate does not prove that it is the one that was asked for.
    case notTrusted(reason: String)
    /// No answer came in time.
    case timedOut(seconds: Double)
    /// The answer began and did not go on.
    case stalled(seconds: Double)
    /// The connection ended before the answer did.
    case cut(reason: String)
    /// The answer's body is longer than any that was asked for.
    case tooLong(limit: Int)
    /// The header lines are longer than any server's.
    case headersTooLong(limit: Int)

    /// Whether the same request may succeed later.
    public var isPassing: Bool {
        switch self {
        case .unreachable, .timedOut, .stalled, .cut: true
        case .libraryMissing, .notStarted, .notTrusted, .tooLong, .headersTooLong: false
        }
    }

    /// What is wrong, without the address, which the caller knows.
    public var description: String {
        switch self {
        case .libraryMissing(let reason):
            "libcurl could not be loaded (\(reason)); install it (on Debian: libcurl4)"
        case .notStarted(let reason): "the request could not be made (\(reason))"
        case .unreachable(let reason): "the server cannot be reached (\(reason))"
        case .notTrusted(let reason):
            "the server's certificate is not trusted (\(reason)); nothing was sent"
        case .timedOut(let seconds): "there was no answer within \(Self.text(seconds)) s"
        case .stalled(let seconds):
            "the answer began and then nothing came for \(Self.text(seconds)) s"
        case .cut(let reason): "the connection was cut (\(reason))"
        case .tooLong(let limit): "the answer is longer than \(limit) bytes"
        case .headersTooLong(let limit): "the answer's header is longer than \(limit) bytes"
        }
    }

    private static func text(_ seconds: Double) -> String {
        seconds == seconds.rounded() && seconds < 1e9 ? "\(Int(seconds))" : "\(seconds)"
    }
}
