import Glibc
import RetortFiles
import RetortKernels

/// A path to inspect, and what is wanted of it.
package struct InspectionTarget {
    /// As it was given, without slashes at its end.
    let path: String
    /// Whether it is a folder.
    let isFolder: Bool
    /// Whether all of it is to be read and checked.
    let verifies: Bool
    /// The model that an adapter belongs to.
    let base: String?
    /// The arithmetic, made when something is verified.
    let kernels: () throws -> Kernels
    /// The first bytes of a file.
    private let start: [UInt8]

    /// Looks at what lies at a path.
    ///
    /// - Parameters:
    ///   - path: A file or folder.
    ///   - verifies: Whether all of it is to be read and checked.
    ///   - base: The model that an adapter belongs to.
    ///   - kernels: Makes the arithmetic.
    /// - Throws: ``FileError``.
    package init(
        _ path: String, verifies: Bool = false, base: String? = nil,
        kernels: @escaping () throws -> Kernels
    ) throws(FileError) {
        var path = path
        while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path.removeLast() }
        self.path = path
        self.verifies = verifies
        self.base = base
        self.kernels = kernels
        (isFolder, start) = try Self.look(at: path)
    }

    /// The same wishes for another path, as that of a folder inside.
    func with(_ path: String, base: String? = nil) throws(FileError) -> InspectionTarget {
        try InspectionTarget(path, verifies: verifies, base: base, kernels: kernels)
    }

    private static func look(at path: String) throws(FileError) -> (Bool, [UInt8]) {
        guard !path.utf8.contains(0) else { throw .missing(path: path) }
        // A pipe would block the opening without O_NONBLOCK.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .reading(path) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw .reading(path) }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: return (true, [])
        case S_IFREG: break
        default: throw .notRegular(path: path)
        }
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = unsafe read(descriptor, &bytes, bytes.count)
        return (false, Array(bytes.prefix(max(0, count))))
    }

    /// Whether this is a file whose name ends so, in upper or lower case.
    func isFile(named suffixes: String...) -> Bool {
        !isFolder
            && suffixes.contains {
                path.lowercased().utf8.suffix($0.utf8.count).elementsEqual($0.utf8)
            }
    }

    /// Whether this is a file that begins with some bytes, the first of them at an offset.
    func begins(with bytes: some Collection<UInt8>, at offset: Int = 0) -> Bool {
        start.dropFirst(offset).starts(with: bytes)
    }

    /// Whether this is a folder that holds something of a name.
    func holds(_ name: String) -> Bool { isFolder && Folder.exists("\(path)/\(name)") }
}
