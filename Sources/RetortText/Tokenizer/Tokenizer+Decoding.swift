extension Tokenizer {
    /// The text of ids.
    ///
    /// Bytes that are not UTF-8 become U+FFFD; unknown ids vanish.
    public func decode(_ ids: [Int], skipSpecialTokens: Bool = false) -> String {
        if decoder?.isByteLevel == true {
            var bytes: [UInt8] = []
            for id in ids { appendBytes(of: id, skipSpecialTokens: skipSpecialTokens, to: &bytes) }
            return String(decoding: bytes, as: UTF8.self)
        }
        if case .sentencePiece(let model) = model {
            return model.decode(ids)
        }
        let tokens = ids.compactMap { decodedToken($0, skipSpecialTokens: skipSpecialTokens) }
        guard let decoder else { return tokens.joined(separator: " ") }
        // A decoder's pattern that gives up leaves the tokens as they are.
        return ((try? decoder.apply(to: tokens)) ?? tokens).joined()
    }

    /// A decoder for ids that come one by one.
    public func makeStreamingDecoder(skipSpecialTokens: Bool = false) -> StreamingDecoder {
        StreamingDecoder(self, skipSpecialTokens: skipSpecialTokens)
    }

    /// Appends the bytes of a token of the byte alphabet.
    func appendBytes(of id: Int, skipSpecialTokens: Bool, to bytes: inout [UInt8]) {
        if addedTokens.token(id) == nil {
            guard let text = model.vocabulary.bytes(of: id) else { return }
            bytes += ByteAlphabet.bytes(of: text) ?? Array(text)
        } else if let text = decodedToken(id, skipSpecialTokens: skipSpecialTokens) {
            bytes += ByteAlphabet.bytes(of: text.utf8) ?? Array(text.utf8)
        }
    }

    private func decodedToken(_ id: Int, skipSpecialTokens: Bool) -> String? {
        guard let text = addedTokens.decodedText(id) ?? model.vocabulary.text(of: id) else {
            return nil
        }
        if skipSpecialTokens, addedTokens.token(text)?.isSpecial == true { return nil }
        return text
    }
}
