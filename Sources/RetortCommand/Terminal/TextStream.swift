import Glibc

/// Where text goes: standard output, standard error, or a test's record.
protocol TextStream: Sendable {
    /// Whether a person watches, so that lines can be redrawn.
    var isTerminal: Bool { get }

    /// Columns of a line.
    var width: Int { get }

    /// Writes all of it.
    func write(_ text: String) throws(TerminalError)
}

/// Why text could not be written.
enum TerminalError: Error, Equatable, CustomStringConvertible {
    /// The reader has gone; nobody is left to tell.
    case closed
    /// The system refuses, with its reason.
    case failed(String)

    var description: String {
        switch self {
        case .closed: "the results have no reader any more"
        case .failed(let reason): "the results cannot be written: \(reason)"
        }
    }
}

/// Standard output or standard error.
struct StandardStream: TextStream {
    let descriptor: Int32

    static let output = StandardStream(descriptor: STDOUT_FILENO)
    static let errors = StandardStream(descriptor: STDERR_FILENO)

    var isTerminal: Bool { isatty(descriptor) == 1 }

    var width: Int {
        var size = winsize()
        let code = unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size)
        return code == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }

    func write(_ text: String) throws(TerminalError) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EPIPE { throw .closed }
            guard count > 0 else { throw .failed(unsafe String(cString: strerror(errno))) }
            bytes = bytes.dropFirst(count)
        }
    }
}
