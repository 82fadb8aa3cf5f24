import RetortFiles

/// A key of a recipe with another value, as the command line gives it: `optimizer.name=sgd`.
struct RecipeOverride {
    /// As it was given.
    let text: String
    /// The key with its sections.
    let key: String
    let value: YAMLNode

    init(_ text: String) throws(RecipeError) {
        self.text = text
        guard let sign = text.firstIndex(of: "=") else { throw .badOverride(text) }
        key = String(text[..<sign])
        let names = key.split(separator: ".", omittingEmptySubsequences: false)
        guard names.count <= 8, names.allSatisfy(Self.isName) else { throw .badOverride(text) }
        if let value = Self.value(among: names.dropLast().map(String.init)) {
            throw .unknownKey(key, .override(text), nearest: value, keys: [])
        }
        do { value = try YAMLParser.parse(String(text[text.index(after: sign)...])) } catch {
            guard error.fault == .empty else { throw .overrideSyntax(text, error.fault) }
            value = YAMLNode(.null, source: "")
            return
        }
    }

    private static func isName(_ name: Substring) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
            }
    }

    /// A recipe's tree with this value in it.
    ///
    /// A key that excludes the overridden one (`epochs` for `max_steps`) goes away, unless it is
    /// `sparing`: overridden too.
    func applied(to root: YAMLNode, sparing overridden: [String]) -> YAMLNode {
        let names = key.split(separator: ".").map(String.init)
        var result = Self.set(value, at: names[...], in: root, of: Recipe.keys)
        if value.value != .null, let other = Self.alternative(to: names) {
            let rival = names.dropLast() + [other]
            if !overridden.contains(rival.joined(separator: ".")) {
                result = Self.removing(rival[...], from: result)
            }
        }
        return result
    }

    private static func set(
        _ value: YAMLNode, at path: ArraySlice<String>, in node: YAMLNode?, of keys: [RecipeKey],
        shorthand: String? = nil
    ) -> YAMLNode {
        guard let name = path.first else { return value }
        var members = node?.members ?? []
        // A scalar where a section belongs stays, to be refused where it stands; but a key of the
        // section takes the place of the word for it.
        if let node, node.members == nil, node.value != .null,
            shorthand.map({ node.value != .string($0) }) ?? true
        {
            return node
        }
        let key = keys.first { $0.key == name }
        func inner(_ node: YAMLNode?) -> YAMLNode {
            set(
                value, at: path.dropFirst(), in: node, of: key?.keys ?? [],
                shorthand: key?.shorthand)
        }
        if let index = members.firstIndex(where: { $0.key == name }) {
            members[index].value = inner(members[index].value)
        } else {
            members.append(YAMLMember(name, value: inner(nil)))
        }
        return YAMLNode(.mapping(members), at: node?.position)
    }

    private static func removing(_ path: ArraySlice<String>, from node: YAMLNode) -> YAMLNode {
        guard let name = path.first, var members = node.members,
            let index = members.firstIndex(where: { $0.key == name })
        else { return node }
        if path.count == 1 {
            members.remove(at: index)
        } else {
            members[index].value = removing(path.dropFirst(), from: members[index].value)
        }
        return YAMLNode(.mapping(members), at: node.position)
    }

    /// The first of some nested names that is a value, which has no keys inside.
    private static func value(among names: [String]) -> String? {
        var keys = Recipe.keys
        for (index, name) in names.enumerated() {
            guard let key = keys.first(where: { $0.key == name }) else { return nil }
            if key.keys.isEmpty { return names[...index].joined(separator: ".") }
            keys = key.keys
        }
        return nil
    }

    private static func alternative(to names: [String]) -> String? {
        var keys = Recipe.keys
        for name in names.dropLast() { keys = keys.first { $0.key == name }?.keys ?? [] }
        return keys.first { $0.key == names.last }?.alternative
    }
}
