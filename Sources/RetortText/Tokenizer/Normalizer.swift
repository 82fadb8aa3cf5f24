/// A change that is made to text before it is cut into pieces.
///
/// The cases and their effects are those of the `normalizer` of a tokenizer.json file.
indirect enum Normalizer: Sendable, Equatable {
    /// One after the other.
    case sequence([Normalizer])
    /// A Unicode normalization form.
    case unicode(UnicodeNormalization)
    /// Lower case, character by character.
    case lowercase
    /// Without white space at the ends.
    case strip(left: Bool, right: Bool)
    /// Without combining marks.
    case stripAccents
    /// Without control characters, other space as plain spaces (SentencePiece's `nmt`).
    case nmt
    /// BERT's cleaning.
    case bert(BERTCleaning)
    /// Matches replaced by a text.
    case replace(TextPattern, with: [UInt8])
    /// A text in front of any text that is not empty.
    case prepend([UInt8])
    /// A table of replacements (SentencePiece).
    case charactersMap(CharactersMap)
    /// Every byte as its character of the byte alphabet.
    case byteLevel

    /// The options of BERT's cleaning.
    struct BERTCleaning: Sendable, Equatable {
        var cleansText = true
        var separatesIdeographs = true
        /// Nothing: as `lowercases`.
        var stripsAccents: Bool?
        var lowercases = true
    }

    /// Changes a stretch of text.
    func apply(to text: inout AlignedText) throws(RegularExpressionError) {
        switch self {
        case .sequence(let steps): for step in steps { try step.apply(to: &text) }
        case .unicode(let form): text.normalize(form)
        case .lowercase: text.lowercase()
        case .strip(let left, let right): text.strip(left: left, right: right)
        case .stripAccents: text.filter { !$0.isMark }
        case .nmt: text.cleanLikeNMT()
        case .bert(let options): text.cleanLikeBERT(options)
        case .replace(let pattern, let content):
            let matches = try pattern.matches(in: text.bytes)
            let (added, overflow) = matches.count.multipliedReportingOverflow(by: content.count)
            try text.checkGrowth(by: overflow ? .max : added)
            text.replace(matches, with: content)
        case .prepend(let content): text.prepend(content)
        case .charactersMap(let map): map.apply(to: &text)
        case .byteLevel: text.spellBytes()
        }
        try text.checkGrowth()
    }

    /// Whether the step certainly changes nothing in these bytes.
    func keeps(_ bytes: ArraySlice<UInt8>) -> Bool {
        switch self {
        case .sequence(let steps): return steps.allSatisfy { $0.keeps(bytes) }
        case .unicode(let form):
            if bytes.allSatisfy({ $0 < 0x80 }) { return true }
            var keeps = true
            forEachScalar(in: bytes) { scalar, _ in keeps = keeps && form.keeps(scalar) }
            return keeps
        case .stripAccents: return bytes.allSatisfy { $0 < 0x80 }
        default: return false
        }
    }
}

extension AlignedText {
    /// Brings the text into a Unicode normalization form.
    mutating func normalize(_ form: UnicodeNormalization) {
        let scalars = scalars
        if scalars.allSatisfy(form.keeps) { return }
        apply(form.edits(of: scalars))
    }

    /// Maps each character to lower case.
    mutating func lowercase() {
        map { scalar, output in
            if scalar.isASCII {
                let byte = UInt8(truncatingIfNeeded: scalar.value)
                output.append((0x41...0x5a).contains(byte) ? byte + 0x20 : byte)
            } else {
                output.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
            }
        }
    }

    /// Writes every byte as its character of the byte alphabet.
    mutating func spellBytes() {
        map { scalar, output in
            for byte in UTF8.encodedBytes(of: scalar) {
                output.append(contentsOf: ByteAlphabet.encoded[Int(byte)])
            }
        }
    }

    fileprivate mutating func strip(left: Bool, right: Bool) {
        var start: Int?
        var end = 0
        forEachScalar(in: bytes[...]) { scalar, range in
            if scalar.isWhiteSpace { return }
            start = start ?? range.lowerBound
            end = range.upperBound
        }
        let from = left ? start ?? bytes.count : 0
        keep(from..<(right ? max(end, from) : bytes.count))
    }

    fileprivate mutating func cleanLikeNMT() {
        filter { scalar in
            switch scalar.value {
            case 0x01...0x08, 0x0b, 0x0e...0x1f, 0x7f, 0x8f, 0x9f: false
            default: true
            }
        }
        map { scalar, output in
            switch scalar.value {
            case 0x09, 0x0a, 0x0c, 0x0d, 0x1680, 0x200b...0x200f, 0x2028, 0x2029, 0x2581, 0xfeff,
                0xfffd:
                output.append(0x20)
            default: output.append(contentsOf: UTF8.encodedBytes(of: scalar))
            }
        }
    }

    fileprivate mutating func cleanLikeBERT(_ options: Normalizer.BERTCleaning) {
        if options.cleansText {
            filter { !($0.value == 0 || $0.value == 0xfffd || $0.isControlForBERT) }
            map { scalar, output in
                if scalar.isWhiteSpace {
                    output.append(0x20)
                } else {
                    output.append(contentsOf: UTF8.encodedBytes(of: scalar))
                }
            }
        }
        if options.separatesIdeographs {
            map { scalar, output in
                if scalar.isIdeographForBERT { output.append(0x20) }
                output.append(contentsOf: UTF8.encodedBytes(of: scalar))
                if scalar.isIdeographForBERT { output.append(0x20) }
            }
        }
        if options.stripsAccents ?? options.lowercases {
            normalize(.nfd)
            filter { !$0.isNonspacingMark }
        }
        if options.lowercases { lowercase() }
    }
}
