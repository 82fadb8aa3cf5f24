import Glibc

/// Why a file or folder could not be read or written.
public enum FileError: Error, Equatable, CustomStringConvertible {
    /// Nothing is at the path.
    case missing(path: String)
    /// The file has no bytes.
    case empty(path: String)
    /// A folder stands where a file was expected.
    case isFolder(path: String)
    /// A pipe, socket or device stands where a file was expected.
    case notRegular(path: String)
    /// A file or folder stands where nothing may be.
    case exists(path: String)
    /// The system refuses to read; the reason is the system's.
    case unreadable(path: String, reason: String)
    /// The system refuses to write; the reason is the system's.
    case unwritable(path: String, reason: String)

    /// One sentence: where, what, what to do.
    public var description: String {
        switch self {
        case .missing(let path): "\(path): no such file; check the path."
        case .empty(let path): "\(path): the file is empty; fetch or write it again."
        case .isFolder(let path): "\(path): is a folder; name a file."
        case .notRegular(let path): "\(path): is not a regular file; name one."
        case .exists(let path): "\(path): exists already; name another path or remove it."
        case .unreadable(let path, let reason): "\(path): cannot be read: \(reason)."
        case .unwritable(let path, let reason):
            "\(path): cannot be written: \(reason); nothing was left behind."
        }
    }

    /// The error for a failed read, from the system's error number.
    package static func reading(_ path: String, _ code: Int32 = errno) -> FileError {
        switch code {
        case ENOENT, ENOTDIR: .missing(path: path)
        case EISDIR: .isFolder(path: path)
        default: .unreadable(path: path, reason: systemReason(code))
        }
    }

    /// The error for a failed write, from the system's error number.
    package static func writing(_ path: String, _ code: Int32 = errno) -> FileError {
        .unwritable(path: path, reason: systemReason(code))
    }
}

/// What the system calls an error number, for example "No space left on device".
package func systemReason(_ code: Int32) -> String {
    guard let text = unsafe strerror(code) else { return "system error \(code)" }
    return unsafe String(cString: text)
}
