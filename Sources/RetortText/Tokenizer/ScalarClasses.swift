/// The classes of characters that tokenizers tell apart.
///
/// Some tables of the reference end with an older version of Unicode, and models were trained with
/// them: there, characters that came later belong to no class.
extension Unicode.Scalar {
    /// Whether a character was in Unicode by a major version (12: by 12.0).
    func isAssigned(by version: Int) -> Bool {
        if value < 0x80 { return true }
        guard let age = properties.age else { return false }
        return (age.major, age.minor) <= (version, 0)
    }

    /// Unicode's White_Space.
    var isWhiteSpace: Bool {
        value < 0x80 ? value == 0x20 || (0x09...0x0d).contains(value) : properties.isWhitespace
    }

    /// A decimal digit or any other number.
    var isNumeric: Bool {
        if value < 0x80 { return (0x30...0x39).contains(value) }
        switch properties.generalCategory {
        case .decimalNumber, .letterNumber, .otherNumber: return true
        default: return false
        }
    }

    /// Any combining mark up to Unicode 9.
    var isMark: Bool { isAnyMark && isAssigned(by: 9) }

    /// A mark without width of its own, up to Unicode 8.
    var isNonspacingMark: Bool {
        value >= 0x300 && properties.generalCategory == .nonspacingMark && isAssigned(by: 8)
    }

    private var isAnyMark: Bool {
        if value < 0x300 { return false }
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: return true
        default: return false
        }
    }

    /// Punctuation up to Unicode 8, and all ASCII characters that are neither letter, digit nor control.
    var isPunctuation: Bool {
        if value < 0x80 {
            switch value {
            case 0x21...0x2f, 0x3a...0x40, 0x5b...0x60, 0x7b...0x7e: return true
            default: return false
            }
        }
        switch properties.generalCategory {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
            .initialPunctuation, .finalPunctuation, .otherPunctuation:
            return isAssigned(by: 8)
        default: return false
        }
    }

    /// A character of words: letters, marks, digits, connectors and joiners.
    var isWordCharacter: Bool {
        if value < 0x80 {
            switch value {
            case 0x30...0x39, 0x41...0x5a, 0x5f, 0x61...0x7a: return true
            default: return false
            }
        }
        if properties.isAlphabetic || isAnyMark || properties.isJoinControl { return true }
        switch properties.generalCategory {
        case .decimalNumber, .connectorPunctuation: return true
        default: return false
        }
    }

    /// What BERT's cleaning removes, up to Unicode 8.
    var isControlForBERT: Bool {
        if value == 0x09 || value == 0x0a || value == 0x0d { return false }
        switch properties.generalCategory {
        case .privateUse: return true
        case .control, .format: return isAssigned(by: 8)
        default: return false
        }
    }

    /// The blocks of ideographs that BERT treats as words of their own.
    var isIdeographForBERT: Bool {
        switch value {
        case 0x4e00...0x9fff, 0x3400...0x4dbf, 0x20000...0x2a6df, 0x2a700...0x2b73f,
            0x2b740...0x2b81f, 0x2b920...0x2ceaf, 0xf900...0xfaff, 0x2f800...0x2fa1f:
            true
        default: false
        }
    }
}
