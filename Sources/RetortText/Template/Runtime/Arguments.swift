/// The values that a call passes.
struct Arguments {
    var positional: [Value] = []
    var keywords: [(name: String, value: Value)] = []

    func keyword(_ name: String) -> Value? {
        keywords.first { $0.name.isSame(as: name) }?.value
    }

    mutating func removeKeyword(_ name: String) -> Value? {
        guard let position = keywords.firstIndex(where: { $0.name.isSame(as: name) }) else {
            return nil
        }
        return keywords.remove(at: position).value
    }

    /// Sorts the values by parameter.
    ///
    /// - Parameters:
    ///   - function: The function's name, for errors.
    ///   - names: The parameters in order.
    ///   - required: How many of them, from the first on, must be given.
    /// - Returns: A value for each parameter; nil where none was given.
    /// - Throws: ``TemplateFault``, if one is missing, unknown or too many.
    func bound(to function: String, _ names: [String], required: Int = 0) throws(TemplateFault)
        -> [Value?]
    {
        if positional.count > names.count {
            throw .tooManyArguments(of: function, allowed: names.count)
        }
        var values: [Value?] = positional
        values += [Value?](repeating: nil, count: names.count - positional.count)
        for (name, value) in keywords {
            guard let position = names.firstIndex(where: { $0.isSame(as: name) }),
                values[position] == nil
            else { throw .unknownArgument(name, of: function) }
            values[position] = value
        }
        for position in 0..<required where values[position] == nil {
            throw .missingArgument(names[position], of: function)
        }
        return values
    }
}
