import CCurl

/// One request under way: libcurl's handle, and what has come of the response.
@safe
final class HTTPTransfer {
    let id: Int
    let handle: UnsafeMutableRawPointer
    let request: HTTPRequest
    private var lines: UnsafeMutablePointer<curl_slist>?
    private let reason: UnsafeMutablePointer<CChar>
    private var response = HTTPResponse(status: 0, headers: [], body: [])
    private var headerLength = 0
    /// Whether the empty line behind the header lines came; libcurl is content without.
    private var hasWholeHeader = false
    /// Why the response was refused while it came.
    private var refusal: HTTPError?
    private let begun = ContinuousClock.now
    /// When the last byte came of a body that has begun.
    ///
    /// Some servers send the header, or white space, long before they have anything to say.
    private(set) var lastByte: ContinuousClock.Instant?

    /// Sets a request up; it runs when it is added to a group.
    init(_ request: HTTPRequest, id: Int) throws(HTTPError) {
        guard let handle = unsafe retort_curl_make() else {
            throw .notStarted(reason: "there is no memory")
        }
        self.id = id
        self.request = request
        unsafe self.handle = handle
        unsafe reason = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe reason.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        try setUp()
    }

    deinit {
        unsafe retort_curl_free(handle)
        unsafe retort_curl_free_lines(lines)
        unsafe reason.deallocate()
    }

