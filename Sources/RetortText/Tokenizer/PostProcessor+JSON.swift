import RetortFiles

extension PostProcessor {
    /// Reads the `post_processor` of a tokenizer.json file.
    init(_ setting: JSONSetting) throws(TokenizerError) {
        let kind = try setting.kind()
        switch kind {
        case "Sequence":
            var steps: [PostProcessor] = []
            for step in try setting.get("processors").elements() { steps.append(try .init(step)) }
            self = .sequence(steps)
        case "TemplateProcessing": self = .template(try Template(setting))
        case "ByteLevel": self = .byteLevel(try Self.trimming(setting))
        case "BertProcessing":
            self = .bert(
                start: try SpecialToken(setting.get("cls")),
                end: try SpecialToken(setting.get("sep")))
        case "RobertaProcessing":
            self = .roberta(
                start: try SpecialToken(setting.get("cls")),
                end: try SpecialToken(setting.get("sep")),
                try Self.trimming(setting))
        default: throw setting.unknown(kind)
        }
    }

    private static func trimming(
        _ setting: JSONSetting
    ) throws(TokenizerError) -> OffsetTrimming? {
        guard try setting.bool("trim_offsets", default: true) else { return nil }
        return OffsetTrimming(prefixesSpace: try setting.bool("add_prefix_space", default: true))
    }

    /// The step as tokenizer.json writes it.
    var json: JSONValue {
        switch self {
        case .sequence(let steps): .step("Sequence", [("processors", .array(steps.map(\.json)))])
        case .template(let template): template.json
        case .byteLevel(let trimming):
            .byteLevel(
                prefixesSpace: trimming?.prefixesSpace ?? true, trimsOffsets: trimming != nil)
        case .bert(let start, let end):
            .step("BertProcessing", [("sep", end.json), ("cls", start.json)])
        case .roberta(let start, let end, let trimming):
            .step(
                "RobertaProcessing",
                [
                    ("sep", end.json), ("cls", start.json),
                    ("trim_offsets", .bool(trimming != nil)),
                    ("add_prefix_space", .bool(trimming?.prefixesSpace ?? true)),
                ])
        }
    }
}

extension PostProcessor.SpecialToken {
    /// Reads a pair of text and id.
    fileprivate init(_ setting: JSONSetting) throws(TokenizerError) {
        let parts = try setting.elements()
        guard parts.count == 2 else { throw setting.wrongType("a token and its id") }
        content = try parts[0].string()
        id = try parts[1].count()
        try Self.check(id, of: content, in: setting)
    }

    /// Throws if an id cannot be one.
    fileprivate static func check(
        _ id: Int, of content: String, in setting: JSONSetting
    ) throws(TokenizerError) {
        if id >= Vocabulary.idLimit {
            throw .idOutOfRange(path: setting.path, token: content, id: String(id))
        }
    }

    fileprivate var json: JSONValue { .array([.string(content), .integer(id)]) }
}

extension PostProcessor.Template {
    fileprivate init(_ setting: JSONSetting) throws(TokenizerError) {
        specials = []
        if let object = try setting.find("special_tokens") {
            for name in object.value.object?.keys ?? [] {
                specials.append(try Self.special(name, try object.get(name)))
            }
        }
        single = []
        pair = []
        single = try parts(setting.get("single"))
        if let setting = try setting.find("pair") { pair = try parts(setting) }
    }

    private static func special(
        _ name: String, _ setting: JSONSetting
    ) throws(TokenizerError) -> Special {
        let ids = try setting.get("ids").elements()
        let texts = try setting.get("tokens").elements()
        guard ids.count == texts.count else {
            throw .countsDiffer(
                path: setting.path, key: setting.key + ".ids", count: ids.count, other: "tokens",
                otherCount: texts.count)
        }
        var tokens: [PostProcessor.SpecialToken] = []
        for (id, text) in zip(ids, texts) {
            let token = PostProcessor.SpecialToken(content: try text.string(), id: try id.count())
            try PostProcessor.SpecialToken.check(token.id, of: token.content, in: id)
            tokens.append(token)
        }
        return Special(name: name, tokens: tokens)
    }

    private func parts(_ setting: JSONSetting) throws(TokenizerError) -> [Part] {
        var parts: [Part] = []
        for part in try setting.elements() {
            if let text = try part.find("Sequence") {
                let name = try text.get("id")
                guard let index = ["A", "B"].firstIndex(of: try name.string()) else {
                    throw name.wrongType("A or B")
                }
                parts.append(.text(index, type: try text.find("type_id")?.count() ?? 0))
            } else {
                let special = try part.get("SpecialToken")
                let name = try special.get("id").string()
                guard specials.contains(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
                    throw .unknownToken(path: part.path, key: special.key, token: name)
                }
                parts.append(.special(name, type: try special.find("type_id")?.count() ?? 0))
            }
        }
        return parts
    }

    fileprivate var json: JSONValue {
        func list(_ parts: [Part]) -> JSONValue {
            .array(
                parts.map { part in
                    let (kind, name, type) =
                        switch part {
                        case .text(let index, let type): ("Sequence", index == 0 ? "A" : "B", type)
                        case .special(let name, let type): ("SpecialToken", name, type)
                        }
                    let members = JSONObject([("id", .string(name)), ("type_id", .integer(type))])
                    return .object(JSONObject([(kind, .object(members))]))
                })
        }
        let tokens = specials.map { special in
            let members: [(String, JSONValue)] = [
                ("id", .string(special.name)),
                ("ids", .array(special.tokens.map { .integer($0.id) })),
                ("tokens", .array(special.tokens.map { .string($0.content) })),
            ]
            return (special.name, JSONValue.object(JSONObject(members)))
        }
        return .step(
            "TemplateProcessing",
            [
                ("single", list(single)), ("pair", list(pair)),
                ("special_tokens", .object(JSONObject(tokens))),
            ])
    }
}
