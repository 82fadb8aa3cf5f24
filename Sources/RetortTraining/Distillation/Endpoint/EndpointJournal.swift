import Glibc
import RetortFiles

/// The answers that were given so far, on disk: a line each, synced before the next is asked for.
///
/// ```
/// {"journal":"retort endpoint","version":1}
/// {"key":"<SHA-256 of address and request>","message":{…},"finish_reason":"stop",…}
/// ```
///
/// A line that a killed program left unfinished is cut off. One program at a time may write.
final class EndpointJournal {
    let path: String
    private let descriptor: Int32
    /// Where each answer's line lies, by its key.
    private var places: [String: (line: Int, range: Range<Int>)] = [:]
    private var size = 0
    private var lineCount = 1

    private static let header = Array(#"{"journal":"retort endpoint","version":1}"#.utf8)
    private static let newline = UInt8(ascii: "\n")
    private static let beforeKey = Array(#"{"key":""#.utf8)
    private static let keyLength = 64

    /// Opens a journal, or begins one.
    ///
    /// - Parameter path: The file; its folder must exist.
    /// - Throws: ``EndpointError`` for a file that is no journal or in use, ``FileError``.
    init(_ path: String) throws {
        self.path = path
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0o644)
        guard descriptor >= 0 else { throw FileError.writing(path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw EndpointError.journalInUse(path: path)
        }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw FileError.reading(path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw EndpointError.notJournal(path: path) }
        if status.st_size > 0 { try index(MappedFile(path)) }
        if size == 0 {
            try append(Self.header)
            try Folder.sync(Folder.parent(of: path))
        }
    }

    deinit {
        guard descriptor >= 0 else { return }
        // A child that was forked meanwhile has the file open too; the lock must not wait for it.
        _ = flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// How many requests are answered.
    var count: Int { places.count }

    /// Whether a request is answered.
    func contains(_ key: String) -> Bool { places[key] != nil }

    /// Keeps an answer; it is on disk when this returns.
    func append(_ answer: TeacherAnswer, key: String) throws {
        let object = JSONObject([("key", .string(key))] + answer.members)
        let start = size
        try append(JSONValue.object(object).serializedBytes())
        places[key] = (lineCount, start..<size - 1)
    }

    /// An answer that was kept.
    ///
    /// - Parameters:
    ///   - key: The request's.
    ///   - index: Which of the conversations asks.
    /// - Returns: The answer; nil if the request is not answered.
    /// - Throws: ``EndpointError/damagedJournal(path:line:)``, ``FileError``.
    func answer(_ key: String, index: Int) throws -> TeacherAnswer? {
        guard let place = places[key] else { return nil }
        let bytes = try read(place.range)
        guard let object = (try? JSONParser.parse(bytes))?.object,
            object["key"]?.string == key, let answer = TeacherAnswer(object, index: index)
        else { throw EndpointError.damagedJournal(path: path, line: place.line) }
        return answer
    }

    // MARK: Lines

    /// Finds the lines of a file, and cuts off what stands behind the last line feed.
    private func index(_ file: MappedFile) throws {
        var start = 0
        while start < file.size, let end = file.offset(of: Self.newline, from: start) {
            let number = size == 0 ? 1 : lineCount + 1
            if number == 1 {
                guard file.contents(of: start..<end) == Self.header else {
                    throw EndpointError.notJournal(path: path)
                }
            } else {
                let head = Self.beforeKey.count + Self.keyLength
                guard end - start > head,
                    case let bytes = file.contents(of: start..<start + head),
                    bytes.starts(with: Self.beforeKey), file.contents(of: end - 1..<end) == [0x7d]
                else { throw EndpointError.damagedJournal(path: path, line: number) }
                let key = String(decoding: bytes.suffix(Self.keyLength), as: UTF8.self)
                // The first answer stays, as it did for the run that asked twice.
                if places[key] == nil { places[key] = (number, start..<end) }
            }
            (start, size, lineCount) = (end + 1, end + 1, number)
        }
        guard start < file.size else { return }
        // A foreign file is not cut.
        if size == 0, !Self.header.starts(with: file.contents(of: 0..<min(file.size, 64))) {
            throw EndpointError.notJournal(path: path)
        }
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw FileError.writing(path) }
    }

    private func append(_ line: [UInt8]) throws {
        let bytes = line + [Self.newline]
        var start = 0
        while start < bytes.count {
            let rest = Array(bytes[start...])
            let count = unsafe write(descriptor, rest, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw abandoned(errno) }
            start += count
        }
        guard fsync(descriptor) == 0 else { throw abandoned(errno) }
        if size > 0 { lineCount += 1 }
        size += bytes.count
    }

    /// The error of a failed write, after which no half line may stay.
    private func abandoned(_ code: Int32) -> FileError {
        _ = ftruncate(descriptor, off_t(size))
        return .writing(path, code)
    }

    private func read(_ range: Range<Int>) throws(FileError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        var done = 0
        while done < bytes.count {
            var chunk = [UInt8](repeating: 0, count: min(bytes.count - done, 1 << 20))
            let count = unsafe pread(
                descriptor, &chunk, chunk.count, off_t(range.lowerBound + done))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .reading(path) }
            bytes.replaceSubrange(done..<done + count, with: chunk[..<count])
            done += count
        }
        return bytes
    }
}
