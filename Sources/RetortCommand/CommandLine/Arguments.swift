import Retort

/// The words after a command, sorted by what its help declares.
struct Arguments {
    private let help: CommandHelp
    private var positional: [String] = []
    /// Per option the values given; nil where an optional value is left out.
    private var options: [String: [String?]] = [:]

    /// Sorts the words.
    ///
    /// `--name value` and `--name=value` are the same; a value that begins with two dashes needs
    /// the second form. After `--` every word stands for itself.
    init(_ words: [String], for help: CommandHelp) throws(UsageError) {
        self.help = help
        var rest = words[...]
        /// An option whose value could as well be an argument, and that value.
        var doubtful: (name: String, index: Int)?
        while let word = rest.popFirst() {
            if word == "--" {
                positional += rest
                break
            }
            guard word.hasPrefix("-"), word != "-" else {
                positional.append(word)
                continue
            }
            let (name, attached) = Self.split(word)
            let option = try declared(name)
            if options[name] != nil, !option.repeats { throw .repeated(name) }
            var value = attached
            switch option.value {
            case .none: if attached != nil { throw .unexpectedValue(name) }
            case .required(let placeholder):
                if value == nil, let next = rest.first, !next.hasPrefix("--") {
                    value = rest.popFirst()
                }
                if value == nil { throw .missingValue(name, placeholder: placeholder) }
            case .optional:
                if value == nil, let next = rest.first, !next.hasPrefix("-") {
                    value = rest.popFirst()
                    doubtful = (name, positional.count)
                }
            }
            options[name, default: []].append(value)
        }
        if let doubtful, positional.count < help.arguments.count(where: \.isRequired),
            let value = options[doubtful.name]?[0]
        {
            positional.insert(value, at: doubtful.index)
            options[doubtful.name] = [nil]
        }
        try checkPositional()
    }

    private static func split(_ word: String) -> (name: String, value: String?) {
        guard let sign = word.firstIndex(of: "=") else { return (word, nil) }
        return (String(word[..<sign]), String(word[word.index(after: sign)...]))
    }

    private func declared(_ name: String) throws(UsageError) -> CommandOption {
        if let option = help.options.first(where: { $0.name == name }) { return option }
        let names = help.options.map(\.name) + ["--help"]
        throw .unknownOption(name, nearest: Spelling.nearest(to: name, among: names))
    }

    private func checkPositional() throws(UsageError) {
        if positional.count > help.arguments.count, !help.takesMore {
            throw .leftover(positional[help.arguments.count])
        }
        let missing = help.arguments.dropFirst(positional.count).first(where: \.isRequired)
        if let missing { throw .missing(missing.name) }
    }

    // MARK: What is there

    /// Whether a flag, or an option of any kind, is given.
    func has(_ name: String) -> Bool { options[name] != nil }

    /// The value of an option or argument.
    func value(_ name: String) -> String? {
        if let index = help.arguments.firstIndex(where: { $0.name == name }) {
            return positional.indices.contains(index) ? positional[index] : nil
        }
        precondition(help.options.contains { $0.name == name }, "\(name) is not declared")
        return options[name]?.first ?? nil
    }

    /// The value of an option or argument that must be there.
    func required(_ name: String) throws(UsageError) -> String {
        guard let value = value(name) else { throw .missing(name) }
        return value
    }

    /// An argument that may be there several times, from its first on.
    func requiredAll(_ name: String) throws(UsageError) -> [String] {
        precondition(help.takesMore && help.arguments.last?.name == name, "\(name) comes once")
        guard positional.count >= help.arguments.count else { throw .missing(name) }
        return Array(positional[(help.arguments.count - 1)...])
    }

    /// All values of an option that may repeat.
    func values(_ name: String) -> [String] { (options[name] ?? []).compactMap(\.self) }

    /// The whole number given with an option.
    func integer(_ name: String, in range: ClosedRange<Int>) throws(UsageError) -> Int? {
        guard let text = value(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            let expected =
                range.upperBound == .max
                ? "a whole number, at least \(range.lowerBound)"
                : "a whole number from \(range.lowerBound) to \(range.upperBound)"
            throw .badValue(name, expected: expected, found: text)
        }
        return number
    }

    /// The number given with an option.
    func number(_ name: String, in range: ClosedRange<Double>) throws(UsageError) -> Double? {
        guard let text = value(name) else { return nil }
        guard let number = Double(text), range.contains(number) else {
            throw .badValue(
                name, expected: "a number from \(range.lowerBound) to \(range.upperBound)",
                found: text)
        }
        return number
    }

    /// The word given with an option, one of a few.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, _ type: Choice.Type
    ) throws(UsageError) -> Choice? where Choice.RawValue == String {
        guard let text = value(name) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        throw .badValue(name, expected: "one of \(words)", found: text)
    }
}
