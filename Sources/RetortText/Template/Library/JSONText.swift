/// Writes values as Python's `json.dumps` does.
struct JSONText {
    /// Whether everything beyond ASCII is escaped.
    var isASCII = false
    /// What one level is indented by; nil writes one line.
    var indent: String?
    var itemSeparator = ", "
    var keySeparator = ": "
    var sortsKeys = false

    private var text: [UInt8] = []
    private let budget: Budget

    init(_ budget: Budget) { self.budget = budget }

    mutating func write(_ value: Value) throws(TemplateFault) -> String {
        try append(value, level: 0)
        try budget.reserve(stringBytes: text.count)
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func append(_ value: Value, level: Int) throws(TemplateFault) {
        if text.count > budget.limits.stringBytes {
            throw .limit(.stringBytes(budget.limits.stringBytes))
        }
        try budget.enter()
        defer { budget.leave() }
        switch value {
        case .string(let string), .markup(let string): append(quoting: string)
        case .list(let elements), .tuple(let elements):
            try append(elements.items, level: level)
        case .dictionary(let dictionary): try append(dictionary, level: level)
        default: text += Array(try scalar(value, role: "a value").utf8)
        }
    }

    private func scalar(_ value: Value, role: String) throws(TemplateFault) -> String {
        switch value {
        case .none: return "null"
        case .bool(let value): return value ? "true" : "false"
        case .integer(let value): return String(value)
        case .big(let value): return try value.printed()
        case .float(let value):
            if value.isNaN { return "NaN" }
            if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
            return DecimalDigits.shortest(value)
        default: throw .type(found: value.typeName, expected: "\(role) of JSON", by: "tojson")
        }
    }

    private mutating func append(_ items: [Value], level: Int) throws(TemplateFault) {
        guard !items.isEmpty else {
            text += Array("[]".utf8)
            return
        }
        text.append(UInt8(ascii: "["))
        for (index, item) in items.enumerated() {
            if index > 0 { text += Array(itemSeparator.utf8) }
            appendNewline(level: level + 1)
            try append(item, level: level + 1)
        }
        appendNewline(level: level)
        text.append(UInt8(ascii: "]"))
    }

    private mutating func append(_ dictionary: PythonDictionary, level: Int) throws(TemplateFault) {
        guard dictionary.count > 0 else {
            text += Array("{}".utf8)
            return
        }
        var entries = dictionary.entries
        if sortsKeys {
            let budget = budget
            entries = try sorted(entries, budget) { (left, right) throws(TemplateFault) in
                (try left.key.order(against: right.key, "<", budget) ?? 0) < 0
            }
        }
        text.append(UInt8(ascii: "{"))
        for (index, entry) in entries.enumerated() {
            if index > 0 { text += Array(itemSeparator.utf8) }
            appendNewline(level: level + 1)
            if let key = entry.key.text {
                append(quoting: key)
            } else {
                append(quoting: try scalar(entry.key, role: "a key"))
            }
            text += Array(keySeparator.utf8)
            try append(entry.value, level: level + 1)
        }
        appendNewline(level: level)
        text.append(UInt8(ascii: "}"))
    }

    private mutating func appendNewline(level: Int) {
        guard let indent else { return }
        text.append(UInt8(ascii: "\n"))
        for _ in 0..<level { text += Array(indent.utf8) }
    }

    private mutating func append(quoting string: String) {
        text.append(UInt8(ascii: "\""))
        if isASCII {
            for scalar in string.unicodeScalars {
                if scalar.isASCII, scalar.value != 0x7f {
                    append(escaping: UInt8(truncatingIfNeeded: scalar.value))
                } else {
                    for unit in UTF16.encode(scalar) ?? .init() { append(code: UInt32(unit)) }
                }
            }
        } else {
            for byte in string.utf8 { append(escaping: byte) }
        }
        text.append(UInt8(ascii: "\""))
    }

    private mutating func append(escaping byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): text += Array("\\\"".utf8)
        case UInt8(ascii: "\\"): text += Array("\\\\".utf8)
        case 8: text += Array("\\b".utf8)
        case 9: text += Array("\\t".utf8)
        case 10: text += Array("\\n".utf8)
        case 12: text += Array("\\f".utf8)
        case 13: text += Array("\\r".utf8)
        case 0..<32: append(code: UInt32(byte))
        default: text.append(byte)
        }
    }

    private mutating func append(code: UInt32) {
        let digits = String(code, radix: 16)
        text += Array("\\u\(String(repeating: "0", count: 4 - digits.utf8.count))\(digits)".utf8)
    }
}

/// Sorts stably, with comparisons that can fail.
func sorted<Element>(
    _ items: [Element], _ budget: Budget,
    by precedes: (Element, Element) throws(TemplateFault) -> Bool
) throws(TemplateFault) -> [Element] {
    var current = items
    var width = 1
    while width < current.count {
        try budget.spend(current.count)
        var merged: [Element] = []
        merged.reserveCapacity(current.count)
        var start = 0
        while start < current.count {
            let middle = min(start + width, current.count)
            let end = min(middle + width, current.count)
            var (left, right) = (start, middle)
            while left < middle, right < end {
                if try precedes(current[right], current[left]) {
                    merged.append(current[right])
                    right += 1
                } else {
                    merged.append(current[left])
                    left += 1
                }
            }
            merged += current[left..<middle]
            merged += current[right..<end]
            start = end
        }
        current = merged
        width *= 2
    }
    return current
}
