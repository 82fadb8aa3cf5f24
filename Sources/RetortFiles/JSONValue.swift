/// A JSON value whose objects keep the order of their keys.
public enum JSONValue: Sendable, Equatable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number written without fraction or exponent that fits 64 bits.
    case integer(Int)
    /// Any other number.
    case number(Double)
    /// A string.
    case string(String)
    /// An array.
    case array([JSONValue])
    /// An object.
    case object(JSONObject)

    /// The text, if this is a string.
    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The whole number, if this is one.
    public var integer: Int? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// The number as a floating-point value, if this is a number.
    public var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// The truth value, if this is one.
    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The elements, if this is an array.
    public var array: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The members, if this is an object.
    public var object: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// The member with this key, if this is an object that has it.
    public subscript(key: String) -> JSONValue? { object?[key] }
}

/// The members of a JSON object, in the order of the text; keys are compared byte for byte.
public struct JSONObject: Sendable, Equatable {
    /// The keys and values, in order.
    public private(set) var members: [(key: String, value: JSONValue)] = []
    /// Positions by key; kept only for objects that are too long to search one by one.
    private var positions: [ExactKey: Int] = [:]
    private static let searchable = 8

    /// Creates an empty object.
    public init() {}

    /// Creates an object from members; a key that comes twice keeps its last value.
    public init(_ members: [(String, JSONValue)]) {
        for (key, value) in members { self[key] = value }
    }

    /// The keys, in order.
    public var keys: [String] { members.map(\.key) }

    /// The value of a key; setting a new key appends it, setting nil removes it.
    public subscript(key: String) -> JSONValue? {
        get { position(of: key).map { members[$0].value } }
        set {
            guard let newValue else { return remove(key) }
            if let position = position(of: key) {
                members[position].value = newValue
            } else {
                members.append((key, newValue))
                index()
            }
        }
    }

    private mutating func remove(_ key: String) {
        guard let position = position(of: key) else { return }
        members.remove(at: position)
        positions = [:]
        index()
    }

    private func position(of key: String) -> Int? {
        if members.count > Self.searchable { return positions[ExactKey(key)] }
        return members.firstIndex { $0.key.utf8.elementsEqual(key.utf8) }
    }

    private mutating func index() {
        guard members.count > Self.searchable else { return }
        for position in positions.count..<members.count {
            positions[ExactKey(members[position].key)] = position
        }
    }

    /// Whether both have the same members in the same order.
    public static func == (left: Self, right: Self) -> Bool {
        left.members.count == right.members.count
            && zip(left.members, right.members).allSatisfy {
                $0.key.utf8.elementsEqual($1.key.utf8) && $0.value == $1.value
            }
    }
}
