/// Writes a tree so that ``YAMLParser`` reads the same values back.
///
/// Maps are written as blocks, lists in brackets on one line; text is quoted only where it must be.
public enum YAMLWriter {
    /// The text of a document, ending with a line feed.
    public static func write(_ root: YAMLNode) -> String {
        guard let members = root.members, !members.isEmpty else { return flow(root) + "\n" }
        return block(members, indentation: "")
    }

    private static func block(_ members: [YAMLMember], indentation: String) -> String {
        var text = ""
        for member in members {
            text += indentation + scalar(member.key) + ":"
            if let inner = member.value.members, !inner.isEmpty {
                text += "\n" + block(inner, indentation: indentation + "  ")
            } else {
                text += " " + flow(member.value) + "\n"
            }
        }
        return text
    }

    private static func flow(_ node: YAMLNode) -> String {
        switch node.value {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .number(let value): number(value)
        case .string(let value): scalar(value)
        case .sequence(let elements): "[" + elements.map(flow).joined(separator: ", ") + "]"
        case .mapping(let members):
            "{"
                + members.map { scalar($0.key) + ": " + flow($0.value) }.joined(separator: ", ")
                + "}"
        }
    }

    /// The shortest digits that read back to the same number.
    private static func number(_ value: Double) -> String {
        if value.isNaN { return ".nan" }
        if value.isInfinite { return value < 0 ? "-.inf" : ".inf" }
        return "\(value)"
    }

    /// Text, quoted unless it is plain beyond doubt.
    private static func scalar(_ text: String) -> String {
        let isPlain =
            text.utf8.allSatisfy(isPlainByte) && text.utf8.first.map(isFirstByte) ?? false
            && !YAMLScalar.needsQuotes(text)
        return isPlain ? text : quoted(text)
    }

    private static func isPlainByte(_ byte: UInt8) -> Bool {
        isFirstByte(byte) || byte == UInt8(ascii: "-")
    }

    private static func isFirstByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: "/"):
            true
        default: false
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case _ where isShown(scalar): result.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16)
                result += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            }
        }
        return result + "\""
    }

    /// Whether a character is printable and neither ends a line nor is invisible.
    private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
        YAMLText.isPrintable(scalar)
            && ![0x0d, 0x85, 0x2028, 0x2029, 0xfeff].contains(scalar.value)
    }
}
