import RetortFiles

/// What is known about a file: lines for people and keys for programs, from the same facts.
struct FactSheet {
    private let title: String
    private var lines: [(label: String, text: String)] = []
    private var tables: [String] = []
    /// The keys.
    private(set) var json: JSONObject

    /// Begins a sheet.
    ///
    /// - Parameters:
    ///   - kind: What the thing is, for programs.
    ///   - title: The same for people.
    init(kind: String, title: String) {
        self.title = title
        json = JSONObject([("kind", .string(kind))])
    }

    /// Adds a fact.
    ///
    /// - Parameters:
    ///   - label: Its name for people.
    ///   - text: Its value for people.
    ///   - members: Its keys and values for programs.
    mutating func add(_ label: String, _ text: String, _ members: (String, JSONValue)...) {
        lines.append((label, text.printable))
        for (key, value) in members { json[key] = value }
    }

    /// Adds keys for programs alone.
    mutating func add(_ key: String, _ value: JSONValue) { json[key] = value }

    /// Adds a table; programs get all rows under a key.
    ///
    /// - Parameters:
    ///   - heads: The columns' names; numbers stand right if the name ends with a space.
    ///   - rows: The cells.
    ///   - limit: The most rows that people are shown.
    mutating func add(table heads: [String], _ rows: [[String]], limit: Int = 40) {
        guard !rows.isEmpty else { return }
        let isNumber = heads.map { $0.last == " " }
        let names = heads.map(\.trimmedAtEnd)
        let shown = [names] + rows.prefix(limit).map { $0.map(\.printable) }
        let widths = heads.indices.map { column in shown.map { $0[column].count }.max() ?? 0 }
        var lines = shown.map { cells in
            let padded = heads.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - cells[column].count)
                return isNumber[column]
                    ? space + cells[column] : cells[column] + space
            }
            return "  " + padded.joined(separator: "  ").trimmedAtEnd
        }
        if rows.count > limit { lines.append("  … and \(rows.count - limit) more") }
        tables.append(lines.joined(separator: "\n"))
    }

    /// All for people.
    var text: String {
        let width = lines.map(\.label.count).max() ?? 0
        let facts = lines.map { label, text in
            let space = String(repeating: " ", count: width - label.count)
            return "  \(label)\(space)  \(text)".trimmedAtEnd
        }
        return ([([title.printable] + facts).joined(separator: "\n")] + tables).joined(
            separator: "\n\n")
    }
}

extension String {
    fileprivate var trimmedAtEnd: String {
        var text = Substring(self)
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
