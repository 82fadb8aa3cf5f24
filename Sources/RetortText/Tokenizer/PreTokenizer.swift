/// A way of cutting text into the pieces that the model sees one by one.
///
/// The cases and their effects are those of the `pre_tokenizer` of a tokenizer.json file.
indirect enum PreTokenizer: Sendable, Equatable {
    /// One after the other.
    case sequence([PreTokenizer])
    /// At a pattern.
    case split(TextPattern, SplitBehavior, inverted: Bool)
    /// Bytes as characters of the byte alphabet; before that a space in front of each piece that
    /// has none, and a cut at ``wordPattern``, if wanted.
    case byteLevel(prefixesSpace: Bool, words: TextPattern?)
    /// Spaces as a visible mark.
    case metaspace(Metaspace)
    /// Runs of word characters and runs of other visible characters.
    case whitespace
    /// Between white space.
    case whitespaceSplit
    /// White space away, punctuation apart.
    case bert
    /// At punctuation.
    case punctuation(SplitBehavior)
    /// At numbers, or at each of their digits.
    case digits(individual: Bool)
    /// At one character, which vanishes.
    case delimiter(Unicode.Scalar)
    /// Where the script changes.
    case unicodeScripts
    /// After so many characters.
    case fixedLength(Int)

    /// How spaces are made visible.
    struct Metaspace: Sendable, Equatable {
        /// Where a mark is put in front of text that does not start with one.
        enum Prepending: String, Sendable {
            case always, never, first
        }

        var mark: Unicode.Scalar = "\u{2581}"
        var prepending = Prepending.always
        /// Whether a piece starts at each mark.
        var splits = true
    }

    /// The pattern that is part of ``byteLevel(prefixesSpace:words:)``.
    static let wordPattern =
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

    /// Whether the last step spells bytes in the byte alphabet.
    var endsInBytes: Bool {
        switch self {
        case .byteLevel: true
        case .sequence(let steps): steps.last?.endsInBytes ?? false
        default: false
        }
    }

    /// Cuts the pieces further.
    ///
    /// - Parameters:
    ///   - text: The pieces.
    ///   - keepsBytes: Whether the last step leaves bytes as they are, for a model that takes them.
    /// - Throws: ``RegularExpressionError/tooMuchEffort(pattern:)``.
    func apply(to text: inout TextPieces, keepsBytes: Bool) throws(RegularExpressionError) {
        switch self {
        case .sequence(let steps):
            for (index, step) in steps.enumerated() {
                try step.apply(to: &text, keepsBytes: keepsBytes && index == steps.count - 1)
            }
        case .split(let pattern, let behavior, let inverted):
            try text.split(at: pattern, behavior, inverted: inverted)
        case .byteLevel(let prefixesSpace, let words):
            if prefixesSpace {
                text.rewrite { if $0.bytes.first != 0x20 { $0.prepend([0x20]) } }
            }
            if let words { try text.split(at: words, .isolated) }
            if !keepsBytes { text.rewrite { $0.spellBytes() } }
        case .metaspace(let options): text.markSpaces(options)
        case .whitespace:
            text.splitAtWhitespace()
        case .whitespaceSplit: text.split(where: \.isWhiteSpace, .removed)
        case .bert:
            text.split(where: \.isWhiteSpace, .removed)
            text.split(where: \.isPunctuation, .isolated)
        case .punctuation(let behavior): text.split(where: \.isPunctuation, behavior)
        case .digits(let individual):
            text.split(where: \.isNumeric, individual ? .isolated : .contiguous)
        case .delimiter(let delimiter): text.split(where: { $0 == delimiter }, .removed)
        case .unicodeScripts: text.splitAtScripts()
        case .fixedLength(let length): text.split(every: length)
        }
    }
}

extension TextPieces {
    fileprivate mutating func markSpaces(_ options: PreTokenizer.Metaspace) {
        let mark = Array(UTF8.encodedBytes(of: options.mark))
        rewrite { text in
            if text.bytes.contains(0x20) {
                text.map { scalar, output in
                    output.append(
                        contentsOf: UTF8.encodedBytes(of: scalar == " " ? options.mark : scalar))
                }
            }
            let isWanted =
                switch options.prepending {
                case .always: true
                case .never: false
                case .first: text.origin == 0
                }
            if isWanted && !text.bytes.starts(with: mark) { text.prepend(mark) }
        }
        if options.splits { split(where: { $0 == options.mark }, .mergedWithNext) }
    }

    /// Keeps runs of word characters and runs of other characters that are not white space.
    fileprivate mutating func splitAtWhitespace() {
        splitEach { bytes, range, output in
            var start = range.lowerBound
            var kind = 0
            forEachScalar(in: bytes[range]) { scalar, place in
                let own = scalar.isWordCharacter ? 1 : scalar.isWhiteSpace ? 0 : 2
                if own != kind {
                    if kind != 0 { output.append(Piece(range: start..<place.lowerBound)) }
                    start = place.lowerBound
                    kind = own
                }
            }
            if kind != 0 { output.append(Piece(range: start..<range.upperBound)) }
        }
    }

    fileprivate mutating func split(every length: Int) {
        splitEach { bytes, range, output in
            var start = range.lowerBound
            var count = 0
            forEachScalar(in: bytes[range]) { _, place in
                count += 1
                if count == length || place.upperBound == range.upperBound {
                    output.append(Piece(range: start..<place.upperBound))
                    start = place.upperBound
                    count = 0
                }
            }
        }
    }

    /// Cuts where the script changes; Japanese syllables count as Han, spaces as any script.
    fileprivate mutating func splitAtScripts() {
        splitEach { bytes, range, output in
            var start: Int?
            var last: UnicodeScripts.Script?
            forEachScalar(in: bytes[range]) { scalar, place in
                let script = UnicodeScripts.script(of: scalar)
                let isAny = script == UnicodeScripts.any
                if !isAny && last != UnicodeScripts.any && last != script {
                    if let start { output.append(Piece(range: start..<place.lowerBound)) }
                    start = place.lowerBound
                }
                if !isAny { last = script }
            }
            if let start { output.append(Piece(range: start..<range.upperBound)) }
        }
    }
}
