import RetortFiles

extension Recipe {
    /// Reads a recipe file.
    ///
    /// - Parameters:
    ///   - path: A YAML (or JSON) file. Relative paths in it count from the current folder, and
    ///     where nothing is there, from the file's folder.
    ///   - overrides: Keys with other values, as in `optimizer.learning_rate=2e-4`; the value is
    ///     YAML.
    /// - Throws: ``RecipeError`` for the first thing that is wrong.
    public init(path: String, overrides: [String] = []) throws(RecipeError) {
        try self.init(yaml: try RecipeFile.read(path), file: path, overrides: overrides)
    }

    /// Reads a recipe's text.
    ///
    /// - Parameters:
    ///   - yaml: The text.
    ///   - file: The name for error messages, and where relative paths may count from.
    ///   - overrides: Keys with other values, as in `seed=7`.
    /// - Throws: ``RecipeError`` for the first thing that is wrong.
    public init(
        yaml: [UInt8], file: String, overrides: [String] = []
    ) throws(RecipeError) {
        var root: YAMLNode
        do { root = try YAMLParser.parse(yaml, maximumLength: RecipeFile.limit) } catch {
            throw .syntax(file, error)
        }
        var context = RecipeContext(file: file)
        let parsed = try overrides.map { text throws(RecipeError) in try RecipeOverride(text) }
        for override in parsed {
            context.overrides[ExactKey(override.key)] = override.text
            root = override.applied(to: root, sparing: parsed.map(\.key))
        }
        try self.init(reading: root, of: "", in: context)
    }

    /// The recipe with every default filled in, after the checks that a recipe file goes through.
    ///
    /// - Throws: ``RecipeError`` for the first thing that is wrong.
    public func resolved() throws(RecipeError) -> Recipe {
        try Recipe(reading: recipeNode, of: "", in: RecipeContext(file: nil))
    }

    /// The recipe as a file: every key that has a meaning, in fixed order; reads back as equal.
    public var yaml: String { YAMLWriter.write(recipeNode) }

    /// The files and folders that the recipe reads, by key.
    public var inputs: [(key: String, path: String)] {
        Self.inputs(of: Self.keys, in: recipeNode, inside: "")
    }

    private static func inputs(
        of keys: [RecipeKey], in node: YAMLNode, inside path: String
    ) -> [(key: String, path: String)] {
        keys.flatMap { key -> [(key: String, path: String)] in
            guard let value = node[key.key] else { return [] }
            if key.isInput, case .string(let file) = value.value {
                return [(path + key.key, file)]
            }
            return inputs(of: key.keys, in: value, inside: path + key.key + ".")
        }
    }
}
