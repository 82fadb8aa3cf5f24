import FoundationEssentials
import RetortFiles

extension Tokenizer {
    /// Builds the tokenizer of a `tekken.json` file (Mistral).
    ///
    /// The file lists byte strings by rank. Two neighbours merge if together they are in the list,
    /// the one of lowest rank first; ids are ranks behind the special tokens.
    package init(tekken json: JSONValue, path: String) throws(TokenizerError) {
        let file = JSONSetting(value: json, path: path, key: "")
        let config = try file.get("config")
        let pattern = try config.get("pattern")
        let expression = try pattern.expression(try pattern.string())
        let specials = try Self.tekkenSpecials(
            file, count: config.get("default_num_special_tokens"))
        let size = try config.get("default_vocab_size")
        let limit = min(try size.count(), Vocabulary.idLimit) - specials.count
        guard limit > 0 else { throw size.wrongType("more than the number of special tokens") }

        var vocabulary = Vocabulary(minimumCapacity: limit + specials.count)
        var ranks: [[UInt8]] = []
        for entry in try file.get("vocab").elements().prefix(limit) {
            let encoded = try entry.get("token_bytes")
            guard let bytes = Data(base64Encoded: try encoded.string()), !bytes.isEmpty else {
                throw encoded.wrongType("bytes in base 64")
            }
            guard try entry.get("rank").count() == ranks.count else {
                throw .wrongType(path: path, key: entry.key + ".rank", expected: "\(ranks.count)")
            }
            let text = bytes.flatMap { ByteAlphabet.encoded[Int($0)] }
            _ = vocabulary.insert(text, id: ranks.count + specials.count)
            ranks.append([UInt8](bytes))
        }
        var options = BytePairEncoding.Options()
        options.ignoresMerges = true
        let model = BytePairEncoding(
            vocabulary: vocabulary, merges: Self.merges(of: ranks, firstID: specials.count),
            options: options, alphabet: .bytes)
        let around = PostProcessor.Template.around(specials, bos: "<s>", eos: "</s>")
        do {
            try self.init(
                normalizer: nil,
                preTokenizer: .sequence([
                    .split(.expression(expression), .isolated, inverted: false),
                    .byteLevel(prefixesSpace: false, words: nil),
                ]), model: .bytePair(model), postProcessor: .template(around), decoder: .byteLevel,
                addedTokens: specials)
        } catch {
            throw TokenizerError(error)
        }
        findsSpecialTokens = false
        roles.bosID = id(of: "<s>")
        roles.eosID = id(of: "</s>")
        roles.paddingID = id(of: "<pad>")
        roles.unknownID = id(of: "<unk>")
    }

    /// All pairs of byte strings that together are in the list.
    private static func merges(of ranks: [[UInt8]], firstID: Int) -> IntegerTable {
        var byBytes = Vocabulary(minimumCapacity: ranks.count)
        for (rank, bytes) in ranks.enumerated() { _ = byBytes.insert(bytes, id: rank) }
        var table = IntegerTable(minimumCapacity: 4 * ranks.count)
        for (rank, bytes) in ranks.enumerated() where bytes.count > 1 {
            for middle in 1..<bytes.count {
                guard let left = byBytes.id(of: bytes[..<middle]),
                    let right = byBytes.id(of: bytes[middle...])
                else { continue }
                table[UInt32(left + firstID), UInt32(right + firstID)] = .init(
                    first: UInt32(rank), second: UInt32(rank + firstID))
            }
        }
        return table
    }

    /// The special tokens, listed in the file or, in older files, known by their number.
    private static func tekkenSpecials(
        _ file: JSONSetting, count setting: JSONSetting
    ) throws(TokenizerError) -> [AddedToken] {
        let count = try setting.count()
        guard count <= 65536 else { throw setting.wrongType("at most 65536") }
        var names = oldTekkenSpecials
        if let list = try file.find("special_tokens") {
            names = []
            for entry in try list.elements() {
                guard try entry.get("rank").count() == names.count else {
                    throw .wrongType(
                        path: file.path, key: entry.key + ".rank", expected: "\(names.count)")
                }
                names.append(try entry.get("token_str").string())
            }
        }
        return (0..<count).map { id in
            let name = id < names.count ? names[id] : "<SPECIAL_\(id)>"
            return AddedToken(id: id, content: name, isSpecial: true)
        }
    }

    /// The special tokens of files that do not list them.
    private static let oldTekkenSpecials = [
        "<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]",
        "[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[TOOL_CALLS]", "[IMG]", "<pad>", "[IMG_BREAK]",
        "[IMG_END]", "[PREFIX]", "[MIDDLE]", "[SUFFIX]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]",
        "[TOOL_CONTENT]",
    ]
}

extension PostProcessor.Template {
    /// A start token and an end token around each text, as far as they exist.
    static func around(_ tokens: [AddedToken], bos: String, eos: String) -> Self {
        let known = [bos, eos].compactMap { name in tokens.first { $0.content == name } }
        func parts(_ text: Int) -> [Part] {
            let special = known.map { Part.special($0.content, type: text) }
            return special.filter { $0 == .special(bos, type: text) } + [.text(text, type: text)]
                + special.filter { $0 == .special(eos, type: text) }
        }
        return Self(
            single: parts(0), pair: parts(0) + parts(1),
            specials: known.map {
                Special(name: $0.content, tokens: [.init(content: $0.content, id: $0.id)])
            })
    }
}
