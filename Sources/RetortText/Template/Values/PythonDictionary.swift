import RetortFiles

/// Python's `dict`: in order of insertion, with keys of any hashable type.
struct PythonDictionary {
    private(set) var entries: [(key: Value, value: Value)] = []
    /// Positions by key.
    private var positions: [HashKey: Int] = [:]
    private(set) var depth = 1

    var count: Int { entries.count }

    init() {}

    /// A key that comes twice keeps its place and takes the last value.
    init(_ entries: [(Value, Value)], _ budget: Budget) throws(TemplateFault) {
        self.entries.reserveCapacity(entries.count)
        positions.reserveCapacity(entries.count)
        for (key, value) in entries { try set(key, to: value, budget) }
    }

    subscript(key: String) -> Value? {
        positions[.string(ExactKey(key))].map { entries[$0].value }
    }

    subscript(key: HashKey) -> Value? { positions[key].map { entries[$0].value } }

    /// The value of a key; an error if the key cannot be hashed.
    func value(of key: Value) throws(TemplateFault) -> Value? {
        positions[try HashKey(key)].map { entries[$0].value }
    }

    mutating func set(_ key: Value, to value: Value, _ budget: Budget) throws(TemplateFault) {
        let inner = max(key.depth, value.depth)
        try checkValueDepth(inner)
        depth = max(depth, inner + 1)
        let hashed = try HashKey(key)
        if let position = positions[hashed] {
            entries[position].value = value
        } else {
            try budget.reserve(elements: 6)
            positions[hashed] = entries.count
            entries.append((key, value))
        }
    }
}

/// `dict.keys()`, `dict.values()` or `dict.items()`.
final class DictionaryView {
    enum Kind: String {
        case keys, values, items

        var typeName: String { "dict_\(rawValue)" }
    }

    let kind: Kind
    let dictionary: PythonDictionary

    init(_ kind: Kind, of dictionary: PythonDictionary) throws(TemplateFault) {
        try checkValueDepth(dictionary.depth + 1)
        self.kind = kind
        self.dictionary = dictionary
    }

    func item(at position: Int, _ budget: Budget) throws(TemplateFault) -> Value {
        let entry = dictionary.entries[position]
        switch kind {
        case .keys: return entry.key
        case .values: return entry.value
        case .items: return try .tuple([entry.key, entry.value], budget)
        }
    }
}

/// What Python hashes a value by: numbers by their value, whatever their type.
enum HashKey: Hashable {
    case none
    case undefined
    case integer(Int)
    case big(isNegative: Bool, [UInt32])
    case float(Double)
    case string(ExactKey)
    case tuple([HashKey])
    case object(ObjectIdentifier)
    case name(String)

    init(_ value: Value) throws(TemplateFault) {
        switch value {
        case .none: self = .none
        case .undefined: self = .undefined
        case .bool(let value): self = .integer(value ? 1 : 0)
        case .integer(let value): self = .integer(value)
        case .big(let value): self = .big(isNegative: value.isNegative, value.words)
        case .float(let value):
            if let whole = BigInteger(value), whole.double == value {
                self = try HashKey(Value(whole))
            } else {
                self = .float(value)
            }
        case .string(let text), .markup(let text): self = .string(ExactKey(text))
        case .tuple(let elements):
            if elements.depth > TemplateLimits.keyDepth {
                throw .limit(.depth(TemplateLimits.keyDepth))
            }
            var keys: [HashKey] = []
            for item in elements.items { keys.append(try HashKey(item)) }
            self = .tuple(keys)
        case .generator(let object): self = .object(ObjectIdentifier(object))
        case .namespace(let object): self = .object(ObjectIdentifier(object))
        case .macro(let object): self = .object(ObjectIdentifier(object))
        case .loop(let object): self = .object(ObjectIdentifier(object))
        case .cycler(let object): self = .object(ObjectIdentifier(object))
        case .joiner(let object): self = .object(ObjectIdentifier(object))
        case .method(let object): self = .object(ObjectIdentifier(object))
        case .function(let function): self = .name(function.rawValue)
        case .range(let range):
            self = .tuple([.integer(range.count), .integer(range.start), .integer(range.step)])
        case .list, .dictionary, .view:
            throw .type(found: value.typeName, expected: "a value that can be hashed", by: "a key")
        }
    }
}
