import Glibc
import RetortFiles

/// Reads a recipe's bytes, however large or odd the file may be.
enum RecipeFile {
    /// The most bytes of a recipe.
    static let limit = 1 << 20

    static func read(_ path: String) throws(RecipeError) -> [UInt8] {
        // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .unreadable(path, fault(errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw .unreadable(path, fault(errno))
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .unreadable(path, .notAFile) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= limit {
            let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { return bytes }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .unreadable(path, fault(errno)) }
            bytes += chunk[..<count]
        }
        throw .unreadable(path, .tooLong(limit: limit))
    }

    private static func fault(_ code: Int32) -> RecipeError.FileFault {
        switch code {
        case ENOENT, ENOTDIR: return .missing
        case EISDIR: return .notAFile
        default: return .system(unsafe String(cString: strerror(code)))
        }
    }
}
