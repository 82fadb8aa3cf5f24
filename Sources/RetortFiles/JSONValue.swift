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
            if let position = position(of: key) {
                if let newValue {
                    members[position].value = newValue
                } else {
                    members.remove(at: position)
                    positions = [:]
                    if members.count > Self.searchable { index() }
                }
            } else if let newValue {
                append(key, newValue)
            }
        }
    }

    /// Adds a member at the end.
    ///
    /// - Returns: Whether the key is new; if not, nothing is changed.
    @discardableResult
    mutating func append(_ key: String, _ value: JSONValue) -> Bool {
        if members.count < Self.searchable {
            guard position(of: key) == nil else { return false }
        } else {
            if positions.isEmpty { index() }
            if let old = positions.updateValue(members.count, forKey: ExactKey(key)) {
                positions[ExactKey(key)] = old
                return false
            }
        }
        members.append((key, value))
        return true
    }

    private func position(of key: String) -> Int? {
        if !positions.isEmpty { return positions[ExactKey(key)] }
        return members.firstIndex { $0.key.utf8.elementsEqual(key.utf8) }
    }

    private mutating func index() {
        for (position, member) in members.enumerated() {
            positions[ExactKey(member.key)] = position
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
