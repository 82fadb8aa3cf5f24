// Methods that cut a text into parts, or parts off it.

extension TextMethod {
    func split(_ name: String, _ arguments: Arguments) throws(TemplateFault) -> Value {
        let values = try arguments.bound(to: name, ["sep", "maxsplit"])
        let limit = try number(values[1], name) ?? -1
        let count = limit < 0 ? Int.max : limit
        guard let separator = try optionalText(values[0], name) else {
            let pieces =
                name == "split" ? splitBySpace(count) : splitBySpaceFromEnd(count)
            return try results(pieces)
        }
        if separator.utf8.isEmpty { throw .value("the separator is empty", by: "str.\(name)") }
        let (wanted, bytes) = (Array(separator.utf8), Array(text.utf8))
        let found =
            name == "split"
            ? Bytes.occurrences(of: wanted, in: bytes, limit: count)
            : Bytes.lastOccurrences(of: wanted, in: bytes, limit: count).reversed()
        try budget.reserve(elements: found.count + 1)
        var pieces: [String] = []
        var start = 0
        for offset in found {
            pieces.append(String(bytes[start..<offset]))
            start = offset + wanted.count
        }
        pieces.append(String(bytes[start...]))
        return try results(pieces)
    }

    private func splitBySpace(_ limit: Int) -> [String] {
        var pieces: [String] = []
        var rest = text.unicodeScalars.drop(while: \.isPythonSpace)
        while !rest.isEmpty {
            if pieces.count == limit {
                pieces.append(String(rest))
                break
            }
            let piece = rest.prefix { !$0.isPythonSpace }
            pieces.append(String(piece))
            rest = rest[piece.endIndex...].drop(while: \.isPythonSpace)
        }
        return pieces
    }

    private func splitBySpaceFromEnd(_ limit: Int) -> [String] {
        var pieces: [String] = []
        var rest = Array(text.unicodeScalars)[...]
        while rest.last?.isPythonSpace ?? false { rest.removeLast() }
        while !rest.isEmpty {
            if pieces.count == limit {
                pieces.append(String(rest))
                break
            }
            let start = (rest.lastIndex(where: \.isPythonSpace)).map { $0 + 1 } ?? rest.startIndex
            pieces.append(String(rest[start...]))
            rest = rest[..<start]
            while rest.last?.isPythonSpace ?? false { rest.removeLast() }
        }
        return pieces.reversed()
    }

    func partition(_ name: String, _ arguments: Arguments) throws(TemplateFault) -> Value {
        let values = try arguments.bound(to: name, ["sep"], required: 1)
        let separator = try argument(values[0], name)
        if separator.utf8.isEmpty { throw .value("the separator is empty", by: "str.\(name)") }
        let (wanted, bytes) = (Array(separator.utf8), Array(text.utf8))
        let isFirst = name == "partition"
        let found =
            isFirst
            ? Bytes.occurrences(of: wanted, in: bytes, limit: 1).first
            : Bytes.lastOccurrences(of: wanted, in: bytes, limit: 1).first
        let parts: [String]
        if let found {
            parts = [
                String(bytes[..<found]), separator, String(bytes[(found + wanted.count)...]),
            ]
        } else {
            parts = isFirst ? [text, "", ""] : ["", "", text]
        }
        return try .tuple(parts.map { result($0) }, budget)
    }

    /// Text without white space, or without these characters, at one or both ends.
    func stripped(_ name: String, _ characters: String?) throws(TemplateFault) -> String {
        let set = characters.map { Set($0.unicodeScalars) }
        func isStripped(_ scalar: Unicode.Scalar) -> Bool {
            set?.contains(scalar) ?? scalar.isPythonSpace
        }
        var rest = text.unicodeScalars[...]
        if name != "rstrip" { rest = rest.drop(while: isStripped) }
        if name != "lstrip" {
            while let last = rest.last, isStripped(last) { rest.removeLast() }
        }
        return String(rest)
    }

    func removed(_ name: String, _ arguments: Arguments) throws(TemplateFault) -> Value {
        let isPrefix = name == "removeprefix"
        let values = try arguments.bound(to: name, [isPrefix ? "prefix" : "suffix"], required: 1)
        let part = Array(try argument(values[0], name).utf8)
        let bytes = Array(text.utf8)
        if isPrefix, bytes.starts(with: part) { return result(String(bytes[part.count...])) }
        if !isPrefix, !part.isEmpty, bytes.count >= part.count,
            Array(bytes.suffix(part.count)) == part
        {
            return result(String(bytes[..<(bytes.count - part.count)]))
        }
        return result(text)
    }

    static func lines(of text: String, keepingEnds: Bool) -> [String] {
        var lines: [String] = []
        var line = String.UnicodeScalarView()
        var isOpen = false
        var scalars = text.unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            isOpen = !scalar.isPythonLineEnd
            if isOpen {
                line.append(scalar)
                continue
            }
            if keepingEnds { line.append(scalar) }
            if scalar == "\r", scalars.first == "\n" {
                scalars.removeFirst()
                if keepingEnds { line.append("\n") }
            }
            lines.append(String(line))
            line = String.UnicodeScalarView()
        }
        if isOpen { lines.append(String(line)) }
        return lines
    }
}
