import Glibc

/// A file that appears whole or not at all: written aside as `NAME.partial`, synced, renamed.
///
/// If it is dropped before ``finish()``, as when an error is thrown, the partial file is removed
/// and whatever was at the path before stays as it was.
public struct AtomicFile: ByteSink, ~Copyable {
    private let path: String
    private let partialPath: String
    private let descriptor: Int32
    private var byteCount = 0
    private var hash: SHA256?
    private var isInPlace = false

    /// Begins a file.
    ///
    /// - Parameters:
    ///   - path: Where it will appear; its folder must exist. A file there is replaced at the end.
    ///   - hashing: Whether ``finish()`` gives its SHA-256.
    /// - Throws: ``FileError``.
    public init(_ path: String, hashing: Bool = false) throws(FileError) {
        var status = stat()
        if unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            throw .isFolder(path: path)
        }
        let partialPath = path + ".partial"
        _ = unsafe unlink(partialPath)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
        let descriptor = unsafe open(partialPath, flags, 0o644)
        guard descriptor >= 0 else { throw .writing(path) }
        self.path = path
        self.partialPath = partialPath
        self.descriptor = descriptor
        hash = hashing ? SHA256() : nil
    }

    deinit {
        close(descriptor)
        if !isInPlace { _ = unsafe unlink(partialPath) }
    }

    /// Appends bytes.
    ///
    /// - Parameter bytes: The next bytes.
    /// - Throws: ``FileError`` with the system's reason, for example a full disk.
    public mutating func write(_ bytes: RawSpan) throws {
        hash?.update(bytes)
        byteCount += bytes.byteCount
        try unsafe bytes.withUnsafeBytes { bytes in
            var start = 0
            while start < bytes.count {
                let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[start...])
                let count = unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { throw FileError.writing(path) }
                start += count
            }
        }
    }

    /// Syncs the file and renames it to its path.
    ///
    /// - Returns: What was written.
    /// - Throws: ``FileError`` with the system's reason.
    public consuming func finish() throws -> WrittenFile {
        guard fsync(descriptor) == 0 else { throw FileError.writing(path) }
        guard unsafe rename(partialPath, path) == 0 else { throw FileError.writing(path) }
        isInPlace = true
        try Folder.sync(Folder.parent(of: path))
        return WrittenFile(
            path: path, byteCount: byteCount, contentByteCount: byteCount,
            sha256: hash?.finished())
    }

    /// Writes a whole file at once.
    ///
    /// - Parameters:
    ///   - bytes: The content.
    ///   - path: Where it will appear.
    /// - Returns: What was written, with its SHA-256.
    /// - Throws: ``FileError``.
    @discardableResult
    public static func write(_ bytes: [UInt8], to path: String) throws -> WrittenFile {
        var file = try AtomicFile(path, hashing: true)
        try file.write(bytes)
        return try file.finish()
    }
}
