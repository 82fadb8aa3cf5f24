/// What a command is called, understands and does: the one table that parsing and help share.
struct CommandHelp: Sendable {
    /// A word that stands for itself.
    struct Argument: Sendable {
        let name: String
        let meaning: String
        var isRequired = true
    }

    /// A command to try.
    struct Example: Sendable {
        let line: String
        let meaning: String
    }

    /// As it is typed, in one or two words.
    let name: String
    /// One line for the list of commands.
    let summary: String
    /// What it does, in paragraphs.
    let discussion: String
    var arguments: [Argument] = []
    /// Whether the last argument may be there several times.
    var takesMore = false
    var options: [CommandOption] = []
    let examples: [Example]

    /// The page that `--help` prints.
    var page: String {
        var parts = ["\(name): \(summary)", "Usage: \(usage)", wrapped(discussion)]
        if !arguments.isEmpty {
            parts.append(table("Arguments", arguments.map { ($0.name, $0.meaning) }))
        }
        parts.append(table("Options", options.map { ($0.usage, $0.meaning) } + [helpRow]))
        let lines = examples.map { "  \($0.line)\n      \($0.meaning)" }
        parts.append((["Examples:"] + lines).joined(separator: "\n"))
        return parts.joined(separator: "\n\n")
    }

    private var usage: String {
        var words = arguments.map { $0.isRequired ? $0.name : "[\($0.name)]" }
        if takesMore, let last = arguments.last { words.append("[\(last.name)…]") }
        return (["retort \(name)"] + words + ["[options]"]).joined(separator: " ")
    }

    private var helpRow: (String, String) { ("--help", "Print this page.") }
}

/// An option that a command understands.
struct CommandOption: Sendable {
    /// What may follow the name.
    enum Value: Sendable, Equatable {
        case none
        case required(String)
        case optional(String)
    }

    let name: String
    let value: Value
    let meaning: String
    let repeats: Bool

    /// An option without a value.
    static func flag(_ name: String, _ meaning: String) -> Self {
        Self(name: name, value: .none, meaning: meaning, repeats: false)
    }

    /// An option with a value.
    static func value(_ name: String, _ placeholder: String, _ meaning: String) -> Self {
        Self(name: name, value: .required(placeholder), meaning: meaning, repeats: false)
    }

    /// An option with a value that may be given as often as needed.
    static func repeated(_ name: String, _ placeholder: String, _ meaning: String) -> Self {
        Self(name: name, value: .required(placeholder), meaning: meaning, repeats: true)
    }

    /// An option whose value may be left out.
    static func optionalValue(_ name: String, _ placeholder: String, _ meaning: String) -> Self {
        Self(name: name, value: .optional(placeholder), meaning: meaning, repeats: false)
    }

    fileprivate var usage: String {
        switch value {
        case .none: name
        case .required(let placeholder): "\(name) \(placeholder)"
        case .optional(let placeholder): "\(name) [\(placeholder)]"
        }
    }
}

/// A heading, and under it names with their meanings in two columns.
func table(_ heading: String, _ rows: [(String, String)]) -> String {
    let column = min(30, 2 + (rows.map(\.0.count).max() ?? 0) + 2)
    let lines = rows.map { name, meaning in
        let text = wrapped(meaning, indentation: column)
        let start = "  " + name
        if start.count + 2 > column {
            return start + "\n" + String(repeating: " ", count: column) + text
        }
        return start + String(repeating: " ", count: column - start.count) + text
    }
    return (["\(heading):"] + lines).joined(separator: "\n")
}

/// Text in lines of at most 80 columns; empty lines stay, and so do lines that are indented.
///
/// - Parameters:
///   - text: The paragraphs, one a line.
///   - indentation: Columns before every line but the first.
/// - Returns: The lines, without a line feed at the end.
func wrapped(_ text: String, indentation: Int = 0) -> String {
    let margin = String(repeating: " ", count: indentation)
    let paragraphs = text.split(separator: "\n", omittingEmptySubsequences: false)
    let lines = paragraphs.flatMap { paragraph -> [String] in
        if paragraph.hasPrefix(" ") { return [String(paragraph)] }
        var lines = [""]
        for word in paragraph.split(separator: " ") {
            let last = lines[lines.count - 1]
            if last.isEmpty {
                lines[lines.count - 1] = String(word)
            } else if indentation + last.count + 1 + word.count <= 80 {
                lines[lines.count - 1] += " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
    return lines.joined(separator: "\n" + margin)
}
