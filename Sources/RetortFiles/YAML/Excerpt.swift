extension String {
    /// The text as an error message shows it: at most 60 characters, controls made visible.
    package var excerpt: String {
        var shown = ""
        for scalar in unicodeScalars.prefix(60) {
            if YAMLText.isPrintable(scalar), !["\n", "\r", "\t"].contains(scalar) {
                shown.unicodeScalars.append(scalar)
            } else {
                shown += "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
        return unicodeScalars.dropFirst(60).isEmpty ? shown : shown + "…"
    }
}
