import RetortFiles
import RetortText

/// A data file: conversations, texts or tokens, one to a line.
enum DataInspection: InspectedKind {
    /// Rows that are read of a file that is only looked at.
    private static let glance = 1000

    static func recognizes(_ target: InspectionTarget) -> Bool {
        target.isFile(named: ".jsonl", ".ndjson")
    }

    static func inspect(_ target: InspectionTarget) throws -> InspectionReport {
        let file = try JSONLinesFile(target.path)
        var facts = DataFacts(path: target.path, format: try format(of: file))
        let count = target.verifies ? file.count : min(file.count, glance)
        for index in 0..<count {
            try facts.add(file.object(index), line: file.lineNumber(index))
        }
        let format = facts.format.rawValue
        var sheet = FactSheet(kind: "data", title: "Data file \(target.path)")
        sheet.add(
            "format", "\(format) (data.format: \(format))", ("format", .string(format)))
        sheet.add("rows", Humanized.count(file.count), ("rows", .integer(file.count)))
        sheet.add(
            "size", Humanized.bytes(file.file.size), ("bytes", .integer(file.file.size)))
        if count < file.count {
            sheet.add("read", "the first \(Humanized.count(count)) rows; --verify reads all")
        }
        sheet.add("rows_read", .integer(count))
        facts.describe(in: &sheet)
        if target.verifies { sheet.addVerified("every row") }
        return InspectionReport(sheet, warnings: facts.warnings)
    }

    /// What a file's first row holds is what all must hold.
    private static func format(of file: JSONLinesFile) throws -> DataFormat {
        let first = try file.object(0)
        let keys: [(String, DataFormat)] = [
            ("messages", .messages), ("input_ids", .tokens), ("text", .text),
        ]
        guard let found = keys.first(where: { first[$0.0] != nil }) else {
            throw DataError.badLine(
                path: file.file.path, line: file.lineNumber(0),
                reason: "the row has none of the keys messages, text and input_ids")
        }
        return found.1
    }
}

/// What the rows of a data file hold.
private struct DataFacts {
    let path: String
    let format: DataFormat
    private var roles: [(name: String, count: Int)] = []
    private var withTools = 0
    private var silentLines: [Int] = []
    /// Characters, or tokens, of the rows.
    private var lengths: [Int] = []
    private var trained = 0

    init(path: String, format: DataFormat) {
        self.path = path
        self.format = format
    }

    /// Takes a row in.
    ///
    /// - Throws: ``DataError`` if it does not hold what the format says.
    mutating func add(_ row: JSONObject, line: Int) throws(DataError) {
        switch format {
        case .messages:
            let conversation: Conversation
            do { conversation = try Conversation(row: .object(row)) } catch {
                throw .badLine(path: path, line: line, reason: "\(error)")
            }
            add(conversation, line: line)
        case .text:
            guard let text = row["text"]?.string, !text.isEmpty else {
                throw .badLine(
                    path: path, line: line, reason: "text is missing, empty or not a string")
            }
            lengths.append(text.unicodeScalars.count)
        case .tokens:
            let example = try TokensReader(vocabularySize: Int(Int32.max))
                .example(row, path: path, line: line)
            lengths.append(example.ids.count)
            trained += example.supervisedCount
            if example.supervisedCount == 0 { silentLines.append(line) }
        }
    }

    private mutating func add(_ conversation: Conversation, line: Int) {
        var length = 0
        for message in conversation.messages {
            let role = message["role"]?.string ?? ""
            if let index = roles.firstIndex(where: { $0.name == role }) {
                roles[index].count += 1
            } else {
                roles.append((role, 1))
            }
            length += message["content"]?.string?.unicodeScalars.count ?? 0
        }
        if conversation.tools != nil { withTools += 1 }
        if !conversation.messages.contains(where: { $0["role"]?.string == "assistant" }) {
            silentLines.append(line)
        }
        lengths.append(length)
    }

    var warnings: [String] {
        guard let first = silentLines.first else { return [] }
        let rest = silentLines.count == 1 ? "" : " (and \(silentLines.count - 1) more rows)"
        return [
            format == .messages
                ? "\(path):\(first)\(rest): no message is the assistant's; nothing here is trained."
                : "\(path):\(first)\(rest): no label counts; nothing here is trained."
        ]
    }

    func describe(in sheet: inout FactSheet) {
        if !roles.isEmpty {
            sheet.add(
                "messages",
                list(roles.map { "\(Humanized.count($0.count)) \($0.name)" }),
                (
                    "messages",
                    .object(JSONObject(roles.map { ($0.name, .integer($0.count)) }))
                ))
            sheet.add(
                "tools", "in \(Humanized.count(withTools)) rows",
                ("rows_with_tools", .integer(withTools)))
        }
        let unit = format == .tokens ? "tokens" : "characters"
        let total = lengths.reduce(0, +)
        let (least, most) = (lengths.min() ?? 0, lengths.max() ?? 0)
        sheet.add(
            unit,
            "\(Humanized.count(least)) to \(Humanized.count(most)) a row, "
                + "\(Humanized.count(total / max(lengths.count, 1))) on average",
            (
                unit,
                .object(
                    JSONObject([
                        ("least", .integer(least)), ("most", .integer(most)),
                        ("total", .integer(total)),
                    ]))
            ))
        if format == .tokens {
            sheet.add(
                "trained", "\(Humanized.count(trained)) tokens",
                ("trained_tokens", .integer(trained)))
        }
    }
}
