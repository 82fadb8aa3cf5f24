/// The pre-tokenizers that GGUF files call by name, in `tokenizer.ggml.pre`.
///
/// Source: the tokenizer.json files of the models that the names stand for.
struct GGUFPreTokenizer: Sendable {
    /// One way of cutting, as the pipelines here use them.
    enum Step: Sendable, Equatable {
        /// Every match of an expression is a piece.
        case cut(String)
        /// Every digit is a piece, or every number.
        case digits(individual: Bool)
        /// Runs of punctuation are pieces.
        case punctuation
        /// Bytes, cut at ``PreTokenizer/wordPattern`` before.
        case words
        /// Bytes.
        case bytes
    }

    /// The names; the first is written.
    let names: [String]
    let normalizer: Normalizer?
    /// Whether words of the vocabulary are taken whole.
    let ignoresMerges: Bool
    let steps: [Step]

    /// The entry with a name; without one, what llama.cpp falls back to.
    static func named(_ name: String?) -> GGUFPreTokenizer? {
        all.first { $0.names.contains(name ?? "default") }
    }

    /// The entry that cuts like a pipeline, if there is one.
    static func matching(
        _ normalizer: Normalizer?, _ preTokenizer: PreTokenizer, ignoresMerges: Bool
    ) -> GGUFPreTokenizer? {
        let steps = preTokenizer.ggufSteps
        let same = all.filter { $0.normalizer == normalizer && $0.steps == steps }
        return same.first { $0.ignoresMerges == ignoresMerges } ?? same.first
    }

    /// The pre-tokenizer itself.
    func preTokenizer() throws(RegularExpressionError) -> PreTokenizer {
        var pipeline: [PreTokenizer] = []
        for step in steps {
            switch step {
            case .cut(let pattern):
                let expression = TextPattern.expression(try RegularExpression(pattern))
                pipeline.append(.split(expression, .isolated, inverted: false))
            case .digits(let individual): pipeline.append(.digits(individual: individual))
            case .punctuation: pipeline.append(.punctuation(.contiguous))
            case .words:
                let words = TextPattern.expression(
                    try RegularExpression(PreTokenizer.wordPattern))
                pipeline.append(.byteLevel(prefixesSpace: false, words: words))
            case .bytes: pipeline.append(.byteLevel(prefixesSpace: false, words: nil))
            }
        }
        return pipeline.count == 1 ? pipeline[0] : .sequence(pipeline)
    }

    private init(
        _ names: [String], normalizer: Normalizer? = nil, ignoresMerges: Bool = false,
        _ steps: [Step]
    ) {
        self.names = names
        self.normalizer = normalizer
        self.ignoresMerges = ignoresMerges
        self.steps = steps
    }

