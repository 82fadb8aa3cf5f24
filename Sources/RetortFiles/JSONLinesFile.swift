/// A file of JSON objects, one per line, that stays mapped; lines are parsed when asked for.
///
/// Lines end at LF only, so text may hold U+2028 and U+0085. A byte order mark at the start is
/// skipped, blank lines are skipped, CR before LF is white space.
public struct JSONLinesFile: Sendable {
    /// The file.
    public let file: MappedFile
    private let lines: [Line]

    private struct Line {
        var number: Int
        var range: Range<Int>
    }

    /// Finds the lines of a file.
    ///
    /// - Parameter path: The file's path.
    /// - Throws: ``FileError``, or ``JSONLinesError`` if the file is UTF-16 or has no lines.
    public init(_ path: String) throws {
        file = try MappedFile(path)
        lines = Self.lines(of: file)
        let start = file.contents(of: 0..<min(2, file.size))
        if start == [0xff, 0xfe] || start == [0xfe, 0xff] {
            throw JSONLinesError.isUTF16(path: path)
        }
        if lines.isEmpty { throw JSONLinesError.noLines(path: path) }
    }

    /// How many lines are not blank.
    public var count: Int { lines.count }

    /// The number of a line in the file, from 1; blank ones count.
    ///
    /// - Parameter index: Which of the lines that are not blank.
    /// - Returns: The number that editors show.
    public func lineNumber(_ index: Int) -> Int { lines[index].number }

    /// The bytes of a line.
    public func bytes(_ index: Int) -> [UInt8] { file.contents(of: lines[index].range) }

    /// Whether the last line is ended; one that a program was writing when it died is not.
    package var endsWithNewline: Bool {
        file.contents(of: file.size - 1..<file.size) == [UInt8(ascii: "\n")]
    }

    /// Parses a line.
    ///
    /// - Parameter index: Which of the lines that are not blank.
    /// - Returns: The object on it.
    /// - Throws: ``JSONLinesError`` with the line's number.
    public func object(_ index: Int) throws(JSONLinesError) -> JSONObject {
        let line = lines[index]
        let text = file.contents(of: line.range)
        do throws(JSONError) {
            if let object = try JSONParser.parse(text).object { return object }
        } catch {
            if text.starts(with: Self.byteOrderMark) {
                throw .byteOrderMark(path: file.path, line: line.number)
            }
            throw .notJSON(path: file.path, line: line.number, error: error)
        }
        throw .notObject(path: file.path, line: line.number)
    }

    private static let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]

    private static func isBlank(_ range: Range<Int>, in file: MappedFile) -> Bool {
        unsafe file.bytes[range].allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }
    }

    private static func lines(of file: MappedFile) -> [Line] {
        var lines: [Line] = []
        var (start, number) = (0, 1)
        if file.contents(of: 0..<min(3, file.size)) == byteOrderMark { start = 3 }
        while start < file.size {
            let end = file.offset(of: UInt8(ascii: "\n"), from: start) ?? file.size
            if !isBlank(start..<end, in: file) {
                lines.append(Line(number: number, range: start..<end))
            }
            start = end + 1
            number += 1
        }
        return lines
    }
}

/// Why a file of JSON lines was refused.
public enum JSONLinesError: Error, Equatable, CustomStringConvertible {
    /// The file is UTF-16.
    case isUTF16(path: String)
    /// All lines are blank.
    case noLines(path: String)
    /// A line is not JSON; byte offsets count from the line's start.
    case notJSON(path: String, line: Int, error: JSONError)
    /// A line holds JSON that is not an object.
    case notObject(path: String, line: Int)
    /// A byte order mark stands inside the file.
    case byteOrderMark(path: String, line: Int)

    /// One sentence: where, what, what to do.
    public var description: String {
        switch self {
        case .isUTF16(let path): "\(path): is UTF-16 text; convert it to UTF-8."
        case .noLines(let path): "\(path): has no examples: all its lines are empty."
        case .notJSON(let path, let line, let error): "\(path):\(line): \(error)."
        case .notObject(let path, let line):
            "\(path):\(line): the line holds no JSON object; write one as {…} on each line."
        case .byteOrderMark(let path, let line):
            "\(path):\(line): a byte order mark stands inside the file; remove it."
        }
    }
}
