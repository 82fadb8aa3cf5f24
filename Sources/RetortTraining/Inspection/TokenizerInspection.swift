import RetortFiles
import RetortModels
import RetortText

/// A tokenizer file, or a folder with one and no model.
enum TokenizerInspection: InspectedKind {
    /// JSON files that say something about what lies beside them.
    private static let parts = [
        "config.json", "generation_config.json", "tokenizer_config.json",
        "special_tokens_map.json", "adapter_config.json", "model.safetensors.index.json",
        "manifest.json", "state.json",
    ]

    static func recognizes(_ target: InspectionTarget) -> Bool {
        if target.isFolder { return target.holds("tokenizer.json") }
        let name = target.path.split(separator: "/").last.map(String.init) ?? ""
        return target.isFile(named: ".json", "tokenizer.model") && !parts.contains(name)
    }

    static func inspect(_ target: InspectionTarget) throws -> InspectionReport {
        let path = target.path
        let tokenizer = try Tokenizer(contentsOf: path)
        var sheet = FactSheet(kind: "tokenizer", title: "Tokenizer \(path)")
        sheet.add(tokenizer)
        sheet.add(roles: tokenizer.roles, in: tokenizer)
        if target.isFolder {
            let configuration = try TokenizerConfiguration(folder: path)
            let names = configuration.chatTemplates.map(\.name)
            sheet.add(
                "chat template", list(names),
                ("chat_templates", .array(names.map(JSONValue.string))))
            for template in configuration.chatTemplates {
                _ = try ChatTemplate(template.text, name: "\(path): chat template \(template.name)")
            }
        }
        let tokens = tokenizer.allAddedTokens
        sheet.add(
            "added_tokens",
            .array(
                tokens.map {
                    .object(
                        JSONObject([
                            ("id", .integer($0.id)), ("content", .string($0.content)),
                            ("special", .bool($0.isSpecial)),
                        ]))
                }))
        sheet.add(
            table: ["added token", "id ", "kind"],
            tokens.map { [$0.content, "\($0.id)", $0.isSpecial ? "special" : "ordinary"] },
            limit: 24)
        if target.verifies { sheet.addVerified("every token, merge and step") }
        return InspectionReport(sheet)
    }
}

extension FactSheet {
    /// Adds a tokenizer's kind and size.
    mutating func add(_ tokenizer: Tokenizer) {
        add(
            "tokenizer",
            "\(tokenizer.modelName), \(Humanized.count(tokenizer.vocabularySize)) tokens, "
                + "\(tokenizer.specialTokens.count) of them special",
            ("tokenizer", .string(tokenizer.modelName)),
            ("tokenizer_size", .integer(tokenizer.vocabularySize)),
            (
                "special_tokens",
                .object(JSONObject(tokenizer.specialTokens.map { ($0.content, .integer($0.id)) }))
            ))
    }

    /// Adds the tokens with a task.
    mutating func add(roles: TokenRoles, in tokenizer: Tokenizer) {
        let ids = [
            ("bos", roles.bosID), ("eos", roles.eosID), ("pad", roles.paddingID),
            ("unk", roles.unknownID),
        ]
        let known = ids.compactMap { name, id in id.map { "\(name) \(tokenizer.shown($0))" } }
        add("special tokens", list(known))
        for (name, id) in ids {
            add("\(name)_token_id", id.map(JSONValue.integer) ?? .null)
        }
    }
}

extension Tokenizer {
    /// A token with its id: `<|im_end|> (2)`.
    func shown(_ id: Int) -> String { "\(token(id) ?? "?") (\(id))" }
}
