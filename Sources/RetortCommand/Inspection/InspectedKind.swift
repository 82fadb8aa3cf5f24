import Glibc
import RetortFiles

/// A kind of thing that `retort inspect` knows: a recipe, a GGUF file, a run.
protocol InspectedKind: SendableMetatype {
    /// Whether a path is of this kind, by its name, or by how its content begins.
    static func recognizes(_ target: InspectionTarget) -> Bool

    /// Reads it.
    ///
    /// - Returns: What is in it.
    /// - Throws: Why it is not what it seems to be, or, when verifying, cannot be used as that.
    static func inspect(_ target: InspectionTarget) throws -> InspectionReport
}

/// A path to inspect, and what is wanted of it.
struct InspectionTarget {
    /// As it was given.
    let path: String
    /// Whether it is a folder.
    let isFolder: Bool
    /// The first bytes of a file, at most 64.
    let start: [UInt8]
    /// Whether all of it is to be read and checked.
    let verifies: Bool
    /// The model that an adapter belongs to.
    let base: String?

    /// Looks at what lies at a path.
    init(_ path: String, verifies: Bool = false, base: String? = nil) throws(FileError) {
        self.path = path
        self.verifies = verifies
        self.base = base
        // A pipe would block the opening without O_NONBLOCK.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw errno == ENOENT || errno == ENOTDIR
                ? .missing(path: path)
                : .unreadable(path: path, reason: unsafe String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        var status = stat()
        let code = unsafe fstat(descriptor, &status)
        isFolder = code == 0 && status.st_mode & S_IFMT == S_IFDIR
        guard isFolder || (code == 0 && status.st_mode & S_IFMT == S_IFREG) else {
            throw .notRegular(path: path)
        }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = isFolder ? 0 : unsafe read(descriptor, &bytes, bytes.count)
        start = Array(bytes.prefix(max(0, count)))
    }

    /// Whether the name ends so, in upper or lower case.
    func ends(with suffix: String) -> Bool {
        let name = path.utf8.suffix(suffix.utf8.count).map { $0 | 0x20 }
        return name == suffix.utf8.map { $0 | 0x20 }
    }
}

/// What `retort inspect` tells about a path.
struct InspectionReport {
    /// For people.
    let text: String
    /// For programs.
    let json: JSONValue
    /// What is not wrong but worth knowing.
    var warnings: [String] = []
}

/// Why a path cannot be inspected.
enum InspectionError: Error, Equatable, CustomStringConvertible {
    /// None of the kinds recognizes it.
    case unknownKind(path: String)

    var description: String {
        switch self {
        case .unknownKind(let path):
            "\(path.printable): neither its name nor its content is of a kind that retort knows"
        }
    }
}
