import RetortFiles

/// One key of a recipe section: how it is read, checked, written and explained.
public struct RecipeField<Section: RecipeSection>: Sendable {
    /// The key as users write it.
    public let key: String
    /// What the key means, in one sentence.
    public let meaning: String

    let keyDescription: RecipeKey
    let read: @Sendable (inout Section, YAMLNode, RecipeContext) throws(RecipeError) -> Void
    /// The value; nil for an optional section that is not there.
    let write: @Sendable (Section) -> YAMLNode?
    /// When the key has a meaning, in words and as a test.
    private(set) var condition: (words: String, holds: @Sendable (Section) -> Bool)?
    /// What its value needs beside it, in words and as a test.
    private(set) var need: (words: String, holds: @Sendable (Section) -> Bool)?
    /// The key of which only one or the other can be given.
    private(set) var alternative: String?

    /// A value that every word of its type allows.
    public init<Value: RecipeValue>(
        _ key: String, _ path: WritableKeyPath<Section, Value> & Sendable,
        isRequired: Bool = false, _ meaning: String
    ) {
        self.init(key, path, isRequired: isRequired, allowed: "", meaning) { _ in true }
    }

    /// A number within a range.
    public init<Value: RecipeValue & Comparable>(
        _ key: String, _ path: WritableKeyPath<Section, Value> & Sendable,
        allowed: some RangeExpression<Value> & Sendable, _ meaning: String
    ) {
        self.init(key, path, allowed: words(allowed), meaning) { allowed.contains($0) }
    }

    /// A number within a range, or null.
    public init<Value: RecipeValue & Comparable>(
        _ key: String, _ path: WritableKeyPath<Section, Value?> & Sendable,
        allowed: some RangeExpression<Value> & Sendable, _ meaning: String
    ) {
        self.init(key, path, allowed: words(allowed), meaning) {
            $0.map(allowed.contains) ?? true
        }
    }

    /// A list of numbers, each within a range, or null.
    public init<Value: RecipeValue & Comparable>(
        _ key: String, _ path: WritableKeyPath<Section, [Value]?> & Sendable,
        allowed: some RangeExpression<Value> & Sendable, _ meaning: String
    ) {
        let description = "numbers, each " + words(allowed)
        self.init(key, path, allowed: description, meaning) {
            $0.map { !$0.isEmpty && $0.allSatisfy(allowed.contains) } ?? true
        }
    }

    /// A value for which a test holds; `allowed` says which, after "must be".
    public init<Value: RecipeValue>(
        _ key: String, _ path: WritableKeyPath<Section, Value> & Sendable,
        isRequired: Bool = false, allowed: String, _ meaning: String,
        where isAllowed: @escaping @Sendable (Value) -> Bool
    ) {
        self.init(
            key, meaning, RecipeKey(key, Value.self, isRequired, allowed, meaning),
            read: { section, node, context throws(RecipeError) in
                section[keyPath: path] = try context.value(
                    of: key, node, allowed: allowed, where: isAllowed)
            }, write: { $0[keyPath: path].recipeNode })
    }

    /// A file or folder that must be there; relative paths count from the current folder, else from
    /// the recipe's.
    public init(
        input key: String, _ path: WritableKeyPath<Section, String> & Sendable,
        isRequired: Bool = false, _ meaning: String
    ) {
        var description = RecipeKey(key, String.self, isRequired, "", meaning)
        description.isInput = true
        self.init(
            key, meaning, description,
            read: { section, node, context throws(RecipeError) in
                section[keyPath: path] = context.resolve(try context.value(of: key, node))
            }, write: { $0[keyPath: path].recipeNode })
    }

    /// A file or folder that must be there, or null.
    public init(
        input key: String, _ path: WritableKeyPath<Section, String?> & Sendable, _ meaning: String
    ) {
        var description = RecipeKey(key, String?.self, false, "", meaning)
        description.isInput = true
        self.init(
            key, meaning, description,
            read: { section, node, context throws(RecipeError) in
                let value: String? = try context.value(of: key, node)
                section[keyPath: path] = value.map(context.resolve)
            }, write: { $0[keyPath: path].recipeNode })
    }

