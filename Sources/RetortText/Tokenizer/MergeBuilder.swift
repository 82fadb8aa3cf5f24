/// Builds the table of merges from the texts of their parts.
struct MergeBuilder {
    /// Pairs of ids to rank and result.
    private(set) var table: IntegerTable
    /// How many merges were added.
    private(set) var count = 0
    private let vocabulary: Vocabulary
    private let prefix: String
    private let path: String
    private let key: String

    /// Starts without merges.
    ///
    /// - Parameters:
    ///   - vocabulary: Has all parts and results.
    ///   - count: How many merges are expected.
    ///   - prefix: Stands in front of symbols inside a word and vanishes in a merge.
    ///   - path: The file, for errors.
    ///   - key: The list of merges in it, for errors.
    init(_ vocabulary: Vocabulary, count: Int, prefix: String = "", path: String, key: String) {
        self.vocabulary = vocabulary
        self.prefix = prefix
        self.path = path
        self.key = key
        table = IntegerTable(minimumCapacity: count)
    }

    /// Adds the next merge, written with a space between its parts.
    mutating func add(_ merge: some BidirectionalCollection<UInt8>) throws(TokenizerError) {
        guard let space = merge.firstIndex(of: 0x20), space == merge.lastIndex(of: 0x20) else {
            throw .malformedMerge(path: path, key: key, index: count)
        }
        try add(merge[..<space], merge[merge.index(after: space)...])
    }

    /// Adds the next merge.
    mutating func add(
        _ left: some Collection<UInt8>, _ right: some Collection<UInt8>
    ) throws(TokenizerError) {
        let first = try id(of: left)
        let second = try id(of: right)
        let inner =
            right.starts(with: prefix.utf8) ? right.dropFirst(prefix.utf8.count) : right[...]
        let result = try id(of: Array(left) + inner)
        table[UInt32(first), UInt32(second)] = .init(first: UInt32(count), second: UInt32(result))
        count += 1
    }

    private func id(of text: some Collection<UInt8>) throws(TokenizerError) -> Int {
        guard let id = vocabulary.id(of: text) else {
            throw .mergeOfUnknownToken(
                path: path, key: key, index: count,
                token: String(decoding: Array(text), as: UTF8.self))
        }
        return id
    }
}
