import RetortFiles

extension PreTokenizer {
    /// Reads the `pre_tokenizer` of a tokenizer.json file.
    init(_ setting: JSONSetting) throws(TokenizerError) {
        let kind = try setting.kind()
        switch kind {
        case "Sequence":
            var steps: [PreTokenizer] = []
            for step in try setting.get("pretokenizers").elements() {
                steps.append(try .init(step))
            }
            self = .sequence(steps)
        case "Split":
            self = .split(
                try setting.get("pattern").pattern(), try setting.get("behavior").choice(),
                inverted: try setting.bool("invert", default: false))
        case "ByteLevel":
            let cutsWords = try setting.bool("use_regex", default: true)
            self = .byteLevel(
                prefixesSpace: try setting.bool("add_prefix_space", default: true),
                words: cutsWords ? .expression(try setting.expression(Self.wordPattern)) : nil)
        case "Metaspace": self = .metaspace(try Metaspace(setting))
        case "Whitespace": self = .whitespace
        case "WhitespaceSplit": self = .whitespaceSplit
        case "BertPreTokenizer": self = .bert
        case "Punctuation":
            self = .punctuation(try setting.find("behavior")?.choice() ?? .isolated)
        case "Digits":
            self = .digits(individual: try setting.bool("individual_digits", default: false))
        case "CharDelimiterSplit": self = .delimiter(try setting.get("delimiter").scalar())
        case "UnicodeScripts": self = .unicodeScripts
        case "FixedLength":
            let length = try setting.find("length")?.count() ?? 5
            guard length > 0 else { throw setting.wrongType("of a length above 0") }
            self = .fixedLength(length)
        default: throw setting.unknown(kind)
        }
    }

    /// The step as tokenizer.json writes it.
    var json: JSONValue {
        switch self {
        case .sequence(let steps):
            .step("Sequence", [("pretokenizers", .array(steps.map(\.json)))])
        case .split(let pattern, let behavior, let inverted):
            .step(
                "Split",
                [
                    ("pattern", pattern.json), ("behavior", .string(behavior.rawValue)),
                    ("invert", .bool(inverted)),
                ])
        case .byteLevel(let prefixesSpace, let words):
            .byteLevel(prefixesSpace: prefixesSpace, trimsOffsets: true, cutsWords: words != nil)
        case .metaspace(let options): options.json
        case .whitespace: .step("Whitespace")
        case .whitespaceSplit: .step("WhitespaceSplit")
        case .bert: .step("BertPreTokenizer")
        case .punctuation(let behavior):
            .step("Punctuation", [("behavior", .string(behavior.rawValue))])
        case .digits(let individual): .step("Digits", [("individual_digits", .bool(individual))])
        case .delimiter(let scalar):
            .step("CharDelimiterSplit", [("delimiter", .string(String(scalar)))])
        case .unicodeScripts: .step("UnicodeScripts")
        case .fixedLength(let length): .step("FixedLength", [("length", .integer(length))])
        }
    }
}

extension PreTokenizer.Metaspace {
    /// Reads the options of a `Metaspace` step.
    init(_ setting: JSONSetting) throws(TokenizerError) {
        mark = try setting.find("replacement")?.scalar() ?? "\u{2581}"
        prepending = try setting.find("prepend_scheme")?.choice() ?? .always
        // The older spelling of "never".
        if try setting.find("add_prefix_space")?.bool() == false { prepending = .never }
        splits = try setting.bool("split", default: true)
    }

    /// The step as tokenizer.json writes it.
    var json: JSONValue {
        .step(
            "Metaspace",
            [
                ("replacement", .string(String(mark))),
                ("prepend_scheme", .string(prepending.rawValue)), ("split", .bool(splits)),
            ])
    }
}

extension JSONValue {
    /// A `ByteLevel` object, which has the same members wherever it stands.
    static func byteLevel(
        prefixesSpace: Bool = true, trimsOffsets: Bool = true, cutsWords: Bool = true
    ) -> JSONValue {
        .step(
            "ByteLevel",
            [
                ("add_prefix_space", .bool(prefixesSpace)), ("trim_offsets", .bool(trimsOffsets)),
                ("use_regex", .bool(cutsWords)),
            ])
    }
}
