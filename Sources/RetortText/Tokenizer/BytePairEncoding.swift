/// Byte pair encoding: neighbouring symbols are merged, the pair of lowest rank first.
///
/// Source: Sennrich et al. 2016, arXiv:1508.07909, with the options of Hugging Face tokenizers.
struct BytePairEncoding: Sendable {
    /// What the smallest symbols are.
    enum Alphabet: Sendable {
        /// Bytes; the vocabulary writes them in the byte alphabet.
        case bytes
        /// Characters.
        case scalars
    }

    /// The options that change how a piece is encoded.
    struct Options: Sendable, Equatable {
        /// Stands for characters that are not in the vocabulary; without it they vanish.
        var unknownToken: String?
        /// In front of every symbol but the first of a piece.
        var continuingPrefix: String?
        /// Behind the last symbol of a piece.
        var endOfWordSuffix: String?
        /// Whether a run of unknown characters is one token.
        var fusesUnknown = false
        /// Whether unknown characters become tokens such as `<0xE2>`.
        var fallsBackToBytes = false
        /// Whether a piece that is in the vocabulary is taken whole, whatever the merges say.
        var ignoresMerges = false
    }

    let vocabulary: Vocabulary
    let options: Options
    let alphabet: Alphabet
    let unknownID: Int?
    /// Pairs of ids to their rank and the id they become.
    let merges: IntegerTable
    /// The symbols of single bytes, for an alphabet of bytes; negative where there is none.
    private let byteSymbols: [Int32]
    /// The symbols of bytes that end a piece, if there is a suffix.
    private let finalByteSymbols: [Int32]
    /// The ids of `<0x00>` to `<0xFF>`, if all needed ones are there.
    private let fallbackSymbols: [Int32]

    /// Creates a model; the merges name ids of the vocabulary.
    init(vocabulary: Vocabulary, merges: IntegerTable, options: Options, alphabet: Alphabet) {
        self.vocabulary = vocabulary
        self.merges = merges
        self.options = options
        self.alphabet = alphabet
        unknownID = options.unknownToken.flatMap { vocabulary.id(of: Array($0.utf8)) }
        func symbol(_ text: [UInt8]) -> Int32 { vocabulary.id(of: text).map(Int32.init) ?? -1 }
        byteSymbols = ByteAlphabet.encoded.map(symbol)
        finalByteSymbols =
            options.endOfWordSuffix.map { suffix in
                ByteAlphabet.encoded.map { symbol($0 + suffix.utf8) }
            } ?? byteSymbols
        fallbackSymbols = (UInt8.min ... .max).map { symbol(Self.fallbackToken(for: $0)) }
    }

    /// The token that stands for a byte where characters fall back to bytes, such as `<0x0A>`.
    static func fallbackToken(for byte: UInt8) -> [UInt8] {
        let digits = String(byte, radix: 16, uppercase: true)
        return Array("<0x\(byte < 16 ? "0" : "")\(digits)>".utf8)
    }

    /// Appends the tokens of a piece.
    func encode(
        _ piece: ArraySlice<UInt8>, cache: inout WordCache, into tokens: inout [ModelToken]
    ) {
        let key = WordCache.Key(piece)
        if let key, cache.append(key, to: &tokens) { return }
        let start = tokens.count
        if options.ignoresMerges, let id = wholeID(of: piece) {
            tokens.append(ModelToken(id: Int32(id), length: Int32(piece.count)))
        } else {
            var symbols: [ModelToken] = []
            symbols.reserveCapacity(piece.count)
            switch alphabet {
            case .bytes: appendByteSymbols(of: piece, to: &symbols)
            case .scalars: appendScalarSymbols(of: piece, to: &symbols)
            }
            BytePairMerging.merge(&symbols, by: merges)
            tokens += symbols
        }
        if let key { cache.store(key, tokens[start...]) }
    }

    private func wholeID(of piece: ArraySlice<UInt8>) -> Int? {
        switch alphabet {
        case .scalars: vocabulary.id(of: piece)
        case .bytes: vocabulary.id(of: piece.flatMap { ByteAlphabet.encoded[Int($0)] })
        }
    }

    private func appendByteSymbols(of piece: ArraySlice<UInt8>, to symbols: inout [ModelToken]) {
        if options.continuingPrefix != nil || options.unknownToken != nil
            || options.fallsBackToBytes
        {
            return appendScalarSymbols(of: piece, to: &symbols)
        }
        for index in piece.indices {
            let table = index == piece.endIndex - 1 ? finalByteSymbols : byteSymbols
            let id = table[Int(piece[index])]
            if id >= 0 { symbols.append(ModelToken(id: id, length: 1)) }
        }
    }

    /// The symbols of a piece with all options.
    ///
    /// Unknown characters wait until a known one comes, so that they can be fused; byte tokens do
    /// not end the waiting, as in the reference.
    private func appendScalarSymbols(of piece: ArraySlice<UInt8>, to symbols: inout [ModelToken]) {
        var waiting: ModelToken?
        var index = piece.startIndex
        while index < piece.endIndex {
            let length = alphabet == .bytes ? 1 : decodeScalar(in: piece, at: index).length
            let isFirst = index == piece.startIndex
            let isLast = index + length == piece.endIndex
            var text: [UInt8] = []
            if !isFirst, let prefix = options.continuingPrefix { text += prefix.utf8 }
            switch alphabet {
            case .bytes: text += ByteAlphabet.encoded[Int(piece[index])]
            case .scalars: text += piece[index..<index + length]
            }
            if isLast, let suffix = options.endOfWordSuffix { text += suffix.utf8 }
            index += length

            if let id = vocabulary.id(of: text) {
                if let unknown = waiting { symbols.append(unknown) }
                waiting = nil
                symbols.append(ModelToken(id: Int32(id), length: Int32(length)))
            } else if let bytes = fallback(for: text) {
                symbols += bytes
            } else if let unknownID {
                if let unknown = waiting, !options.fusesUnknown {
                    symbols.append(unknown)
                    waiting = nil
                }
                waiting = ModelToken(
                    id: Int32(unknownID), length: (waiting?.length ?? 0) + Int32(length))
            }
        }
        if let unknown = waiting { symbols.append(unknown) }
    }

    private func fallback(for text: [UInt8]) -> [ModelToken]? {
        guard options.fallsBackToBytes else { return nil }
        let ids = text.map { fallbackSymbols[Int($0)] }
        return ids.contains { $0 < 0 } ? nil : ids.map { ModelToken(id: $0, length: 1) }
    }
}
