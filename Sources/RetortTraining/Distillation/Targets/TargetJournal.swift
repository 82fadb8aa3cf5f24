import Glibc
import RetortFiles

/// The work on a file of soft targets so far, beside it as `NAME.journal`.
///
/// A first line names the work by a sum; then come records, one for each step of the work in order,
/// whose sizes follow from the plan: the bytes, and eight more that sum them up together with the
/// step's number and the first line. A record that was not written whole, and all after it, is
/// dropped; so a process may be killed at any moment.
final class TargetJournal {
    private let path: String
    private let descriptor: Int32
    private let head: [UInt8]
    private let sizes: [Int]
    /// Where each record begins; last, where the journal ends.
    private let starts: [Int]
    /// Records that are there.
    private(set) var count = 0

    /// Opens the journal of some work, or begins it.
    ///
    /// - Parameters:
    ///   - path: The journal.
    ///   - work: A sum of all that the work depends on.
    ///   - sizes: Of all records' bytes.
    /// - Throws: ``FileError``; ``SoftTargetError`` if it belongs to other work, or to a process.
    init(_ path: String, work: String, sizes: [Int]) throws {
        self.path = path
        self.sizes = sizes
        head = Array("retort soft targets, journal 1, \(work)\n".utf8)
        starts = sizes.reduce(into: [head.count]) {
            $0.append($0[$0.count - 1] + $1 + Self.sumSize)
        }
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW
        descriptor = unsafe open(path, flags, 0o644)
        guard descriptor >= 0 else { throw FileError.writing(path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw errno == EWOULDBLOCK ? SoftTargetError.inUse(path: path) : FileError.writing(path)
        }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw FileError.notRegular(path: path)
        }
        try readRecords(size: Int(status.st_size))
    }

    deinit {
        // A child that was forked meanwhile has the file open too; the lock must not wait for it.
        _ = flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    private static let sumSize = 8

    /// Finds the whole records and cuts off what follows.
    private func readRecords(size: Int) throws {
        if size < head.count {
            // Killed while the first line was written, unless it is something else's.
            guard try head.starts(with: bytes(at: 0, count: size)) else {
                throw SoftTargetError.otherJournal(path: path)
            }
            try cut(at: 0)
            return try append(head)
        }
        guard try bytes(at: 0, count: head.count) == head else {
            throw SoftTargetError.otherJournal(path: path)
        }
        while count < sizes.count, starts[count + 1] <= size, try isWhole(count) { count += 1 }
        try cut(at: starts[count])
    }

    private func isWhole(_ index: Int) throws -> Bool {
        let record = try bytes(at: starts[index], count: sizes[index] + Self.sumSize)
        let content = Array(record.prefix(sizes[index]))
        return sum(content, index) == Array(record.suffix(Self.sumSize))
    }

    private func sum(_ bytes: [UInt8], _ index: Int) -> [UInt8] {
        var hash = SHA256()
        hash.update(head)
        hash.update(Array("\(index)\n".utf8))
        hash.update(bytes)
        return Array(hash.finished().utf8.prefix(Self.sumSize))
    }

    /// The bytes of a record.
    ///
    /// - Parameter index: Below ``count``.
    /// - Returns: What was appended.
    /// - Throws: ``FileError``.
    func record(_ index: Int) throws -> [UInt8] {
        try bytes(at: starts[index], count: sizes[index])
    }

    /// Appends the next record.
    ///
    /// - Parameter bytes: Of the size that was promised.
    /// - Throws: ``FileError``, for example for a full disk.
    func appendRecord(_ bytes: [UInt8]) throws {
        precondition(count < sizes.count && bytes.count == sizes[count])
        do {
            try append(bytes + sum(bytes, count))
        } catch {
            // What was written of it is of no use, and another try must not follow it.
            try? cut(at: starts[count])
            throw error
        }
        count += 1
    }

    /// Removes the journal.
    func remove() throws { try Folder.remove(path) }

    private func cut(at size: Int) throws(FileError) {
        guard ftruncate(descriptor, size) == 0 else { throw .writing(path) }
        guard lseek(descriptor, size, SEEK_SET) == size else { throw .writing(path) }
    }

    private func append(_ bytes: [UInt8]) throws(FileError) {
        var start = 0
        while start < bytes.count {
            let written = unsafe bytes.withUnsafeBytes { buffer in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[start...])
                return unsafe write(descriptor, rest.baseAddress, rest.count)
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw .writing(path) }
            start += written
        }
    }

    private func bytes(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var start = 0
        while start < count {
            let read = unsafe bytes.withUnsafeMutableBytes { buffer in
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[start...])
                return unsafe pread(descriptor, rest.baseAddress, rest.count, offset + start)
            }
            if read < 0, errno == EINTR { continue }
            guard read > 0 else { throw .reading(path) }
            start += read
        }
        return bytes
    }
}
