import RetortFiles

/// A part of a recipe: a struct of defaults and one table of its keys.
///
/// The table serves reading, overrides, the resolved recipe, suggestions and the reference page.
public protocol RecipeSection: Sendable, Equatable {
    /// Creates the defaults.
    init()

    /// The keys, in the order they are written.
    static var fields: [RecipeField<Self>] { get }

    /// A word that can stand for the section, and what it means.
    static var shorthand: (word: String, section: Self)? { get }

    /// Fills in the defaults that depend on other keys of the section.
    mutating func settle()

    /// Looks for a key that only some recipes can do without.
    ///
    /// - Returns: Its name inside the section, or nil.
    func missingKey() -> String?
}

extension RecipeSection {
    /// Nothing: most defaults stand alone.
    public mutating func settle() {}

    /// None: most keys are needed always or never.
    public func missingKey() -> String? { nil }

    /// None: most sections are maps.
    public static var shorthand: (word: String, section: Self)? { nil }

    /// What there is to know about the keys.
    public static var keys: [RecipeKey] {
        fields.map { field in
            var key = field.keyDescription
            key.alternative =
                field.alternative ?? fields.first { $0.alternative == field.key }?.key
            key.condition = field.condition?.words
            return key
        }
    }

    /// Reads a section that stands in a recipe.
    ///
    /// - Parameters:
    ///   - node: A map, or nothing where the whole recipe is meant.
    ///   - key: The section's own key; empty for the recipe as a whole.
    ///   - context: The context inside the section.
    /// - Throws: ``RecipeError`` for the first thing that is wrong.
    init(reading node: YAMLNode, of key: String, in context: RecipeContext) throws(RecipeError) {
        self.init()
        let location = context.location(ofSectionAt: node.position)
        guard let members = node.members else {
            if context.path.isEmpty { throw .notAMap(location) }
            throw .wrongType(
                context.path.joined(separator: "."), location, expected: "a map of keys",
                found: node.shown)
        }
        for member in members {
            guard
                let field = Self.fields.first(where: { $0.key.utf8.elementsEqual(member.key.utf8) })
            else { throw Self.unknown(member, in: context) }
            try field.read(&self, member.value, context)
        }
        for field in Self.fields {
            try check(field, members, in: context, location)
        }
        settle()
        if let key = missingKey() { throw .missing(context.name(key), location) }
    }

    private mutating func check(
        _ field: RecipeField<Self>, _ members: [YAMLMember], in context: RecipeContext,
        _ location: RecipeLocation
    ) throws(RecipeError) {
        let name = context.name(field.key)
        guard let member = members.first(where: { $0.key == field.key }) else {
            if field.keyDescription.isRequired { throw .missing(name, location) }
            // A section that is not there may have required keys.
            if !field.keyDescription.keys.isEmpty, !field.keyDescription.isOptionalSection {
                try field.read(&self, YAMLNode(.mapping([])), context)
            }
            return
        }
        if case .null = member.value.value { return }
        let own = context.location(of: field.key, member.position)
        if let condition = field.condition, !condition.holds(self) {
            throw .unused(name, own, unless: condition.words)
        }
        if let need = field.need, !need.holds(self) {
            throw .notAllowed(name, own, allowed: need.words, found: member.value.shown)
        }
        if let other = field.alternative,
            let rival = members.first(where: { $0.key == other })?.value, rival.value != .null
        {
            throw .eitherOr(name, own, other: context.name(other))
        }
    }

    private static func unknown(_ member: YAMLMember, in context: RecipeContext) -> RecipeError {
        let keys = fields.map(\.key)
        var nearest = Spelling.nearest(to: member.key, among: keys)
        if nearest == nil {
            // The key may belong to another section.
            nearest = Recipe.keys.flatMap { $0.names() }.first {
                $0.hasSuffix("." + member.key) || $0 == member.key
            }
        }
        return .unknownKey(
            context.name(member.key), context.location(of: member.key, member.position),
            nearest: nearest, keys: keys)
    }

    /// The section as it is written: every key that has a meaning beside the others.
    public var recipeNode: YAMLNode {
        YAMLNode(
            .mapping(
                Self.fields.compactMap { field in
                    guard field.condition?.holds(self) ?? true, let node = field.write(self) else {
                        return nil
                    }
                    return YAMLMember(field.key, value: node)
                }))
    }
}

extension RecipeContext {
    /// Where the current section begins.
    fileprivate func location(ofSectionAt position: YAMLPosition?) -> RecipeLocation {
        var outer = self
        guard let key = outer.path.popLast() else {
            return file.map { .file($0, line: position?.line) } ?? .value
        }
        return outer.location(of: key, position)
    }
}
