/// Colours and dashes of lines.
///
/// The six colours stay apart for people with protanopia, deuteranopia and tritanopia and have a
/// contrast of at least 3 with the paper, in light and in dark. The dash patterns say the same
/// without colour; colour and dash together repeat after 36 lines.
enum ChartPalette {
    /// How many lines can be told apart.
    static let count = colours.count * dashes.count

    /// The colours on light paper and on dark.
    static let colours = [
        (light: "#1a53d6", dark: "#9ccbff"), (light: "#a03808", dark: "#e8793f"),
        (light: "#0d9b78", dark: "#5ff0bd"), (light: "#c650b8", dark: "#c77fe6"),
        (light: "#8f8b20", dark: "#f5de5a"), (light: "#2f3742", dark: "#8794a3"),
    ]

    /// Lengths of dashes and gaps, in the width of the text.
    private static let dashes = ["none", "8 6", "2 5", "10 5 2 5", "16 6", "6 5 1 5 1 5"]

    /// The classes of a line's colour and dash.
    static func classes(_ style: Int) -> String {
        let style = Int(style.magnitude % UInt(count))
        let dash = (style + style / colours.count) % dashes.count
        return "c\(style % colours.count) d\(dash)"
    }

    /// What a style sheet must say about lines, with variables for the colours.
    static var rules: String {
        let colours = colours.indices.map { ".c\($0){--c:var(--c\($0))}" }
        let dashes = dashes.enumerated().map { ".d\($0) .line{stroke-dasharray:\($1)}" }
        return (colours + dashes).joined(separator: "\n")
    }

    /// The variables' values, on light paper or on dark.
    static func variables(isDark: Bool) -> String {
        let values = colours.enumerated().map { "--c\($0):\(isDark ? $1.dark : $1.light)" }
        let paper = isDark ? darkPaper : lightPaper
        return (values + paper.map { "--\($0):\($1)" }).joined(separator: ";")
    }

    private static let lightPaper = [
        ("paper", "#fbfaf8"), ("ink", "#1c2024"), ("soft", "#5a636c"), ("grid", "#e4e2dd"),
        ("rule", "#aeb2b6"), ("card", "#ffffff"), ("accent", "#1a53d6"), ("mark", "#fdf0d0"),
        ("good", "#0f6b4f"), ("bad", "#b3261e"),
    ]
    private static let darkPaper = [
        ("paper", "#121518"), ("ink", "#e8e6e1"), ("soft", "#9da7b1"), ("grid", "#282d32"),
        ("rule", "#565e66"), ("card", "#191d21"), ("accent", "#7fb6ff"), ("mark", "#3a3113"),
        ("good", "#5bd1a5"), ("bad", "#ff8f85"),
    ]
}
