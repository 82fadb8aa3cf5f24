// Methods that make a text of others.

extension TextMethod {
    func replace(_ arguments: Arguments) throws(TemplateFault) -> Value {
        let values = try arguments.bound(to: "replace", ["old", "new", "count"], required: 2)
        let old = try argument(values[0], "replace")
        let new = try argument(values[1], "replace")
        let count = try number(values[2], "replace") ?? -1
        return result(try Self.replacing(old, with: new, in: text, count: count, budget))
    }

    /// Replaces the first occurrences, all if `count` is negative.
    static func replacing(
        _ old: String, with new: String, in text: String, count: Int, _ budget: Budget
    ) throws(TemplateFault) -> String {
        let limit = count < 0 ? Int.max : count
        let (wanted, bytes) = (Array(old.utf8), Array(text.utf8))
        var found = Bytes.occurrences(of: wanted, in: bytes, limit: limit)
        if wanted.isEmpty {
            // Between all scalars and at both ends.
            let starts = bytes.indices.filter { bytes[$0] & 0xc0 != 0x80 } + [bytes.count]
            found = Array(starts.prefix(limit))
        }
        let (growth, overflow) = found.count.multipliedReportingOverflow(by: new.utf8.count)
        try budget.reserve(stringBytes: overflow ? Int.max : bytes.count &+ growth)
        var result: [UInt8] = []
        var start = 0
        for offset in found {
            result += bytes[start..<offset]
            result += new.utf8
            start = offset + wanted.count
        }
        result += bytes[start...]
        return String(decoding: result, as: UTF8.self)
    }

    func joined(_ sequence: Value) throws(TemplateFault) -> String {
        var parts: [String] = []
        for item in try sequence.elements(budget, for: "str.join") {
            if isMarkup {
                parts.append(try HTML.escaped(item, budget))
            } else {
                parts.append(try argument(item, "join"))
            }
        }
        let separators = text.utf8.count.multipliedReportingOverflow(by: max(0, parts.count - 1))
        let size = parts.reduce(0) { $0 + $1.utf8.count }
        try budget.reserve(
            stringBytes: separators.overflow ? Int.max : size &+ separators.partialValue)
        return parts.joined(separator: text)
    }

    func padded(_ name: String, _ arguments: Arguments) throws(TemplateFault) -> Value {
        if name == "expandtabs" {
            let values = try arguments.bound(to: name, ["tabsize"])
            return result(try expandingTabs(to: number(values[0], name) ?? 8))
        }
        let names = name == "zfill" ? ["width"] : ["width", "fillchar"]
        let values = try arguments.bound(to: name, names, required: 1)
        let width = try number(values[0], name) ?? 0
        let fill = names.count == 1 ? "0" : try optionalText(values[1], name) ?? " "
        guard fill.scalarCount == 1 else {
            throw .value("the fill is not one character", by: "str.\(name)")
        }
        let missing = max(0, width &- text.scalarCount)
        let (size, overflow) = missing.multipliedReportingOverflow(by: fill.utf8.count)
        try budget.reserve(stringBytes: overflow ? Int.max : size &+ text.utf8.count)
        func padding(_ count: Int) -> String { String(repeating: fill, count: count) }
        switch name {
        case "ljust": return result(text + padding(missing))
        case "rjust": return result(padding(missing) + text)
        case "zfill":
            let hasSign = text.utf8.first.map { $0 == 43 || $0 == 45 } ?? false
            let sign = hasSign ? String(text.unicodeScalars.prefix(1)) : ""
            let digits = String(text.unicodeScalars.dropFirst(hasSign ? 1 : 0))
            return result(sign + padding(missing) + digits)
        default:
            // Python puts the odd one at the left if the width is odd.
            let left = missing / 2 + (missing & width & 1)
            return result(padding(left) + text + padding(missing - left))
        }
    }

    func expandingTabs(to size: Int) throws(TemplateFault) -> String {
        var expanded = String.UnicodeScalarView()
        var column = 0
        for scalar in text.unicodeScalars {
            if scalar == "\t" {
                let count = size > 0 ? size - column % size : 0
                try budget.reserve(stringBytes: count)
                for _ in 0..<count { expanded.append(" ") }
                column += count
            } else {
                expanded.append(scalar)
                column = scalar == "\n" || scalar == "\r" ? 0 : column + 1
            }
        }
        return String(expanded)
    }
}
