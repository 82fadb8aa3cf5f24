/// Finds the word that was probably meant.
package enum Spelling {
    /// The candidate that differs least from a word; nil when none is near.
    package static func nearest(to word: String, among candidates: [String]) -> String? {
        // A word that long is no slip of the finger.
        guard word.utf8.count <= 64 else { return nil }
        let scored = candidates.map { (name: $0, distance: distance(word, $0)) }
        guard let best = scored.min(by: { $0.distance < $1.distance }) else { return nil }
        let length = max(word.unicodeScalars.count, best.name.unicodeScalars.count)
        if best.distance <= max(1, length / 3) { return best.name }
        return candidates.first { word.count >= 3 && ($0.hasPrefix(word) || word.hasPrefix($0)) }
    }

    /// How many insertions, deletions, replacements and swaps of neighbours lead from one word to
    /// another (optimal string alignment).
    package static func distance(_ from: String, _ to: String) -> Int {
        let a = Array(from.unicodeScalars)
        let b = Array(to.unicodeScalars)
        var rows = [Array(0...b.count)]
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var best = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    best = min(best, rows[i - 1][j - 1] + 1)
                }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
