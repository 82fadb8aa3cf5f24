/// A place in a YAML text; lines and columns count from 1, columns in Unicode scalars.
public struct YAMLPosition: Sendable, Equatable {
    /// The line.
    public let line: Int
    /// The column.
    public let column: Int

    /// Creates a place.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// What a YAML node holds, by the core schema of YAML 1.2: `no` is text, `~` is null.
public indirect enum YAMLValue: Sendable, Equatable {
    /// `null`, `~` or nothing.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A decimal, `0x` or `0o` number that fits 64 bits.
    case integer(Int)
    /// A number with a fraction or exponent, `.inf`, `.nan`, or an integer beyond 64 bits.
    case number(Double)
    /// Quoted or block text, and plain text that is none of the above.
    case string(String)
    /// A list.
    case sequence([YAMLNode])
    /// Keys and values in the order of the text; each key is there once.
    case mapping([YAMLMember])
}

/// A value, where it stands, and how it was written.
public struct YAMLNode: Sendable, Equatable {
    /// The value.
    public var value: YAMLValue
    /// Where it begins; nil for a node that was not read from a text.
    public var position: YAMLPosition?
    /// A scalar as it was written, without quotes; nil for lists, maps, and nodes not read.
    public var source: String?

    /// Creates a node.
    public init(_ value: YAMLValue, at position: YAMLPosition? = nil, source: String? = nil) {
        self.value = value
        self.position = position
        self.source = source
    }

    /// The keys and values, if this is a map.
    public var members: [YAMLMember]? {
        if case .mapping(let members) = value { members } else { nil }
    }

    /// The elements, if this is a list.
    public var elements: [YAMLNode]? {
        if case .sequence(let elements) = value { elements } else { nil }
    }

    /// The value of a key, if this is a map that has it.
    public subscript(key: String) -> YAMLNode? {
        members?.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }
}

/// One key of a map with its value.
public struct YAMLMember: Sendable, Equatable {
    /// The key, as text.
    public let key: String
    /// Where the key begins; nil for a member that was not read from a text.
    public let position: YAMLPosition?
    /// The value.
    public var value: YAMLNode

    /// Creates a member.
    public init(_ key: String, at position: YAMLPosition? = nil, value: YAMLNode) {
        self.key = key
        self.position = position
        self.value = value
    }
}
