/// A file whose content is not JSON.
public struct JSONFileError: Error, Equatable, CustomStringConvertible {
    /// The file.
    public var path: String
    /// What is wrong with its text.
    public var error: JSONError

    /// One sentence: where, what.
    public var description: String { "\(path): \(error)." }
}

extension JSONValue {
    /// Reads a file of UTF-8 text.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - maximumDepth: How deeply arrays and objects may nest.
    /// - Throws: ``FileError``, or ``JSONFileError`` if its content is not JSON.
    public init(contentsOf path: String, maximumDepth: Int = 256) throws {
        let file = try MappedFile(path)
        do throws(JSONError) {
            self = try JSONParser.parse(file.contents, maximumDepth: maximumDepth)
        } catch {
            throw JSONFileError(path: path, error: error)
        }
    }
}
