/// What there is to know about a key without its section's type.
public struct RecipeKey: Sendable {
    /// The key, without its section.
    public let key: String
    /// What a user must write.
    public let expectation: String
    /// What the key means.
    public let meaning: String
    /// Whether a recipe must have it.
    public let isRequired: Bool
    /// Whether a section may be left out.
    public let isOptionalSection: Bool
    /// The keys inside, if this is a section.
    public let keys: [RecipeKey]
    /// Whether it names a file or folder to read.
    public internal(set) var isInput = false
    /// The key of which only one or the other can be given.
    public internal(set) var alternative: String?
    /// The word that can stand for a section.
    public internal(set) var shorthand: String?
    /// When it means anything, in words; nil for always.
    public internal(set) var condition: String?

    init<Value: RecipeValue>(
        _ key: String, _ type: Value.Type, _ isRequired: Bool, _ allowed: String, _ meaning: String
    ) {
        self.key = key
        self.expectation =
            allowed.isEmpty ? Value.expectation : Value.expectation + ", " + allowed
        self.meaning = meaning
        self.isRequired = isRequired
        self.isOptionalSection = false
        self.keys = []
    }

    init<Inner: RecipeSection>(_ key: String, sections: Inner.Type, _ meaning: String) {
        self.init(key, Inner.keys, meaning, isOptional: false)
    }

    init<Inner: RecipeSection>(_ key: String, optionalSections: Inner.Type, _ meaning: String) {
        self.init(key, Inner.keys, meaning, isOptional: true, shorthand: Inner.shorthand?.word)
    }

    private init(
        _ key: String, _ keys: [RecipeKey], _ meaning: String, isOptional: Bool,
        shorthand: String? = nil
    ) {
        self.key = key
        self.expectation = "a map of keys" + (shorthand.map { ", or \($0)" } ?? "")
        self.shorthand = shorthand
        self.meaning = meaning
        self.isRequired = false
        self.isOptionalSection = isOptional
        self.keys = keys
    }

    /// The words of a choice, or of an optional one; nil for other types.
    static func choices<Value: RecipeValue>(_ type: Value.Type) -> [String]? {
        if let choice = type as? any RecipeChoice.Type { return choice.words }
        return (type as? any OptionalChoice.Type)?.choiceWords
    }

    /// The dotted names of this key and all inside.
    func names(inside path: [String] = []) -> [String] {
        let own = path + [key]
        return [own.joined(separator: ".")] + keys.flatMap { $0.names(inside: own) }
    }
}

extension RecipeChoice {
    static var words: [String] { allCases.map(\.rawValue) }
}

private protocol OptionalChoice {
    static var choiceWords: [String]? { get }
}

extension Optional: OptionalChoice {
    static var choiceWords: [String]? { (Wrapped.self as? any RecipeChoice.Type)?.words }
}
