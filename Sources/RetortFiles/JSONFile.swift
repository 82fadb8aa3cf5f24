/// A file whose content is not JSON.
public struct JSONFileError: Error, Equatable, CustomStringConvertible {
    /// The file.
    public var path: String
    /// The line, from 1, on which the text goes wrong.
    public var line: Int
    /// What is wrong with its text.
    public var error: JSONError

    /// One sentence: where, what.
    public var description: String { "\(path):\(line): \(error)." }
}

extension JSONValue {
    /// Reads a file of UTF-8 text.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - maximumDepth: How deeply arrays and objects may nest.
    ///   - allowsNonFinite: Whether NaN, Infinity and -Infinity are numbers, as Python writes them.
    /// - Throws: ``FileError``, or ``JSONFileError`` if its content is not JSON.
    public init(
        contentsOf path: String, maximumDepth: Int = 256, allowsNonFinite: Bool = false
    ) throws {
        let file = try MappedFile(path)
        let text = file.contents
        do throws(JSONError) {
            self = try JSONParser.parse(
                text, maximumDepth: maximumDepth, allowsNonFinite: allowsNonFinite)
        } catch {
            let line = text.prefix(error.offset).count { $0 == UInt8(ascii: "\n") } + 1
            throw JSONFileError(path: path, line: line, error: error)
        }
    }
}
