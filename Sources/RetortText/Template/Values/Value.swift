import RetortFiles

/// A value of the template language, which is Python's.
enum Value {
    case undefined(Undefined)
    case none
    case bool(Bool)
    case integer(Int)
    /// An integer that does not fit ``integer(_:)``.
    case big(BigInteger)
    case float(Double)
    case string(String)
    /// Text that is marked as safe HTML: what is joined to it gets escaped.
    case markup(String)
    case list(Elements)
    case tuple(Elements)
    case dictionary(PythonDictionary)
    case view(DictionaryView)
    case range(PythonRange)
    case generator(Generator)
    case namespace(Namespace)
    case function(GlobalFunction)
    case method(BoundMethod)
    case macro(Macro)
    case loop(LoopContext)
    case cycler(Cycler)
    case joiner(Joiner)

    static func list(_ items: [Value], _ budget: Budget) throws(TemplateFault) -> Value {
        .list(try Elements(items, budget))
    }

    static func tuple(_ items: [Value], _ budget: Budget) throws(TemplateFault) -> Value {
        .tuple(try Elements(items, budget))
    }

    /// Converts a value of JSON.
    init(_ json: JSONValue, _ budget: Budget) throws(TemplateFault) {
        switch json {
        case .null: self = .none
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .integer(value)
        case .number(let value): self = .float(value)
        case .string(let value): self = .string(value)
        case .array(let elements):
            var items: [Value] = []
            items.reserveCapacity(elements.count)
            for element in elements { items.append(try Value(element, budget)) }
            self = try .list(items, budget)
        case .object(let object):
            var entries: [(Value, Value)] = []
            entries.reserveCapacity(object.members.count)
            for (key, value) in object.members {
                entries.append((.string(key), try Value(value, budget)))
            }
            self = .dictionary(try PythonDictionary(entries, budget))
        }
    }

    init(_ literal: Literal) {
        switch literal {
        case .none: self = .none
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .integer(value)
        case .big(let value): self = .big(value)
        case .float(let value): self = .float(value)
        case .string(let value): self = .string(value)
        }
    }

    /// An integer in its shortest form.
    init(_ value: BigInteger) {
        self = value.integer.map { .integer($0) } ?? .big(value)
    }

    /// The text of a string, marked as safe or not.
    var text: String? {
        switch self {
        case .string(let text), .markup(let text): text
        default: nil
        }
    }

    /// An integer or truth value that fits a machine word.
    var integer: Int? {
        switch self {
        case .integer(let value): value
        case .bool(let value): value ? 1 : 0
        default: nil
        }
    }

    var isUndefined: Bool { if case .undefined = self { true } else { false } }
    var isNone: Bool { if case .none = self { true } else { false } }

    /// How deeply values are nested in this one; bounded, because they are freed recursively.
    var depth: Int {
        switch self {
        case .list(let elements), .tuple(let elements): elements.depth
        case .dictionary(let dictionary): dictionary.depth
        case .view(let view): view.dictionary.depth + 1
        case .generator(let generator): generator.depth
        case .method(let method): method.receiver.depth + 1
        case .loop(let loop): loop.nesting
        case .cycler(let cycler): cycler.items.depth + 1
        case .joiner(let joiner): joiner.separator.depth + 1
        default: 0
        }
    }

    /// The type's name in Python.
    var typeName: String {
        switch self {
        case .undefined: "Undefined"
        case .none: "None"
        case .bool: "bool"
        case .integer, .big: "int"
        case .float: "float"
        case .string: "str"
        case .markup: "Markup"
        case .list: "list"
        case .tuple: "tuple"
        case .dictionary: "dict"
        case .view(let view): view.kind.typeName
        case .range: "range"
        case .generator: "generator"
        case .namespace: "Namespace"
        case .function, .method: "function"
        case .macro: "Macro"
        case .loop: "LoopContext"
        case .cycler: "Cycler"
        case .joiner: "Joiner"
        }
    }

    /// Python's truth of the value.
    func isTrue() throws(TemplateFault) -> Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let value): value
        case .integer(let value): value != 0
        case .big: true
        case .float(let value): value != 0
        case .string(let text), .markup(let text): !text.utf8.isEmpty
        case .list(let elements), .tuple(let elements): !elements.items.isEmpty
        case .dictionary(let dictionary): dictionary.count > 0
        case .view(let view): view.dictionary.count > 0
        case .range(let range): range.count > 0
        case .loop(let loop): try loop.length() > 0
        default: true
        }
    }
}

/// The items of a list or tuple; never changed, as the sandbox has no method that would.
final class Elements {
    let items: [Value]
    let depth: Int
    /// Whether this is a pair of `groupby`, with the attributes `grouper` and `list`.
    let isGroup: Bool

    init(_ items: [Value], _ budget: Budget, isGroup: Bool = false) throws(TemplateFault) {
        try budget.reserve(elements: items.count)
        var depth = 0
        for item in items { depth = max(depth, item.depth) }
        try checkValueDepth(depth)
        self.items = items
        self.depth = depth + 1
        self.isGroup = isGroup
    }
}

/// Refuses a container around values of this depth if it would be nested too deeply.
func checkValueDepth(_ depth: Int) throws(TemplateFault) {
    if depth >= TemplateLimits.valueDepth { throw .limit(.depth(TemplateLimits.valueDepth)) }
}

/// Python's `range`.
struct PythonRange {
    let start: Int
    let stop: Int
    let step: Int
    let count: Int

    /// - Precondition: `step` is not 0.
    init(start: Int, stop: Int, step: Int) throws(TemplateFault) {
        self.start = start
        self.stop = stop
        self.step = step
        let (span, overflow) =
            step > 0
            ? stop.subtractingReportingOverflow(start) : start.subtractingReportingOverflow(stop)
        let size = step.magnitude
        let steps = span > 0 ? (UInt(span) - 1) / size + 1 : 0
        if overflow && (step > 0) == (stop > start) || steps > UInt(TemplateLimits.rangeCount) {
            throw .limit(.rangeCount(TemplateLimits.rangeCount))
        }
        count = overflow ? 0 : Int(steps)
    }

    /// The element at a position below ``count``.
    subscript(position: Int) -> Value { .integer(start &+ position &* step) }
}

/// A sequence that is computed while it is read, once.
final class Generator {
    let depth: Int
    private let produce: () throws(TemplateFault) -> Value?

    init(depth: Int, _ produce: @escaping () throws(TemplateFault) -> Value?) throws(TemplateFault)
    {
        try checkValueDepth(depth)
        self.depth = depth + 1
        self.produce = produce
    }

    func next() throws(TemplateFault) -> Value? { try produce() }
}

/// The result of `namespace()`: the only thing a template can change.
final class Namespace {
    var members: PythonDictionary

    init(_ members: PythonDictionary) { self.members = members }
}

/// A method of a value, before it is called.
final class BoundMethod {
    let receiver: Value
    let name: String

    init(_ receiver: Value, _ name: String) throws(TemplateFault) {
        try checkValueDepth(receiver.depth)
        self.receiver = receiver
        self.name = name
    }
}

/// Goes round its items.
final class Cycler {
    let items: Elements
    var position = 0

    init(_ items: Elements) throws(TemplateFault) {
        try checkValueDepth(items.depth)
        self.items = items
    }
}

/// Gives nothing the first time and a separator afterwards.
final class Joiner {
    let separator: Value
    var isUsed = false

    init(separator: Value) throws(TemplateFault) {
        try checkValueDepth(separator.depth)
        self.separator = separator
    }
}
