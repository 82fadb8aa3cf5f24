import RetortFiles

extension Tokenizer {
    /// Reads a tokenizer from a file or folder.
    ///
    /// - Parameter path: A tokenizer.json, tekken.json, SentencePiece `.model` or GGUF file, or a
    ///   folder that holds one of the first three.
    /// - Throws: ``TokenizerError``, or an error of the file.
    public init(contentsOf path: String) throws {
        guard let file = try Self.file(path) else {
            try self.init(folder: path)
            return
        }
        let bytes = file.contents(of: 0..<min(file.size, 64))
        if bytes.starts(with: "GGUF".utf8) {
            try self.init(GGUFFile(path))
        } else if let first = bytes.first(where: { ![0x20, 0x09, 0x0a, 0x0d].contains($0) }),
            first >= 0x20
        {
            try self.init(json: file.contents, path: path)
        } else {
            // A SentencePiece file starts with a field number and a length, never with text.
            try self.init(sentencePiece: file.contents, path: path)
        }
    }

    /// Reads the tokenizer of a Hugging Face folder, with its tokens for start, end and padding.
    ///
    /// - Parameter folder: Holds `tokenizer.json`, `tokenizer.model` or `tekken.json`.
    /// - Throws: ``TokenizerError``, or an error of the file.
    public init(folder: String) throws {
        let names = ["tokenizer.json", "tokenizer.model", "tekken.json"]
        let present = names.first { name in
            (try? MappedFile("\(folder)/\(name)")) != nil
        }
        try self.init(contentsOf: "\(folder)/\(present ?? names[0])")
        roles = try TokenizerConfiguration(folder: folder).roles(in: self)
    }

    /// Opens a file; nil if a folder is there.
    private static func file(_ path: String) throws -> MappedFile? {
        do {
            return try MappedFile(path)
        } catch FileError.isFolder {
            return nil
        }
    }
}
