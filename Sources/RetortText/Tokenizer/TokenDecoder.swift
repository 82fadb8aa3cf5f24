/// How the texts of tokens become one text again.
///
/// The cases and their effects are those of the `decoder` of a tokenizer.json file.
indirect enum TokenDecoder: Sendable, Equatable {
    /// One after the other.
    case sequence([TokenDecoder])
    /// Characters of the byte alphabet back to bytes.
    case byteLevel
    /// Runs of tokens such as `<0xE2>` back to bytes.
    case byteFallback
    /// All tokens in one.
    case fuse
    /// Matches replaced by a text.
    case replace(TextPattern, with: [UInt8])
    /// A character away from both ends, at most so many times.
    case strip(Unicode.Scalar, left: Int, right: Int)
    /// Marks back to spaces; the first token loses them.
    case metaspace(PreTokenizer.Metaspace)
    /// A space between words, none before pieces inside a word; English punctuation closed up.
    case wordPiece(prefix: String, cleansUp: Bool)
    /// A suffix as a space, nothing at the end.
    case bytePair(suffix: String)
    /// Repetitions and padding away.
    case ctc(padding: String, delimiter: String, cleansUp: Bool)

    /// Whether it only turns the byte alphabet back to bytes, so that tokens decode one by one.
    var isByteLevel: Bool {
        switch self {
        case .byteLevel: true
        case .sequence(let steps): steps.count == 1 && steps[0].isByteLevel
        default: false
        }
    }

    /// Changes the texts of tokens; joined, they are the decoded text.
    func apply(to tokens: [String]) throws(RegularExpressionError) -> [String] {
        switch self {
        case .sequence(let steps):
            var tokens = tokens
            for step in steps { tokens = try step.apply(to: tokens) }
            return tokens
        case .byteLevel:
            let bytes = tokens.flatMap { ByteAlphabet.bytes(of: $0.utf8) ?? Array($0.utf8) }
            return [String(decoding: bytes, as: UTF8.self)]
        case .byteFallback: return Self.joinByteTokens(tokens)
        case .fuse: return [tokens.joined()]
        case .replace(let pattern, let content):
            var replaced: [String] = []
            for token in tokens {
                var text = AlignedText(plain: token.utf8, origin: 0)
                text.replace(try pattern.matches(in: text.bytes), with: content)
                replaced.append(String(decoding: text.bytes, as: UTF8.self))
            }
            return replaced
        case .strip(let scalar, let left, let right):
            return tokens.map { Self.stripped($0, of: scalar, left: left, right: right) }
        case .metaspace(let options):
            return tokens.enumerated().map { index, token in
                let mark = index == 0 && options.prepending != .never ? "" : " "
                return token.replacingScalars(String(options.mark), with: mark)
            }
        case .wordPiece(let prefix, let cleansUp):
            return tokens.enumerated().map { index, token in
                var text = token
                if index > 0 {
                    text =
                        token.utf8.starts(with: prefix.utf8)
                        ? String(decoding: token.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
                        : " " + token
                }
                return cleansUp ? Self.cleanedUp(text) : text
            }
        case .bytePair(let suffix):
            return tokens.enumerated().map { index, token in
                token.replacingScalars(suffix, with: index == tokens.count - 1 ? "" : " ")
            }
        case .ctc(let padding, let delimiter, let cleansUp):
            return Self.collapsed(
                tokens, padding: padding, delimiter: delimiter, cleansUp: cleansUp)
        }
    }

    /// Each run of byte tokens as text, or as one U+FFFD a byte if it is not UTF-8.
    private static func joinByteTokens(_ tokens: [String]) -> [String] {
        var result: [String] = []
        var run: [UInt8] = []
        func finish() {
            if run.isEmpty { return }
            if let text = String(validating: run, as: UTF8.self) {
                result.append(text)
            } else {
                result += Array(repeating: "\u{fffd}", count: run.count)
            }
            run.removeAll()
        }
        for token in tokens {
            if let byte = byte(of: token) {
                run.append(byte)
            } else {
                finish()
                result.append(token)
            }
        }
        finish()
        return result
    }

    /// The byte that a token such as `<0xE2>` stands for.
    static func byte(of token: String) -> UInt8? {
        let text = Array(token.utf8)
        guard text.count == 6, text.starts(with: "<0x".utf8), text[5] == UInt8(ascii: ">") else {
            return nil
        }
        return UInt8(String(decoding: text[3..<5], as: UTF8.self), radix: 16)
    }

    private static func stripped(
        _ token: String, of scalar: Unicode.Scalar, left: Int, right: Int
    ) -> String {
        var scalars = Array(token.unicodeScalars)[...]
        var count = 0
        while count < left, scalars.first == scalar {
            scalars.removeFirst()
            count += 1
        }
        count = 0
        while count < right, scalars.last == scalar {
            scalars.removeLast()
            count += 1
        }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }

    private static func cleanedUp(_ text: String) -> String {
        let endings = [
            (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
            (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
        ]
        return endings.reduce(text) { $0.replacingScalars($1.0, with: $1.1) }
    }

    private static func collapsed(
        _ tokens: [String], padding: String, delimiter: String, cleansUp: Bool
    ) -> [String] {
        var result: [String] = []
        var previous: String?
        for token in tokens {
            if let previous, previous.utf8.elementsEqual(token.utf8) { continue }
            previous = token
            var text = token.replacingScalars(padding, with: "")
            if cleansUp { text = cleanedUp(text).replacingScalars(delimiter, with: " ") }
            if !text.isEmpty { result.append(text) }
        }
        return result
    }
}

extension String {
    /// Every occurrence of `text`, compared byte for byte, replaced.
    fileprivate func replacingScalars(_ text: String, with content: String) -> String {
        if text.isEmpty || !utf8.contains(where: { $0 == text.utf8.first }) { return self }
        var aligned = AlignedText(plain: utf8, origin: 0)
        let pattern = TextPattern.literal(Array(text.utf8))
        guard let matches = try? pattern.matches(in: aligned.bytes), !matches.isEmpty else {
            return self
        }
        aligned.replace(matches, with: Array(content.utf8))
        return String(decoding: aligned.bytes, as: UTF8.self)
    }
}
