/// Colours and dashes of lines.
///
/// The six colours stay apart for people with protanopia, deuteranopia and tritanopia and have a
/// contrast of at least 3 with the paper, in light and in dark. The dash patterns say the same
/// without colour; colour and dash together repeat after 36 lines.
enum ChartPalette {
    /// How many lines can be told apart.
    static let count = colours.count * dashes.count

    /// The colours on light paper and on dark.
    private static let colours = [
        (light: "#1d5fb4", dark: "#6ab0ff"), (light: "#c2410c", dark: "#ff9455"),
        (light: "#0f766e", dark: "#3fd0b6"), (light: "#a21caf", dark: "#ee9bf2"),
        (light: "#7a5c00", dark: "#e3c33f"), (light: "#475569", dark: "#b3bfcd"),
    ]

    /// Lengths of dashes and gaps, in the width of the text.
    private static let dashes = ["none", "7 3", "2 3", "9 3 2 3", "14 4", "5 2 1 2 1 2"]

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
        ("rule", "#aeb2b6"), ("card", "#ffffff"), ("accent", "#1d5fb4"), ("mark", "#fdf0d0"),
        ("good", "#0f6b4f"), ("bad", "#b3261e"),
    ]
    private static let darkPaper = [
        ("paper", "#121518"), ("ink", "#e8e6e1"), ("soft", "#9da7b1"), ("grid", "#282d32"),
        ("rule", "#565e66"), ("card", "#191d21"), ("accent", "#6ab0ff"), ("mark", "#3a3113"),
        ("good", "#5bd1a5"), ("bad", "#ff8f85"),
    ]
}
