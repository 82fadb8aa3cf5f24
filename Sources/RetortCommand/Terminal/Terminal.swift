import Glibc
import Synchronization

/// Where a command's words go: results to standard output, everything else to standard error.
///
/// Colour is used only where a person watches and `NO_COLOR` is empty. A progress line is redrawn
/// in place there, and other messages make room for it.
final class Terminal: Sendable {
    /// One of the two streams.
    enum Channel { case output, errors }

    /// How text stands out, as terminals know it.
    enum Style: String {
        case bold = "1"
        case dim = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
    }

    private let output: any TextStream
    private let errors: any TextStream
    private let isPlain: Bool
    private let isDumb: Bool
    /// The progress line on display.
    private let line = Mutex<String?>(nil)

    /// Creates a terminal.
    ///
    /// - Parameters:
    ///   - output: Where results go.
    ///   - errors: Where progress, warnings and errors go.
    ///   - isPlain: Whether neither stream is to have colours.
    ///   - isDumb: Whether lines cannot be redrawn, nor coloured.
    init(
        output: any TextStream = StandardStream.output,
        errors: any TextStream = StandardStream.errors,
        isPlain: Bool = environment("NO_COLOR") != "",
        isDumb: Bool = environment("TERM") == "dumb"
    ) {
        self.output = output
        self.errors = errors
        self.isPlain = isPlain
        self.isDumb = isDumb
    }

    /// Whether progress is redrawn in place.
    var isLive: Bool { errors.isTerminal && !isDumb }

    /// Writes a result and ends the line.
    func result(_ text: String) throws { try write(text + "\n") }

    /// Writes a part of a result, such as a piece of generated text.
    func write(_ text: String) throws {
        clear()
        try output.write(text)
    }

    /// Says something that is not a result.
    func note(_ text: String) { say(text + "\n") }

    /// Says what may not be as intended.
    func warning(_ text: String) {
        say(styled("warning:", .yellow, on: .errors) + " \(Self.visible(text))\n")
    }

    /// Says why the program ends.
    func error(_ text: String) {
        say(styled("retort:", .red, on: .errors) + " \(Self.visible(text))\n")
    }

    /// Text in a style, where the stream shows styles.
    func styled(_ text: String, _ style: Style, on channel: Channel) -> String {
        showsStyles(on: channel) ? "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m" : text
    }

    /// Whether a stream shows styles; a command that must mark text can use signs where not.
    func showsStyles(on channel: Channel) -> Bool {
        (channel == .output ? output : errors).isTerminal && !isPlain && !isDumb
    }

    /// Draws the progress line anew.
    func draw(_ text: String) {
        line.withLock { line in
            line = text
            try? errors.write("\r\u{1b}[K" + text.prefix(max(1, errors.width - 1)))
        }
    }

    /// Leaves the progress line as it is and goes on below.
    func release() {
        line.withLock { line in
            if line != nil { try? errors.write("\n") }
            line = nil
        }
    }

    private func clear() {
        line.withLock { line in
            if line != nil { try? errors.write("\r\u{1b}[K") }
            line = nil
        }
    }

    private func say(_ text: String) {
        line.withLock { line in
            guard let shown = line else {
                // A message that nobody can read any more must not end the work.
                try? errors.write(text)
                return
            }
            try? errors.write("\r\u{1b}[K" + text + shown.prefix(max(1, errors.width - 1)))
        }
    }

    /// Text from files may hold anything; controls could steer the terminal.
    private static func visible(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator:
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// A variable of the environment; empty if it is not there.
func environment(_ name: String) -> String {
    unsafe getenv(name).map { unsafe String(cString: $0) } ?? ""
}