    private func setUp() throws(HTTPError) {
        try text(CURLOPT_URL, request.url)
        // The address is checked to be http or https; libcurl is told all the same, and follows
        // no redirect, so that neither key nor prompt can reach another host.
        try number(CURLOPT_PROTOCOLS, Int(CURLPROTO_HTTP | CURLPROTO_HTTPS))
        try number(CURLOPT_FOLLOWLOCATION, 0)
        try number(CURLOPT_SSL_VERIFYPEER, 1)
        try number(CURLOPT_SSL_VERIFYHOST, 2)
        // No signals: they are the program's.
        try number(CURLOPT_NOSIGNAL, 1)
        try number(CURLOPT_NETRC, 0)
        if !request.allowsProxy { try text(CURLOPT_PROXY, "") }
        try number(CURLOPT_TIMEOUT_MS, Self.milliseconds(request.timeout))
        try number(
            CURLOPT_CONNECTTIMEOUT_MS,
            Self.milliseconds(min(request.timeout, HTTPRequest.connectTimeout)))
        try number(CURLOPT_POST, 1)
        try check(
            unsafe retort_curl_set_size(
                handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count)))
        try check(
            unsafe request.body.withUnsafeBytes { body in
                unsafe retort_curl_set_pointer(
                    handle, CURLOPT_COPYPOSTFIELDS,
                    UnsafeMutableRawPointer(mutating: body.baseAddress))
            })
        // An empty Expect keeps libcurl from asking first whether a long body is welcome.
        for line in ["Content-Type: application/json", "Expect:"] + request.headers {
            guard let longer = unsafe retort_curl_append(lines, line) else {
                throw .notStarted(reason: "there is no memory")
            }
            unsafe lines = longer
        }
        try check(unsafe retort_curl_set_lines(handle, lines))
        try check(unsafe retort_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, reason))
        let owner = unsafe Unmanaged.passUnretained(self).toOpaque()
        try check(unsafe retort_curl_set_pointer(handle, CURLOPT_WRITEDATA, owner))
        try check(unsafe retort_curl_set_pointer(handle, CURLOPT_HEADERDATA, owner))
        try check(unsafe retort_curl_set_receiver(handle, CURLOPT_WRITEFUNCTION, receiveBody))
        try check(unsafe retort_curl_set_receiver(handle, CURLOPT_HEADERFUNCTION, receiveHeader))
    }

    private func number(_ option: CURLoption, _ value: Int) throws(HTTPError) {
        try check(unsafe retort_curl_set_number(handle, option, value))
    }

    private func text(_ option: CURLoption, _ value: String) throws(HTTPError) {
        try check(unsafe retort_curl_set_text(handle, option, value))
    }

    private func check(_ code: CURLcode) throws(HTTPError) {
        guard code == CURLE_OK else { throw .notStarted(reason: Self.reason(code)) }
    }

    private static func milliseconds(_ seconds: Double) -> Int {
        Int(max(1, min(seconds, 1e6) * 1000))
    }

    private static func reason(_ code: CURLcode) -> String {
        guard let text = unsafe retort_curl_reason(code) else { return "code \(code.rawValue)" }
        return unsafe String(cString: text)
    }

    // MARK: What comes

    /// Takes bytes of the body; whether there was room for them.
    fileprivate func take(body: UnsafeRawBufferPointer) -> Bool {
        if unsafe lastByte != nil || body.contains(where: { $0 > 0x20 }) { lastByte = .now }
        guard body.count <= request.responseLimit - response.body.count else {
            refusal = .tooLong(limit: request.responseLimit)
            return false
        }
        unsafe response.body.append(contentsOf: body)
        return true
    }

    /// Takes a header line; whether there was room for it.
    fileprivate func take(header: UnsafeRawBufferPointer) -> Bool {
        headerLength += header.count
        guard headerLength <= HTTPRequest.headerLimit else {
            refusal = .headersTooLong(limit: HTTPRequest.headerLimit)
            return false
        }
        let line = unsafe String(decoding: header, as: UTF8.self)
        // A response may come after others that only said "go on".
        if line.hasPrefix("HTTP/") { (response.headers, hasWholeHeader) = ([], false) }
        if line == "\r\n" || line == "\n" { hasWholeHeader = true }
        if let colon = line.firstIndex(of: ":") {
            response.headers.append(
                (
                    line[..<colon].lowercased(),
                    Self.trimmed(line[line.index(after: colon)...])
                ))
        }
        return true
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text.drop { $0.isWhitespace })
    }

    // MARK: How it ended

    /// The response, or why there is none.
    func result(_ code: CURLcode) -> Result<HTTPResponse, HTTPError> {
        if let refusal { return .failure(refusal) }
        guard code == CURLE_OK else { return .failure(error(code)) }
        guard hasWholeHeader else { return .failure(.cut(reason: "inside the header")) }
        response.status = unsafe retort_curl_status(handle)
        return .success(response)
    }

    private func error(_ code: CURLcode) -> HTTPError {
        let detail = unsafe String(cString: reason)
        let reason = detail.isEmpty ? Self.reason(code) : detail
        // The time for connecting is shorter than that for all.
        let limit = Duration.seconds(request.timeout * 0.99)
        return switch code {
        case CURLE_OPERATION_TIMEDOUT where ContinuousClock.now - begun < limit:
            .unreachable(reason: reason)
        case CURLE_OPERATION_TIMEDOUT: .timedOut(seconds: request.timeout)
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT,
            CURLE_INTERFACE_FAILED:
            .unreachable(reason: reason)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_PINNEDPUBKEYNOTMATCH,
            CURLE_SSL_INVALIDCERTSTATUS:
            .notTrusted(reason: reason)
        case CURLE_OUT_OF_MEMORY, CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL,
            CURLE_FAILED_INIT, CURLE_NOT_BUILT_IN, CURLE_BAD_FUNCTION_ARGUMENT:
            .notStarted(reason: reason)
        default: .cut(reason: reason)
        }
    }
}

/// Takes a piece of a body; another number than the given one makes libcurl give up.
private func receiveBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int,
    _ owner: UnsafeMutableRawPointer?
) -> Int {
    unsafe receive(bytes, size, count, owner) { unsafe $0.take(body: $1) }
}

/// Takes a header line.
private func receiveHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int,
    _ owner: UnsafeMutableRawPointer?
) -> Int {
    unsafe receive(bytes, size, count, owner) { unsafe $0.take(header: $1) }
}

private func receive(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int,
    _ owner: UnsafeMutableRawPointer?,
    _ take: (HTTPTransfer, UnsafeRawBufferPointer) -> Bool
) -> Int {
    let (length, overflow) = size.multipliedReportingOverflow(by: count)
    guard let owner = unsafe owner, let bytes = unsafe bytes, !overflow, length > 0 else {
        return 0
    }
    let transfer = unsafe Unmanaged<HTTPTransfer>.fromOpaque(owner).takeUnretainedValue()
    let piece = unsafe UnsafeRawBufferPointer(start: bytes, count: length)
    return unsafe take(transfer, piece) ? length : 0
}
