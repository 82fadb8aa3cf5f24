/// A regular expression that must match a whole name, such as PEFT's `target_modules`.
package struct NamePattern: Sendable {
    private let expression: RegularExpression

    /// Compiles a pattern; nil if it is malformed.
    package init?(_ pattern: String) {
        guard let expression = try? RegularExpression("\\A(?:\(pattern))\\z") else { return nil }
        self.expression = expression
    }

    /// Whether the pattern matches from the name's start to its end.
    package func matches(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        var isWhole = false
        do {
            try expression.cut(bytes, CollectionOfOne(0..<bytes.count)) { piece, isMatch, _ in
                if isMatch { isWhole = piece == 0..<bytes.count }
            }
        } catch {
            // More effort than the engine's limit: such a pattern matches nothing.
            return false
        }
        return isWhole
    }
}
