/// What Python's `str` methods know about a character.
extension Unicode.Scalar {
    /// `str.isspace`: also the set that `strip` and `split` go by.
    var isPythonSpace: Bool {
        switch value {
        case 9...13, 28...32, 0x85, 0xa0, 0x1680, 0x2000...0x200a, 0x2028, 0x2029, 0x202f, 0x205f,
            0x3000:
            true
        default: false
        }
    }

    /// Where `str.splitlines` ends a line.
    var isPythonLineEnd: Bool {
        switch value {
        case 10...13, 28...30, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }

    /// Whether `repr` shows the character itself.
    var isPythonPrintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator:
            false
        case .spaceSeparator: self == " "
        default: true
        }
    }

    /// `str.isalpha` of one character.
    var isPythonLetter: Bool {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            true
        default: false
        }
    }

    /// `str.isdecimal` of one character.
    var isPythonDecimal: Bool { properties.numericType == .decimal }

    /// `str.isdigit` of one character.
    var isPythonDigit: Bool {
        properties.numericType == .decimal || properties.numericType == .digit
    }

    /// `str.isnumeric` of one character.
    var isPythonNumeric: Bool { properties.numericType != nil }

    /// Whether the character is written in upper, lower or title case.
    var isPythonCased: Bool { properties.isCased }

    /// The value of a decimal digit of any script.
    var decimalValue: Int? {
        guard isPythonDecimal, let value = properties.numericValue else { return nil }
        return Int(value)
    }
}

/// Case mappings over whole texts, with Greek's final sigma as Python places it.
enum PythonCase {
    static func upper(_ text: String) -> String {
        map(text) { $0.properties.uppercaseMapping }
    }

    static func folded(_ text: String) -> String {
        map(text) { scalar in
            // Full case folding: lower case of the upper case covers all but a few letters.
            switch scalar {
            case "ß", "ẞ": "ss"
            case "ς": "σ"
            case "İ": "i\u{307}"
            case "ı": "ı"
            default:
                scalar.properties.uppercaseMapping.unicodeScalars.reduce(into: "") {
                    $0 += $1.properties.lowercaseMapping
                }
            }
        }
    }

    static func lower(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        var result = ""
        for index in scalars.indices { result += lower(scalars, at: index) }
        return result
    }

    static func capitalized(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        var result = ""
        for (index, scalar) in scalars.enumerated() {
            result += index == 0 ? scalar.properties.titlecaseMapping : lower(scalars, at: index)
        }
        return result
    }

    /// `str.title`: a letter after anything uncased starts a word.
    static func titled(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        var result = ""
        var insideWord = false
        for (index, scalar) in scalars.enumerated() {
            result += insideWord ? lower(scalars, at: index) : scalar.properties.titlecaseMapping
            insideWord = scalar.isPythonCased
        }
        return result
    }

    static func swapped(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        var result = ""
        for (index, scalar) in scalars.enumerated() {
            if scalar.properties.isUppercase {
                result += lower(scalars, at: index)
            } else if scalar.properties.isLowercase {
                result += scalar.properties.uppercaseMapping
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func map(_ text: String, _ mapping: (Unicode.Scalar) -> String) -> String {
        text.unicodeScalars.reduce(into: "") { $0 += mapping($1) }
    }

    private static func lower(_ scalars: [Unicode.Scalar], at index: Int) -> String {
        let scalar = scalars[index]
        guard scalar == "Σ" else { return scalar.properties.lowercaseMapping }
        // Final if a cased letter stands before and none after, marks in between ignored.
        let before = scalars[..<index].last { !$0.properties.isCaseIgnorable }
        let after = scalars[(index + 1)...].first { !$0.properties.isCaseIgnorable }
        let isFinal = (before?.isPythonCased ?? false) && !(after?.isPythonCased ?? false)
        return isFinal ? "ς" : "σ"
    }
}
