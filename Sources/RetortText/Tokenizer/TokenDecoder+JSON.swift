import RetortFiles

extension TokenDecoder {
    /// Reads the `decoder` of a tokenizer.json file.
    init(_ setting: JSONSetting) throws(TokenizerError) {
        let kind = try setting.kind()
        switch kind {
        case "Sequence":
            var steps: [TokenDecoder] = []
            for step in try setting.get("decoders").elements() { steps.append(try .init(step)) }
            self = .sequence(steps)
        case "ByteLevel": self = .byteLevel
        case "ByteFallback": self = .byteFallback
        case "Fuse": self = .fuse
        case "Replace":
            self = .replace(
                try setting.get("pattern").pattern(),
                with: Array(try setting.get("content").string().utf8))
        case "Strip":
            self = .strip(
                try setting.get("content").scalar(), left: try setting.get("start").count(),
                right: try setting.get("stop").count())
        case "Metaspace": self = .metaspace(try .init(setting))
        case "WordPiece":
            self = .wordPiece(
                prefix: try setting.find("prefix")?.string() ?? "##",
                cleansUp: try setting.bool("cleanup", default: true))
        case "BPEDecoder": self = .bytePair(suffix: try setting.find("suffix")?.string() ?? "</w>")
        case "CTC":
            self = .ctc(
                padding: try setting.find("pad_token")?.string() ?? "<pad>",
                delimiter: try setting.find("word_delimiter_token")?.string() ?? "|",
                cleansUp: try setting.bool("cleanup", default: true))
        default: throw setting.unknown(kind)
        }
    }

    /// The step as tokenizer.json writes it.
    var json: JSONValue {
        switch self {
        case .sequence(let steps): .step("Sequence", [("decoders", .array(steps.map(\.json)))])
        case .byteLevel: .byteLevel()
        case .byteFallback: .step("ByteFallback")
        case .fuse: .step("Fuse")
        case .replace(let pattern, let content):
            .step("Replace", [("pattern", pattern.json), ("content", .text(content))])
        case .strip(let scalar, let left, let right):
            .step(
                "Strip",
                [
                    ("content", .string(String(scalar))), ("start", .integer(left)),
                    ("stop", .integer(right)),
                ])
        case .metaspace(let options): options.json
        case .wordPiece(let prefix, let cleansUp):
            .step("WordPiece", [("prefix", .string(prefix)), ("cleanup", .bool(cleansUp))])
        case .bytePair(let suffix): .step("BPEDecoder", [("suffix", .string(suffix))])
        case .ctc(let padding, let delimiter, let cleansUp):
            .step(
                "CTC",
                [
                    ("pad_token", .string(padding)), ("word_delimiter_token", .string(delimiter)),
                    ("cleanup", .bool(cleansUp)),
                ])
        }
    }
}
