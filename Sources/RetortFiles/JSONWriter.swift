/// How a JSON text is laid out.
public enum JSONLayout: Sendable, Equatable {
    /// One line without spaces.
    case compact
    /// One line with a space after commas and colons, as Python's `json.dumps` writes.
    case spaced
    /// A line per element, as `json.dumps` writes with this indent.
    case indented(Int)
}

extension JSONValue {
    /// The value as JSON text: keys in their order, characters beyond ASCII as they are.
    ///
    /// The text is that of Python's `json.dumps` with `ensure_ascii=False`: numbers have their
    /// shortest digits that read back the same; what is not finite becomes `NaN`, `Infinity` or
    /// `-Infinity`, which is not JSON.
    ///
    /// - Parameter layout: Spaces and line breaks.
    /// - Returns: The text, without a line break at its end.
    public func serialized(_ layout: JSONLayout = .compact) -> String {
        var writer = JSONWriter(layout: layout)
        writer.write(self, level: 0)
        return String(decoding: writer.text, as: UTF8.self)
    }

    /// The same as UTF-8 bytes.
    public func serializedBytes(_ layout: JSONLayout = .compact) -> [UInt8] {
        var writer = JSONWriter(layout: layout)
        writer.write(self, level: 0)
        return writer.text
    }
}

/// Collects the bytes of a JSON text.
private struct JSONWriter {
    let layout: JSONLayout
    var text: [UInt8] = []

    init(layout: JSONLayout) { self.layout = layout }

    mutating func write(_ value: JSONValue, level: Int) {
        switch value {
        case .null: append("null")
        case .bool(let value): append(value ? "true" : "false")
        case .integer(let value): append(String(value))
        case .number(let value): append(Self.digits(value))
        case .string(let value): writeString(value)
        case .array(let elements):
            writeList(elements, brackets: "[]", level: level) { writer, element in
                writer.write(element, level: level + 1)
            }
        case .object(let object):
            writeList(object.members, brackets: "{}", level: level) { writer, member in
                writer.writeString(member.key)
                writer.append(writer.layout == .compact ? ":" : ": ")
                writer.write(member.value, level: level + 1)
            }
        }
    }

    private mutating func writeList<Element>(
        _ elements: [Element], brackets: String, level: Int,
        _ write: (inout JSONWriter, Element) -> Void
    ) {
        append(brackets.prefix(1))
        for (index, element) in elements.enumerated() {
            if index > 0 { append(layout == .spaced ? ", " : ",") }
            breakLine(level: level + 1)
            write(&self, element)
        }
        if !elements.isEmpty { breakLine(level: level) }
        append(brackets.suffix(1))
    }

    private mutating func breakLine(level: Int) {
        guard case .indented(let width) = layout else { return }
        append("\n")
        text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: max(width, 0) * level))
    }

    private mutating func writeString(_ string: String) {
        append("\"")
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case 0x08: append("\\b")
            case 0x09: append("\\t")
            case 0x0a: append("\\n")
            case 0x0c: append("\\f")
            case 0x0d: append("\\r")
            case 0..<0x20: append((byte < 0x10 ? "\\u000" : "\\u00") + String(byte, radix: 16))
            default: text.append(byte)
            }
        }
        append("\"")
    }

    /// The shortest digits, with an exponent below 1e-4 and from 1e16 as in Python.
    private static func digits(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
        // Swift begins with exponents at 2⁵³ already; all numbers up to 1e16 are whole there.
        if abs(value) >= 0x1p53, abs(value) < 1e16 { return "\(Int(value)).0" }
        return value.description
    }

    private mutating func append(_ piece: some StringProtocol) {
        text.append(contentsOf: piece.utf8)
    }
}