    /// A section inside this one.
    public init<Inner: RecipeSection>(
        _ key: String, section path: WritableKeyPath<Section, Inner> & Sendable, _ meaning: String
    ) {
        self.init(
            key, meaning, RecipeKey(key, sections: Inner.self, meaning),
            read: { section, node, context throws(RecipeError) in
                section[keyPath: path] = try Inner(
                    reading: node, of: key, in: context.inside(key))
            }, write: { $0[keyPath: path].recipeNode })
    }

    /// A section inside this one that may be left out.
    public init<Inner: RecipeSection>(
        _ key: String, section path: WritableKeyPath<Section, Inner?> & Sendable, _ meaning: String
    ) {
        self.init(
            key, meaning, RecipeKey(key, optionalSections: Inner.self, meaning),
            read: { section, node, context throws(RecipeError) in
                // A key without a value is more likely unfinished than meant as null.
                if case .null = node.value, node.source != "" {
                    section[keyPath: path] = nil
                } else if case .string(let word) = node.value, let short = Inner.shorthand {
                    try context.check(word, of: key, node, means: short.word)
                    section[keyPath: path] = short.section
                } else {
                    section[keyPath: path] = try Inner(
                        reading: node, of: key, in: context.inside(key))
                }
            },
            write: { section in
                guard let inner = section[keyPath: path] else { return nil }
                guard let short = Inner.shorthand, short.section == inner else {
                    return inner.recipeNode
                }
                return YAMLNode(.string(short.word))
            })
    }

    private init(
        _ key: String, _ meaning: String, _ description: RecipeKey,
        read:
            @escaping @Sendable (inout Section, YAMLNode, RecipeContext) throws(RecipeError) -> Void,
        write: @escaping @Sendable (Section) -> YAMLNode?
    ) {
        self.key = key
        self.meaning = meaning
        self.keyDescription = description
        self.read = read
        self.write = write
    }

    /// The key with a condition for it to mean anything; else it is refused and not written.
    public func only(
        if words: String, _ holds: @escaping @Sendable (Section) -> Bool
    ) -> Self {
        var field = self
        field.condition = (words, holds)
        return field
    }

    /// The key with something that its value needs.
    public func needing(
        _ words: String, _ holds: @escaping @Sendable (Section) -> Bool
    ) -> Self {
        var field = self
        field.need = (words, holds)
        return field
    }

    /// The key with another of which only one can be given.
    public func insteadOf(_ other: String) -> Self {
        var field = self
        field.alternative = other
        return field
    }
}

/// A range in words.
private func words<Value>(_ range: some RangeExpression<Value>) -> String {
    switch range {
    case let range as ClosedRange<Value> where range.lowerBound as? Double == .leastNonzeroMagnitude:
        "above 0 and at most \(range.upperBound)"
    case let range as ClosedRange<Value>: "from \(range.lowerBound) to \(range.upperBound)"
    case let range as Range<Value>: "at least \(range.lowerBound) and below \(range.upperBound)"
    case let range as PartialRangeFrom<Value>: "at least \(range.lowerBound)"
    default: "\(range)"
    }
}

extension RecipeContext {
    /// Refuses a word that is not the one that can stand for a section.
    fileprivate func check(
        _ word: String, of key: String, _ node: YAMLNode, means known: String
    ) throws(RecipeError) {
        if word.utf8.elementsEqual(known.utf8) { return }
        let location = location(of: key, node.position)
        guard let nearest = Spelling.nearest(to: word, among: [known]) else {
            throw .wrongType(
                name(key), location, expected: "a map of keys, or \(known)", found: node.shown)
        }
        throw .unknownWord(
            name(key), location, found: word, nearest: nearest, choices: [known])
    }

    /// Reads and checks one value.
    fileprivate func value<Value: RecipeValue>(
        of key: String, _ node: YAMLNode, allowed: String = "",
        where isAllowed: (Value) -> Bool = { _ in true }
    ) throws(RecipeError) -> Value {
        let location = location(of: key, node.position)
        guard let value = Value(recipe: node) else {
            if let choices = RecipeKey.choices(Value.self), case .string(let word) = node.value {
                throw .unknownWord(
                    name(key), location, found: word,
                    nearest: Spelling.nearest(to: word, among: choices), choices: choices)
            }
            throw .wrongType(
                name(key), location, expected: Value.expectation, found: node.shown)
        }
        guard isAllowed(value) else {
            throw .notAllowed(name(key), location, allowed: allowed, found: node.shown)
        }
        return value
    }
}
