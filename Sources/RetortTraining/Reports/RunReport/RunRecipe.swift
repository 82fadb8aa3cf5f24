import RetortFiles

/// The resolved recipe of a run, as text and as a flat list of keys.
///
/// It is read as YAML, not as a ``Recipe``: a report shows a run of another version too.
struct RunRecipe: Sendable, Equatable {
    /// A key with its sections, and its value as YAML.
    struct Entry: Sendable, Equatable {
        /// As in `optimizer.learning_rate`.
        let key: String
        /// As a file would say it, on one line.
        let value: String
    }

    /// The recipe as a file, in the order of its own text.
    let text: String
    /// Every key that has a value.
    let entries: [Entry]

    /// Reads a run's recipe.
    ///
    /// - Throws: ``RecipeError`` if it cannot be read or is not YAML.
    init(_ path: String) throws(RecipeError) {
        let bytes = try RecipeFile.read(path)
        let root: YAMLNode
        do { root = try YAMLParser.parse(bytes, maximumLength: RecipeFile.limit) } catch {
            throw .syntax(path, error)
        }
        text = YAMLWriter.write(root)
        entries = Self.entries(of: root, inside: "")
    }

    /// The value of a key; nil if it is not there or null.
    subscript(key: String) -> String? {
        let value = entries.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
        return value == "null" ? nil : value
    }

    private static func entries(of node: YAMLNode, inside path: String) -> [Entry] {
        guard let members = node.members, !members.isEmpty else {
            guard !path.isEmpty else { return [] }
            if case .string(let text) = node.value { return [Entry(key: path, value: text)] }
            return [Entry(key: path, value: String(YAMLWriter.write(node).dropLast()))]
        }
        return members.flatMap {
            entries(of: $0.value, inside: path.isEmpty ? $0.key : path + "." + $0.key)
        }
    }

    /// The keys whose values are not the same in all recipes, in the order of the recipes.
    ///
    /// - Parameter recipes: The recipes; nil where a run has none.
    /// - Returns: Per key the value in every recipe, nil where it does not stand.
    static func differences(
        _ recipes: [RunRecipe?]
    ) -> [(key: String, values: [String?])] {
        let tables = recipes.map { recipe in
            Dictionary(
                (recipe?.entries ?? []).map { (ExactKey($0.key), $0.value) },
                uniquingKeysWith: { first, _ in first })
        }
        var seen: Set<ExactKey> = []
        var keys: [String] = []
        for entry in recipes.flatMap({ $0?.entries ?? [] })
        where seen.insert(ExactKey(entry.key)).inserted {
            keys.append(entry.key)
        }
        return keys.compactMap { key in
            let values = tables.map { $0[ExactKey(key)] }
            let isSame = values.allSatisfy { value in
                value.map { ExactKey($0) } == (values.first ?? nil).map { ExactKey($0) }
            }
            return isSame ? nil : (key, values)
        }
    }
}