    private static let all: [GGUFPreTokenizer] = [
        Self(["gpt-2", "phi-2", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de"], [.words]),
        Self(["mpt", "olmo", "jais"], normalizer: .unicode(.nfc), [.words]),
        Self(
            ["smollm", "starcoder", "refact", "codeshell"], [.digits(individual: true), .words]),
        Self(["command-r"], normalizer: .unicode(.nfc), [.digits(individual: true), .words]),
        Self(
            ["llama-bpe", "llama3", "llama-v3", "falcon3", "dbrx", "smaug-bpe"],
            ignoresMerges: true, [.cut(llama3), .bytes]),
        Self(["chatglm-bpe", "glm4"], [.cut(llama3), .bytes]),
        Self(
            ["qwen2", "stablelm2", "hunyuan", "megrez", "deepseek-r1-qwen"],
            normalizer: .unicode(.nfc),
            [.cut(qwen2), .bytes]),
        Self(["gpt-4o", "llama4"], [.cut(o200k), .bytes]),
        Self(["tekken"], ignoresMerges: true, [.cut(tekken), .bytes]),
        Self(
            ["deepseek-coder"],
            [
                .cut("[\r\n]"), .cut(#"\s?\p{L}+"#), .cut(#"\s?\p{P}+"#), .cut(chineseAndKorean),
                .digits(individual: true), .bytes,
            ]),
        Self(
            ["deepseek-llm"],
            [
                .cut("[\r\n]"), .cut("\\s?[" + casedLetters + "]+"),
                .cut("\\s?[!-/:-~！-／：-～‘-‟\u{3000}-。]+"), .cut(#"\s+$"#), .cut(chineseAndKorean),
                .digits(individual: true), .bytes,
            ]),
        Self(
            ["deepseek-v3"],
            [.cut(#"\p{N}{1,3}"#), .cut("[一-龥\u{3040}-ゟ゠-ヿ]+"), .cut(deepSeekV3), .bytes]),
        Self(
            ["falcon", "default"],
            [.punctuation, .words, .digits(individual: false), .cut("[0-9][0-9][0-9]")]),
    ]

    private static let llama3 = [
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)"#, #"[^\r\n\p{L}\p{N}]?\p{L}+"#, #"\p{N}{1,3}"#, symbols,
    ].joined(separator: "|")
    private static let qwen2 = [
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)"#, #"[^\r\n\p{L}\p{N}]?\p{L}+"#, #"\p{N}"#, symbols,
    ].joined(separator: "|")
    private static let symbols = #" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    private static let o200k = [
        lowerWord + #"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"#,
        upperWord + #"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"#,
        #"\p{N}{1,3}"#, symbolsAndSlashes,
    ].joined(separator: "|")
    private static let tekken = [lowerWord, upperWord, #"\p{N}"#, symbolsAndSlashes]
        .joined(separator: "|")
    private static let lowerWord =
        #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"#
    private static let upperWord =
        #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"#
    private static let symbolsAndSlashes =
        #" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    private static let chineseAndKorean = "[一-龥ࠀ-一가-\u{d7ff}]+"
    private static let deepSeekV3 = [
        ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+"##,
        #"[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"#, #" ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+"#,
        #"\s+(?!\S)|\s+"#,
    ].joined(separator: "|")

    /// The letters of scripts with upper and lower case that DeepSeek's pattern lists.
    private static let casedLetters = """
        41-5A 61-7A B5 C0-D6 D8-F6 F8-1BA 1BC-1BF 1C4-293 295-2AF 370-373 376 377 37B-37D 37F 386 \
        388-38A 38C 38E-3A1 3A3-3F5 3F7-481 48A-52F 531-556 10A0-10C5 13A0-13F5 13F8-13FD \
        1C90-1CBA 1CBD-1CBF 1D00-1D2B 1D6B-1D77 1D79-1D9A 1E00-1F15 1F18-1F1D 1F20-1F45 1F48-1F4D \
        1F50-1F57 1F59 1F5B 1F5D 1F5F-1F7D 1F80-1FB4 1FB6-1FBC 1FBE 1FC2-1FC4 1FC6-1FCC 1FD0-1FD3 \
        1FD6-1FDB 1FE0-1FEC 1FF2-1FF4 1FF6-1FFC 2102 2107 210A-2113 2115 2119-211D 2124 2126 2128 \
        212A-212D 212F-2134 2139 213C-213F 2145-2149 214E 2183 2184 2C00-2C7B 2C7E-2CE4 2CEB-2CEE \
        2CF2 2CF3 A640-A66D A680-A69B A722-A76F A771-A787 A78B-A78E AB70-ABBF FB00-FB06 FB13-FB17 \
        FF21-FF3A FF41-FF5A 10400-1044F 104B0-104D3 104D8-104FB 10C80-10CB2 10CC0-10CF2 \
        118A0-118DF 1E900-1E943
        """.split(separator: " ").map { range in
            range.split(separator: "-").map { code in
                UInt32(code, radix: 16).flatMap(Unicode.Scalar.init).map { String($0) } ?? ""
            }.joined(separator: "-")
        }.joined()
}

extension PreTokenizer {
    /// The steps, if all of them are of the kinds that GGUF pre-tokenizers are made of.
    fileprivate var ggufSteps: [GGUFPreTokenizer.Step]? {
        switch self {
        case .sequence(let steps):
            var found: [GGUFPreTokenizer.Step] = []
            for step in steps {
                guard let parts = step.ggufSteps else { return nil }
                found += parts
            }
            return found
        case .split(.expression(let expression), .isolated, false):
            return [.cut(expression.pattern)]
        case .digits(let individual): return [.digits(individual: individual)]
        case .punctuation(.contiguous): return [.punctuation]
        case .byteLevel(false, nil): return [.bytes]
        case .byteLevel(false, _): return [.words]
        default: return nil
        }
    }
}
