import FoundationEssentials
import RetortFiles

extension Normalizer {
    /// Reads the `normalizer` of a tokenizer.json file.
    init(_ setting: JSONSetting) throws(TokenizerError) {
        let kind = try setting.kind()
        if let form = UnicodeNormalization(rawValue: kind) {
            self = .unicode(form)
            return
        }
        switch kind {
        case "Sequence":
            var steps: [Normalizer] = []
            for step in try setting.get("normalizers").elements() { steps.append(try .init(step)) }
            self = .sequence(steps)
        case "Lowercase": self = .lowercase
        case "Strip":
            self = .strip(
                left: try setting.bool("strip_left", default: true),
                right: try setting.bool("strip_right", default: true))
        case "StripAccents": self = .stripAccents
        case "Nmt": self = .nmt
        case "BertNormalizer":
            self = .bert(
                BERTCleaning(
                    cleansText: try setting.bool("clean_text", default: true),
                    separatesIdeographs: try setting.bool("handle_chinese_chars", default: true),
                    stripsAccents: try setting.find("strip_accents")?.bool(),
                    lowercases: try setting.bool("lowercase", default: true)))
        case "Replace":
            self = .replace(
                try setting.get("pattern").pattern(),
                with: Array(try setting.get("content").string().utf8))
        case "Prepend": self = .prepend(Array(try setting.get("prepend").string().utf8))
        case "Precompiled":
            let table = try setting.get("precompiled_charsmap")
            guard let data = Data(base64Encoded: try table.string()),
                let map = CharactersMap([UInt8](data))
            else { throw table.wrongType("a table of replacements in base 64") }
            self = .charactersMap(map)
        case "ByteLevel": self = .byteLevel
        default: throw setting.unknown(kind)
        }
    }

    /// The step as tokenizer.json writes it.
    var json: JSONValue {
        switch self {
        case .sequence(let steps):
            .step("Sequence", [("normalizers", .array(steps.map(\.json)))])
        case .unicode(let form): .step(form.rawValue)
        case .lowercase: .step("Lowercase")
        case .strip(let left, let right):
            .step("Strip", [("strip_left", .bool(left)), ("strip_right", .bool(right))])
        case .stripAccents: .step("StripAccents")
        case .nmt: .step("Nmt")
        case .bert(let options):
            .step(
                "BertNormalizer",
                [
                    ("clean_text", .bool(options.cleansText)),
                    ("handle_chinese_chars", .bool(options.separatesIdeographs)),
                    ("strip_accents", options.stripsAccents.map(JSONValue.bool) ?? .null),
                    ("lowercase", .bool(options.lowercases)),
                ])
        case .replace(let pattern, let content):
            .step("Replace", [("pattern", pattern.json), ("content", .text(content))])
        case .prepend(let content): .step("Prepend", [("prepend", .text(content))])
        case .charactersMap(let map):
            .step(
                "Precompiled",
                [("precompiled_charsmap", .string(Data(map.encoded).base64EncodedString()))])
        case .byteLevel: .step("ByteLevel")
        }
    }
}

extension TextPattern {
    /// The pattern as tokenizer.json writes it.
    var json: JSONValue {
        switch self {
        case .literal(let text): .object(JSONObject([("String", .text(text))]))
        case .expression(let expression) where expression.pattern.isEmpty:
            .object(JSONObject([("String", .string(""))]))
        case .expression(let expression):
            .object(JSONObject([("Regex", .string(expression.pattern))]))
        }
    }
}

extension JSONValue {
    /// An object of a type with further members.
    static func step(_ type: String, _ members: [(String, JSONValue)] = []) -> JSONValue {
        .object(JSONObject([("type", .string(type))] + members))
    }

    /// A text of UTF-8 bytes.
    static func text(_ bytes: some Collection<UInt8>) -> JSONValue {
        .string(String(decoding: bytes, as: UTF8.self))
    }
}
