import RetortFiles

extension Tokenizer {
    /// Reads the tokenizer of a Hugging Face folder, with its tokens for start, end and padding.
    ///
    /// - Parameter folder: Holds `tokenizer.json`.
    /// - Throws: ``TokenizerError``, or ``FileError`` if a file cannot be read.
    public init(folder: String) throws {
        try self.init(contentsOf: "\(folder)/tokenizer.json")
        roles = try TokenizerConfiguration(folder: folder).roles(in: self)
    }
}
