import RetortFiles
import RetortModels
import RetortText

/// Sums that tell whether a run's inputs are still the same.
enum Fingerprint {
    /// A data file: the SHA-256 of all of it.
    static func file(_ path: String) throws -> String { try SHA256.hash(file: path) }

    /// A model: of every file its size and its first and last MiB.
    ///
    /// Reading all of a large model at every start would cost more than it tells.
    static func model(_ model: Model) throws -> String {
        let edge = 1 << 20
        var sum = SHA256()
        var seen: Set<String> = []
        for tensor in model.files.tensors where seen.insert(tensor.file.path).inserted {
            let file = tensor.file
            sum.update(Array("\(file.size)\n".utf8))
            file.withBytes(0..<min(edge, file.size)) { sum.update($0) }
            file.withBytes(max(0, file.size - edge)..<file.size) { sum.update($0) }
        }
        // Weights that were drawn follow from the configuration.
        if seen.isEmpty { sum.update(try MappedFile(model.files.configurationPath).contents) }
        if let plan = model.plan { sum.update(Array("\(plan.layers)\n".utf8)) }
        return sum.finished()
    }

    /// A model with the adapters beside its weights.
    static func weights(_ model: Model) throws -> String {
        let own = try Self.model(model)
        let adapters = model.decoder.linearLayers.compactMap(\.adapter)
        guard !adapters.isEmpty else { return own }
        var sum = SHA256()
        sum.update(Array(own.utf8))
        for adapter in adapters {
            sum.update(Array("\(adapter.a.name) \(adapter.b.name) \(adapter.scale)\n".utf8))
            for parameter in [adapter.a, adapter.b] {
                unsafe sum.update(parameter.value.values.span.bytes)
            }
        }
        return sum.finished()
    }

    /// A tokenizer: the texts of its ids, and how it encodes a text of many kinds.
    ///
    /// It is the same for a tokenizer.json and a GGUF file that hold the same tokenizer.
    static func tokenizer(_ tokenizer: Tokenizer) -> String {
        var sum = SHA256()
        for id in 0..<tokenizer.vocabularySize {
            guard let text = tokenizer.token(id) else { continue }
            sum.update(Array("\(id) \(text.utf8.count) \(text)\n".utf8))
        }
        let ids = (try? tokenizer.encode(probe, addSpecialTokens: false)) ?? []
        sum.update(Array("\(ids)".utf8))
        return sum.finished()
    }

    /// Words, contractions, numbers, spaces, line breaks, marks, scripts, and forms that normalizers
    /// change.
    private static let probe = """
        Hello world! I'll say "it's 12345.678"  twice,\tand\n\n  once more... don't_you-think?
        ÀÉÎõü cafe\u{301} ﬁ ½ Ω ﷺ 你好，世界。 こんにちは ｶﾞ 한국어 Привет مرحبا नमस्ते 👩‍🚀🇩🇪 \u{a0}x\u{200d}y
        if (a[0] != b) { return x<<2; }  # 100% 3/4 HTTPServer2go 𝒜 <b>bold</b> [MASK] </s> <|endoftext|>
        """
}
