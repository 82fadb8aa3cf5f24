extension Value {
    /// Python's `str`: what printing the value gives.
    func printed(_ budget: Budget) throws(TemplateFault) -> String {
        switch self {
        case .string(let text), .markup(let text): return text
        case .undefined: return ""
        default:
            var text = ""
            try represent(into: &text, budget)
            return text
        }
    }

    /// Python's `repr`.
    func represented(_ budget: Budget) throws(TemplateFault) -> String {
        var text = ""
        try represent(into: &text, budget)
        return text
    }

    private func represent(into text: inout String, _ budget: Budget) throws(TemplateFault) {
        let start = text.utf8.count
        switch self {
        case .undefined: text += "Undefined"
        case .none: text += "None"
        case .bool(let value): text += value ? "True" : "False"
        case .integer(let value): text += String(value)
        case .big(let value): text += try value.printed()
        case .float(let value): text += DecimalDigits.shortest(value)
        case .string(let value): text += quoted(value)
        case .markup(let value): text += "Markup(\(quoted(value)))"
        case .range(let range):
            let step = range.step == 1 ? "" : ", \(range.step)"
            text += "range(\(range.start), \(range.stop)\(step))"
        default: try representContainer(into: &text, budget)
        }
        try budget.reserve(stringBytes: text.utf8.count - start)
        if text.utf8.count > budget.limits.stringBytes {
            throw .limit(.stringBytes(budget.limits.stringBytes))
        }
    }

    private func representContainer(into text: inout String, _ budget: Budget)
        throws(TemplateFault)
    {
        try budget.enter()
        defer { budget.leave() }
        switch self {
        case .list(let elements): try represent(elements.items, "[", "]", into: &text, budget)
        case .tuple(let elements):
            let close = elements.items.count == 1 ? ",)" : ")"
            try represent(elements.items, "(", close, into: &text, budget)
        case .dictionary(let dictionary): try represent(dictionary, into: &text, budget)
        case .namespace(let namespace):
            text += "<Namespace "
            try represent(namespace.members, into: &text, budget)
            text += ">"
        case .view(let view):
            var items: [Value] = []
            for position in 0..<view.dictionary.count {
                items.append(try view.item(at: position, budget))
            }
            try represent(items, "\(view.kind.typeName)([", "])", into: &text, budget)
        case .macro(let macro):
            let isNamed = macro.definition.symbol != nil
            text += "<Macro \(isNamed ? quoted(macro.definition.name) : "anonymous")>"
        case .method(let method):
            text += "<built-in method \(method.name) of \(method.receiver.typeName) object>"
        case .loop(let loop): text += "<LoopContext \(loop.index)/\(try loop.length())>"
        default: text += "<\(typeName) object>"
        }
    }

    private func represent(
        _ items: [Value], _ open: String, _ close: String, into text: inout String, _ budget: Budget
    ) throws(TemplateFault) {
        text += open
        for (index, item) in items.enumerated() {
            if index > 0 { text += ", " }
            try item.represent(into: &text, budget)
        }
        text += close
    }

    private func represent(
        _ dictionary: PythonDictionary, into text: inout String, _ budget: Budget
    ) throws(TemplateFault) {
        text += "{"
        for (index, entry) in dictionary.entries.enumerated() {
            if index > 0 { text += ", " }
            try entry.key.represent(into: &text, budget)
            text += ": "
            try entry.value.represent(into: &text, budget)
        }
        text += "}"
    }
}

extension BigInteger {
    /// Decimal digits, as many as Python is willing to print.
    func printed() throws(TemplateFault) -> String {
        if bitCount > TemplateLimits.integerDigits * 4 {
            throw .value("the integer is too long to be printed", by: "str")
        }
        let text = digits()
        if text.utf8.count > TemplateLimits.integerDigits {
            throw .value("the integer is too long to be printed", by: "str")
        }
        return text
    }
}

/// `repr` of a string: single quotes unless only those occur inside.
private func quoted(_ text: String) -> String {
    let hasSingle = text.utf8.contains(UInt8(ascii: "'"))
    let hasDouble = text.utf8.contains(UInt8(ascii: "\""))
    let quote: Unicode.Scalar = hasSingle && !hasDouble ? "\"" : "'"
    var result = String.UnicodeScalarView([quote])
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\n": result.append(contentsOf: "\\n".unicodeScalars)
        case "\r": result.append(contentsOf: "\\r".unicodeScalars)
        case "\t": result.append(contentsOf: "\\t".unicodeScalars)
        case "\\": result.append(contentsOf: "\\\\".unicodeScalars)
        case quote: result.append(contentsOf: "\\\(quote)".unicodeScalars)
        default:
            if scalar.isPythonPrintable {
                result.append(scalar)
            } else {
                result.append(contentsOf: escape(scalar).unicodeScalars)
            }
        }
    }
    result.append(quote)
    return String(result)
}

private func escape(_ scalar: Unicode.Scalar) -> String {
    let (mark, width) =
        scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
    let digits = String(scalar.value, radix: 16)
    return "\\\(mark)\(String(repeating: "0", count: width - digits.utf8.count))\(digits)"
}
