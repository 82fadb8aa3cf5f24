import CCurl

/// Sends requests side by side and hands out their responses in the order in which they come.
///
/// One thread is enough: it starts requests and waits. Certificates are verified, redirects are
/// not followed, cookies are not kept; connections are used again.
@safe
package final class HTTPClient {
    private let group: UnsafeMutableRawPointer
    private var transfers: [HTTPTransfer] = []

    /// The library, loaded once; nil if all is well, else the reason.
    private static let loadingFailure: String? = {
        guard let reason = unsafe retort_curl_load() else { return nil }
        return unsafe String(cString: reason)
    }()

    /// Prepares a client; libcurl is loaded here.
    ///
    /// - Throws: ``HTTPError/libraryMissing(reason:)``.
    package init() throws(HTTPError) {
        if let reason = Self.loadingFailure { throw .libraryMissing(reason: reason) }
        guard let group = unsafe retort_curl_group() else {
            throw .notStarted(reason: "there is no memory")
        }
        unsafe self.group = group
    }

    deinit {
        for transfer in transfers {
            _ = unsafe retort_curl_remove(group, transfer.handle)
        }
        unsafe retort_curl_free_group(group)
    }

    /// How many requests are under way.
    package var count: Int { transfers.count }

    /// Starts a request.
    ///
    /// - Parameters:
    ///   - request: What is asked.
    ///   - id: What its response is called.
    /// - Throws: ``HTTPError/notStarted(reason:)``.
    package func start(_ request: HTTPRequest, id: Int) throws(HTTPError) {
        let transfer = try HTTPTransfer(request, id: id)
        let code = unsafe retort_curl_add(group, transfer.handle)
        guard code == CURLM_OK else { throw .notStarted(reason: "libcurl's code \(code.rawValue)") }
        transfers.append(transfer)
    }

    /// Lets requests go on, and waits for one to end.
    ///
    /// - Parameter seconds: The longest wait.
    /// - Returns: The requests that ended, none if the time is over first.
    package func wait(seconds: Double) -> [(id: Int, result: Result<HTTPResponse, HTTPError>)] {
        var running: Int32 = 0
        _ = unsafe retort_curl_perform(group, &running)
        var ended = takeEnded()
        if ended.isEmpty {
            let milliseconds = Int32(max(0, min(seconds, 60) * 1000).rounded(.up))
            _ = unsafe retort_curl_wait(group, milliseconds)
            _ = unsafe retort_curl_perform(group, &running)
            ended = takeEnded()
        }
        return ended + takeStalled()
    }

    private func takeEnded() -> [(id: Int, result: Result<HTTPResponse, HTTPError>)] {
        var ended: [(id: Int, result: Result<HTTPResponse, HTTPError>)] = []
        var code = CURLE_OK
        while let handle = unsafe retort_curl_ended(group, &code) {
            guard let index = transfers.firstIndex(where: { unsafe $0.handle == handle })
            else { continue }
            let transfer = take(index)
            ended.append((transfer.id, transfer.result(code)))
        }
        return ended
    }

    /// Gives up on responses that began and do not go on.
    private func takeStalled() -> [(id: Int, result: Result<HTTPResponse, HTTPError>)] {
        let now = ContinuousClock.now
        var ended: [(id: Int, result: Result<HTTPResponse, HTTPError>)] = []
        for index in transfers.indices.reversed() {
            let limit = transfers[index].request.stallTimeout
            guard let lastByte = transfers[index].lastByte, now - lastByte > .seconds(limit) else {
                continue
            }
            ended.append((take(index).id, .failure(.stalled(seconds: limit))))
        }
        return ended
    }

    /// Takes a request out of the group.
    private func take(_ index: Int) -> HTTPTransfer {
        let transfer = transfers.remove(at: index)
        _ = unsafe retort_curl_remove(group, transfer.handle)
        return transfer
    }
}
