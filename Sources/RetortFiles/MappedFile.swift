import Glibc

/// A file's bytes, mapped read-only into memory for as long as the object lives.
///
/// The system reads pages when they are touched and may drop them again; nothing is copied. A
/// file that another program shortens while it is mapped ends this program with a signal, as
/// with every mapping.
@safe
public final class MappedFile: Sendable {
    /// The path the file was opened by.
    public let path: String
    /// The number of bytes; at least 1 for files.
    public let size: Int
    /// All bytes; valid while the object lives.
    package nonisolated(unsafe) let bytes: UnsafeRawBufferPointer

    /// Maps a regular file.
    ///
    /// - Parameter path: The file's path; symbolic links are followed.
    /// - Throws: ``FileError`` if it is missing, empty, a folder, a device or unreadable.
    public init(_ path: String) throws(FileError) {
        // The system would open what stands before a zero byte.
        guard !path.utf8.contains(0) else { throw .missing(path: path) }
        // A named pipe would block the opening without O_NONBLOCK.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .reading(path) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw .reading(path) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw .isFolder(path: path)
        default: throw .notRegular(path: path)
        }
        let size = Int(status.st_size)
        guard size > 0 else { throw .empty(path: path) }
        let start = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let start = unsafe start, unsafe start != MAP_FAILED else { throw .reading(path) }
        self.path = path
        self.size = size
        unsafe bytes = UnsafeRawBufferPointer(start: start, count: size)
    }

    /// Fills memory of a known size and keeps it as if it were a file's.
    ///
    /// - Parameters:
    ///   - path: What the content is called in errors.
    ///   - size: The number of bytes; 0 is allowed.
    ///   - fill: Writes all of them.
    /// - Throws: What the closure throws, or ``FileError`` if there is no memory.
    package init(
        path: String, size: Int, filledBy fill: (UnsafeMutableRawBufferPointer) throws -> Void
    ) throws {
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        let start = unsafe mmap(nil, max(size, 1), PROT_READ | PROT_WRITE, flags, -1, 0)
        guard let start = unsafe start, unsafe start != MAP_FAILED else {
            throw FileError.reading(path)
        }
        self.path = path
        self.size = size
        unsafe bytes = UnsafeRawBufferPointer(start: start, count: size)
        try unsafe fill(UnsafeMutableRawBufferPointer(start: start, count: size))
        _ = unsafe mprotect(start, max(size, 1), PROT_READ)
    }

    deinit {
        _ = unsafe munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), max(size, 1))
    }

    /// Gives some of the bytes to a closure.
    ///
    /// - Parameters:
    ///   - range: Offsets within the file; nil for all of it.
    ///   - body: Reads the bytes, which it must not keep.
    /// - Returns: What the closure returns.
    /// - Throws: What the closure throws.
    /// - Precondition: The range lies within the file.
    public func withBytes<Result, Failure: Error>(
        _ range: Range<Int>? = nil, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let part = unsafe UnsafeRawBufferPointer(rebasing: bytes[range ?? 0..<size])
        defer { withExtendedLifetime(self) {} }
        return try unsafe body(part.bytes)
    }

    /// A copy of all bytes, for small files.
    package var contents: [UInt8] { contents(of: 0..<size) }

    /// A copy of some bytes.
    package func contents(of range: Range<Int>) -> [UInt8] {
        defer { withExtendedLifetime(self) {} }
        return unsafe Array(bytes[range])
    }

    /// The next place of a byte.
    ///
    /// - Parameters:
    ///   - byte: What is looked for.
    ///   - start: Where to begin.
    /// - Returns: Its offset in the file, or nil if it does not come any more.
    package func offset(of byte: UInt8, from start: Int) -> Int? {
        defer { withExtendedLifetime(self) {} }
        let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[start...])
        guard let base = rest.baseAddress,
            let found = unsafe memchr(base, Int32(byte), rest.count)
        else { return nil }
        return unsafe start + (UnsafeRawPointer(found) - base)
    }
}
