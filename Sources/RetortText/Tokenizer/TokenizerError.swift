import RetortFiles

/// Why a tokenizer was refused, or could not encode a text.
public enum TokenizerError: Error, Equatable, CustomStringConvertible {
    /// The file is not JSON.
    case notJSON(path: String, JSONError)
    /// A key is not there.
    case missing(path: String, key: String)
    /// A value is of another kind than its key needs.
    case wrongType(path: String, key: String, expected: String)
    /// A step or model of this name does not exist.
    case unknownKind(path: String, key: String, name: String)
    /// A regular expression does not compile.
    case badExpression(path: String, key: String, pattern: String, reason: String)
    /// A token's id is negative or absurdly large.
    case idOutOfRange(path: String, token: String, id: String)
    /// Two tokens have the same id.
    case idTwice(path: String, id: Int, first: String, second: String)
    /// A merge, counted from 0, does not have two parts.
    case malformedMerge(path: String, key: String, index: Int)
    /// A merge, counted from 0, names or makes a token that the vocabulary does not have.
    case mergeOfUnknownToken(path: String, key: String, index: Int, token: String)
    /// A setting names a token that the vocabulary does not have.
    case unknownToken(path: String, key: String, token: String)
    /// A setting names an id that the vocabulary does not have.
    case unknownID(path: String, key: String, id: Int, vocabulary: Int)
    /// An added token claims an id that is another token's, or has another id in the vocabulary.
    case addedTokenConflict(path: String, token: String, id: Int, holder: String, holderID: Int)
    /// Lists that belong together have different lengths.
    case countsDiffer(path: String, key: String, count: Int, other: String, otherCount: Int)
    /// A file of this kind is no tokenizer that can be used.
    case unsupported(path: String, what: String)
    /// The bytes of a binary tokenizer file end too early or contradict each other.
    case malformed(path: String, byte: Int)
    /// A text has something that the vocabulary lacks, and there is no token for the unknown.
    case noUnknownToken(text: String)
    /// A pattern needs more steps on this text than any honest pattern does.
    case tooMuchEffort(pattern: String)
    /// The tokenizer's replacements make a text many times longer.
    case tooLong(byteCount: Int)

    /// One sentence: where, what, what to do.
    public var description: String {
        switch self {
        case .notJSON(let path, let error): "\(path): not a tokenizer: \(error)."
        case .missing(let path, let key): "\(path): the key \(key) is missing."
        case .wrongType(let path, let key, let expected): "\(path): \(key) must be \(expected)."
        case .unknownKind(let path, let key, let name):
            "\(path): \(key) is of the unknown kind \"\(name)\"."
        case .badExpression(let path, let key, let pattern, let reason):
            "\(path): the regular expression in \(key) is malformed (\(reason)): \(pattern.prefix(200))"
        case .idOutOfRange(let path, let token, let id):
            "\(path): the token \"\(token)\" has the id \(id); ids go from 0 to \(Vocabulary.idLimit - 1)."
        case .idTwice(let path, let id, let first, let second):
            "\(path): the tokens \"\(first)\" and \"\(second)\" share the id \(id)."
        case .malformedMerge(let path, let key, let index):
            "\(path): merge \(index) of \(key) does not have two parts."
        case .mergeOfUnknownToken(let path, let key, let index, let token):
            "\(path): merge \(index) of \(key) needs the token \"\(token)\", which the vocabulary does not have."
        case .unknownToken(let path, let key, let token):
            "\(path): \(key) names the token \"\(token)\", which is not known."
        case .unknownID(let path, let key, let id, let vocabulary):
            "\(path): \(key) is \(id), outside the vocabulary of \(vocabulary)."
        case .addedTokenConflict(let path, let token, let id, let holder, let holderID):
            "\(path): the added token \"\(token)\" claims the id \(id), but \"\(holder)\" has the id \(holderID)."
        case .countsDiffer(let path, let key, let count, let other, let otherCount):
            "\(path): \(key) has \(count) entries, but \(other) has \(otherCount)."
        case .unsupported(let path, let what): "\(path): \(what) is not supported."
        case .malformed(let path, let byte):
            "\(path): damaged or truncated at byte \(byte); fetch the file again."
        case .noUnknownToken(let text):
            "the vocabulary has neither \"\(text)\" nor a token for unknown text."
        case .tooMuchEffort(let pattern):
            "the tokenizer's pattern takes too many steps on this text: \(pattern.prefix(200))"
        case .tooLong(let byteCount):
            "the tokenizer's replacements would make a piece of text \(byteCount) bytes long."
        }
    }
}
