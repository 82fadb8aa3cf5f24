/// Bounds of one rendering, so that no template can take a machine down.
public struct TemplateLimits: Sendable, Equatable {
    /// Evaluated nodes, produced elements, and produced text in units of 64 bytes.
    public var steps: Int
    /// Bytes of the whole output.
    public var outputBytes: Int
    /// Bytes of one string.
    public var stringBytes: Int
    /// Bytes of all values made during a rendering, also of those given up again.
    public var totalBytes: Int
    /// Nesting of statements, expressions and macro calls in execution.
    public var depth: Int
    /// Bits of an integer.
    public var integerBits: Int

    /// Creates bounds; what is left out has the standard value.
    public init(
        steps: Int = 5_000_000, outputBytes: Int = 32 << 20, stringBytes: Int = 16 << 20,
        totalBytes: Int = 512 << 20, depth: Int = 1000, integerBits: Int = 1 << 15
    ) {
        self.steps = steps
        self.outputBytes = outputBytes
        self.stringBytes = stringBytes
        self.totalBytes = totalBytes
        self.depth = depth
        self.integerBits = integerBits
    }

    /// Bounds far above what templates of published models need.
    public static let standard = TemplateLimits()

    /// Levels that expressions and tags of a template's source may nest.
    static let syntaxDepth = 200
    /// Levels of source that any thread's stack is large enough for.
    static let shallowSyntaxDepth = 40
    /// Levels that lists, dictionaries and generators may nest.
    static let valueDepth = 300
    /// Levels that tuples may nest in a key.
    static let keyDepth = 32
    /// Elements of one range, as in jinja2's sandbox.
    static let rangeCount = 100_000
    /// Decimal digits of an integer that is printed or read, as in Python.
    static let integerDigits = 4300
    /// Bytes of a template's source.
    static let sourceBytes = 4 << 20
}

/// Which bound was reached.
public enum TemplateLimit: Equatable, Sendable, CustomStringConvertible {
    /// More steps than allowed.
    case steps(Int)
    /// A longer output than allowed, in bytes.
    case outputBytes(Int)
    /// A longer string than allowed, in bytes.
    case stringBytes(Int)
    /// More memory than allowed, in bytes.
    case totalBytes(Int)
    /// Deeper nesting or recursion than allowed, in levels.
    case depth(Int)
    /// A longer integer than allowed, in bits.
    case integerBits(Int)
    /// A longer range than allowed, in elements.
    case rangeCount(Int)
    /// A longer template than allowed, in bytes.
    case sourceBytes(Int)

    /// The sentence.
    public var description: String {
        switch self {
        case .steps(let limit): "the template takes more than \(limit) steps; does a loop not end?"
        case .outputBytes(let limit): "the output is longer than \(limit) bytes"
        case .stringBytes(let limit): "a string is longer than \(limit) bytes"
        case .totalBytes(let limit): "the template's values take more than \(limit) bytes"
        case .depth(let limit): "nesting or recursion is deeper than \(limit) levels"
        case .integerBits(let limit): "an integer is longer than \(limit) bits"
        case .rangeCount(let limit): "a range has more than \(limit) elements"
        case .sourceBytes(let limit): "the template is longer than \(limit) bytes"
        }
    }
}

/// Counts what one rendering has used of its limits.
final class Budget {
    let limits: TemplateLimits
    private var steps = 0
    private var bytes = 0
    private(set) var depth = 0

    init(_ limits: TemplateLimits) { self.limits = limits }

    /// Accounts for work.
    func spend(_ count: Int = 1) throws(TemplateFault) {
        let (sum, overflow) = steps.addingReportingOverflow(count)
        steps = sum
        if overflow || sum > limits.steps { throw .limit(.steps(limits.steps)) }
    }

    /// Accounts for a string before it is made.
    func reserve(stringBytes count: Int) throws(TemplateFault) {
        if count > limits.stringBytes || count < 0 {
            throw .limit(.stringBytes(limits.stringBytes))
        }
        try reserve(bytes: count)
        try spend(count / 64)
    }

    /// Accounts for a list, tuple or dictionary before it is made.
    func reserve(elements count: Int) throws(TemplateFault) {
        let (size, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Value>.stride)
        try reserve(bytes: overflow ? Int.max : size)
        try spend(count)
    }

    /// Accounts for an integer before it is made.
    func reserve(integerBits count: Int) throws(TemplateFault) {
        if count > limits.integerBits { throw .limit(.integerBits(limits.integerBits)) }
        let words = count / 32
        try spend(words * words / 64)
    }

    private func reserve(bytes count: Int) throws(TemplateFault) {
        let (sum, overflow) = bytes.addingReportingOverflow(count)
        bytes = sum
        if overflow || sum > limits.totalBytes { throw .limit(.totalBytes(limits.totalBytes)) }
    }

    /// Goes one level deeper; every successful call needs a ``leave()``.
    func enter() throws(TemplateFault) {
        if depth >= limits.depth { throw .limit(.depth(limits.depth)) }
        depth += 1
        try spend()
    }

    /// Comes back from a level.
    func leave() { depth -= 1 }
}
