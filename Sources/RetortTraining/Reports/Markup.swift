/// HTML or SVG; what is interpolated is escaped, unless it is markup itself.
///
/// Text from files can therefore not become an element or an attribute, wherever it stands; the
/// literals around it quote their attributes.
package struct Markup: Sendable, Equatable, ExpressibleByStringInterpolation {
    /// The markup as it is written to a file.
    package private(set) var text: String

    /// Takes a literal as it stands.
    package init(stringLiteral value: String) { text = value }

    /// Takes the pieces of a literal.
    package init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    /// Takes text that is markup by itself, such as a style sheet of the program's own.
    init(trusted text: String) { self.text = text }

    /// Collects literals, which are markup, and what is between them, which is text.
    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        /// Begins with nothing.
        package init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + 16 * interpolationCount)
        }

        /// Adds a piece of markup from the program.
        package mutating func appendLiteral(_ literal: String) { text += literal }

        /// Adds text, escaped.
        package mutating func appendInterpolation(_ plain: String) { text += escaped(plain) }

        /// Adds a whole number.
        package mutating func appendInterpolation(_ number: Int) { text += String(number) }

        /// Adds markup as it stands.
        package mutating func appendInterpolation(_ markup: Markup) { text += markup.text }

        /// Adds pieces of markup one after the other.
        package mutating func appendInterpolation(_ markups: [Markup]) {
            for markup in markups { text += markup.text }
        }
    }

    /// Both, one after the other.
    static func + (left: Markup, right: Markup) -> Markup {
        Markup(trusted: left.text + right.text)
    }
}

/// Text in which no character has a meaning for HTML or XML, and none is forbidden there.
private func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        case "'": result += "&#39;"
        case "\n", "\t": result.unicodeScalars.append(scalar)
        case "\u{0}"..<" ", "\u{7f}"..."\u{9f}", "\u{fffe}", "\u{ffff}":
            result.unicodeScalars.append("\u{fffd}")
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}
