import RetortFiles

/// A value inside a tokenizer's JSON file that knows its file and key, for errors.
struct JSONSetting {
    let value: JSONValue
    let path: String
    let key: String

    /// The member with a key; nil if it is missing or null.
    func find(_ name: String) throws(TokenizerError) -> JSONSetting? {
        guard let object = value.object else { throw wrongType("an object") }
        guard let member = object[name], member != .null else { return nil }
        return JSONSetting(value: member, path: path, key: key.isEmpty ? name : "\(key).\(name)")
    }

    /// The member with a key, which must be there.
    func get(_ name: String) throws(TokenizerError) -> JSONSetting {
        guard let member = try find(name) else {
            throw .missing(path: path, key: key.isEmpty ? name : "\(key).\(name)")
        }
        return member
    }

    /// The elements.
    func elements() throws(TokenizerError) -> [JSONSetting] {
        guard let array = value.array else { throw wrongType("a list") }
        return array.enumerated().map { index, element in
            JSONSetting(value: element, path: path, key: "\(key)[\(index)]")
        }
    }

    /// The text.
    func string() throws(TokenizerError) -> String {
        guard let text = value.string else { throw wrongType("a text") }
        return text
    }

    /// The only character of the text.
    func scalar() throws(TokenizerError) -> Unicode.Scalar {
        let scalars = try string().unicodeScalars
        guard let scalar = scalars.first, scalars.count == 1 else {
            throw wrongType("one character")
        }
        return scalar
    }

    /// The truth value.
    func bool() throws(TokenizerError) -> Bool {
        guard let bool = value.bool else { throw wrongType("true or false") }
        return bool
    }

    /// A whole number that counts something.
    func count() throws(TokenizerError) -> Int {
        guard let count = value.integer, count >= 0 else { throw wrongType("a number from 0") }
        return count
    }

    /// The truth value of a member, or what stands for it where it is missing.
    func bool(_ name: String, default fallback: Bool) throws(TokenizerError) -> Bool {
        try find(name)?.bool() ?? fallback
    }

    /// The name in `type` that says what kind of thing an object is.
    func kind() throws(TokenizerError) -> String { try get("type").string() }

    /// One of the cases of a text enumeration.
    func choice<Choice: RawRepresentable>(
        _: Choice.Type = Choice.self
    ) throws(TokenizerError) -> Choice where Choice.RawValue == String {
        let name = try string()
        guard let choice = Choice(rawValue: name) else { throw unknown(name) }
        return choice
    }

    /// The regular expression or literal text under `Regex` or `String`.
    func pattern() throws(TokenizerError) -> TextPattern {
        if let regex = try find("Regex") {
            return .expression(try regex.expression(try regex.string()))
        }
        let text = Array(try get("String").string().utf8)
        return text.isEmpty ? .expression(try expression("")) : .literal(text)
    }

    /// A compiled expression whose failure is told with this key.
    func expression(_ pattern: String) throws(TokenizerError) -> RegularExpression {
        do {
            return try RegularExpression(pattern)
        } catch .malformed(_, let reason) {
            throw .badExpression(path: path, key: key, pattern: pattern, reason: reason)
        } catch {
            throw TokenizerError(error)
        }
    }

    /// An error: another kind of value is needed.
    func wrongType(_ expected: String) -> TokenizerError {
        .wrongType(path: path, key: key.isEmpty ? "the tokenizer" : key, expected: expected)
    }

    /// An error: no such kind of thing.
    func unknown(_ name: String) -> TokenizerError {
        .unknownKind(path: path, key: key, name: name)
    }
}
