/// What is done to the tokens of a text at last: special tokens around it, tighter offsets.
///
/// The cases and their effects are those of the `post_processor` of a tokenizer.json file.
indirect enum PostProcessor: Sendable, Equatable {
    /// One after the other.
    case sequence([PostProcessor])
    /// Special tokens by a template.
    case template(Template)
    /// White space out of the offsets, if wanted.
    case byteLevel(OffsetTrimming?)
    /// `[CLS] A [SEP]` and `B [SEP]`.
    case bert(start: SpecialToken, end: SpecialToken)
    /// `<s> A </s>` and `</s> B </s>`.
    case roberta(start: SpecialToken, end: SpecialToken, OffsetTrimming?)

    /// A token with its text, as the file gives both.
    struct SpecialToken: Sendable, Equatable {
        var content: String
        var id: Int
    }

    /// How white space is taken out of offsets.
    struct OffsetTrimming: Sendable, Equatable {
        /// Whether one space at the start was put there by the tokenizer.
        var prefixesSpace: Bool
    }

    /// What stands around one text and around two.
    struct Template: Sendable, Equatable {
        /// A part of a template.
        enum Part: Sendable, Equatable {
            /// The first (0) or second (1) text.
            case text(Int, type: Int)
            /// A special token by its name.
            case special(String, type: Int)
        }

        /// What a name stands for.
        struct Special: Sendable, Equatable {
            var name: String
            var tokens: [SpecialToken]
        }

        var single: [Part]
        var pair: [Part]
        var specials: [Special]
    }

    /// The tokens of one text or two with everything around them.
    ///
    /// - Parameters:
    ///   - texts: The tokens of each text; one or two.
    ///   - addSpecialTokens: Whether the special tokens are added.
    ///   - trim: Takes white space out of the offsets of a text's tokens.
    /// - Returns: The parts of the whole, in order.
    func process(
        _ texts: [[EncodedToken]], addSpecialTokens: Bool,
        trim: (inout [EncodedToken], _ textIndex: Int, OffsetTrimming) -> Void
    ) -> [[EncodedToken]] {
        var texts = texts
        switch self {
        case .sequence(let steps):
            return steps.reduce(texts) {
                $1.process($0, addSpecialTokens: addSpecialTokens, trim: trim)
            }
        case .byteLevel(let trimming):
            if let trimming {
                for index in texts.indices { trim(&texts[index], index, trimming) }
            }
            return texts
        case .template(let template):
            return template.process(texts, addSpecialTokens: addSpecialTokens)
        case .bert(let start, let end):
            guard addSpecialTokens else { return texts }
            return texts.enumerated().map { index, tokens in
                let typed = tokens.map { $0.typed(index) }
                let last = EncodedToken(special: end.id, type: index)
                return (index == 0 ? [EncodedToken(special: start.id)] : []) + typed + [last]
            }
        case .roberta(let start, let end, let trimming):
            if let trimming {
                for index in texts.indices { trim(&texts[index], index, trimming) }
            }
            texts = texts.map { $0.map { $0.typed(0) } }
            guard addSpecialTokens else { return texts }
            return texts.enumerated().map { index, tokens in
                let first = EncodedToken(special: index == 0 ? start.id : end.id)
                return [first] + tokens + [EncodedToken(special: end.id)]
            }
        }
    }
}

extension PostProcessor.Template {
    fileprivate func process(_ texts: [[EncodedToken]], addSpecialTokens: Bool) -> [[EncodedToken]]
    {
        (texts.count > 1 ? pair : single).map { part in
            switch part {
            case .text(let index, let type):
                texts.indices.contains(index) ? texts[index].map { $0.typed(type) } : []
            case .special(let name, let type):
                addSpecialTokens ? ids(of: name).map { EncodedToken(special: $0, type: type) } : []
            }
        }
    }

    /// The ids that a name stands for.
    func ids(of name: String) -> [Int] {
        let special = specials.first { $0.name.utf8.elementsEqual(name.utf8) }
        return special?.tokens.map(\.id) ?? []
    }
}

/// A token of an encoded text.
struct EncodedToken: Sendable, Equatable {
    /// The id.
    var id: Int
    /// The bytes of the input that it stands for; empty for tokens that are put around the text.
    var source: Range<Int>
    /// Which of two texts it belongs to, as the post-processor counts.
    var type = 0
    /// Whether it is a special token put around the text.
    var isAround = false

    init(id: Int, source: Range<Int>) {
        self.id = id
        self.source = source
    }

    init(special id: Int, type: Int = 0) {
        self.id = id
        source = 0..<0
        self.type = type
        isAround = true
    }

    fileprivate func typed(_ type: Int) -> Self {
        var token = self
        token.type = type
        return token
    }
}
