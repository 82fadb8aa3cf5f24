/// The bytes that a token stands for, wherever in a text it is.
extension Tokenizer {
    /// The bytes of a token, also where they are only a part of a character.
    ///
    /// A space that a token begins with is part of it, be it written as U+2581 or in the byte
    /// alphabet. Special tokens have the bytes of their name.
    ///
    /// - Parameter id: The token.
    /// - Returns: Its bytes; nil for unused ids, and for tokenizers whose tokens change with what
    ///   stands beside them, such as WordPiece.
    package func bytes(of id: Int) -> [UInt8]? {
        if addedTokens.token(id) != nil {
            return addedTokens.decodedText(id).map { Array($0.utf8) }
        }
        guard let written = model.vocabulary.bytes(of: id) else { return nil }
        if decoder?.isByteLevel == true { return ByteAlphabet.bytes(of: written) ?? Array(written) }
        if let byte = byteToken(id) { return [byte] }
        switch model {
        case .sentencePiece: return Self.withSpaces(written)
        case .bytePair, .unigram:
            guard let decoder else { return Array(written) }
            return decoder.marksSpaces ? Self.withSpaces(written) : nil
        case .wordPiece, .wordLevel: return nil
        }
    }

    /// The byte of a token such as `<0xE2>`, which stands for bytes that no other token covers.
    package func byteToken(_ id: Int) -> UInt8? {
        guard decoder?.isByteLevel != true, addedTokens.token(id) == nil,
            let written = model.vocabulary.text(of: id)
        else { return nil }
        return TokenDecoder.byte(of: written)
    }

    private static func withSpaces(_ written: ArraySlice<UInt8>) -> [UInt8] {
        let mark: [UInt8] = [0xe2, 0x96, 0x81]
        var bytes = Array(written)
        while let range = bytes.firstRange(of: mark) { bytes.replaceSubrange(range, with: [0x20]) }
        return bytes
    }
}

extension TokenDecoder {
    /// Whether spaces are written as U+2581, and nothing else of a token changes but a space at
    /// the start of the text.
    fileprivate var marksSpaces: Bool {
        switch self {
        case .sequence(let steps):
            steps.contains { $0.writesSpaces }
                && steps.allSatisfy { step in
                    switch step {
                    case .byteFallback, .fuse, .strip: true
                    default: step.writesSpaces
                    }
                }
        default: writesSpaces
        }
    }

    private var writesSpaces: Bool {
        switch self {
        case .metaspace(let options): options.mark == "\u{2581}"
        case .replace(let pattern, let content):
            pattern == .literal([0xe2, 0x96, 0x81]) && content == [0x20]
        default: false
        }
    }
}
