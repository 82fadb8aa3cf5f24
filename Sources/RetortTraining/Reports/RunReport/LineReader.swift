import RetortFiles

/// The lines of a mapped file, one after the other, with bounds on their number and length.
struct LineReader {
    /// A line that is not blank.
    struct Line {
        /// Its number in the file, from 1.
        let number: Int
        /// Its bytes; nil if it is longer than the bound.
        let bytes: [UInt8]?
        /// Whether a line feed ends it.
        let isEnded: Bool
    }

    private let file: MappedFile
    private let maximumLength: Int
    private let maximumCount: Int
    private var offset = 0
    private var number = 0

    /// Begins at the first line of a file; nil if it has no bytes.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - maximumLength: Bytes of a line that are read at most.
    ///   - maximumCount: Lines that are read at most, blank ones too.
    /// - Returns: The reader, or nil.
    /// - Throws: ``FileError`` if it is not there or no file.
    static func opening(
        _ path: String, maximumLength: Int, maximumCount: Int
    ) throws -> LineReader? {
        do {
            return LineReader(
                file: try MappedFile(path), maximumLength: maximumLength,
                maximumCount: maximumCount)
        } catch FileError.empty {
            return nil
        }
    }

    private init(file: MappedFile, maximumLength: Int, maximumCount: Int) {
        self.file = file
        self.maximumLength = maximumLength
        self.maximumCount = maximumCount
    }

    /// Whether lines are left that the bound on their number leaves out.
    var isCutOff: Bool { number >= maximumCount && offset < file.size }

    /// The next line that is not blank; nil at the end or at the bound.
    mutating func next() -> Line? {
        while offset < file.size, number < maximumCount {
            let end = file.offset(of: UInt8(ascii: "\n"), from: offset)
            let range = offset..<(end ?? file.size)
            offset = range.upperBound + 1
            number += 1
            guard range.count <= maximumLength else {
                return Line(number: number, bytes: nil, isEnded: end != nil)
            }
            let bytes = file.contents(of: range)
            if bytes.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0d }) {
                return Line(number: number, bytes: bytes, isEnded: end != nil)
            }
        }
        return nil
    }
}
