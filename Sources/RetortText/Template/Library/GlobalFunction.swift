/// The functions that every template knows.
enum GlobalFunction: String, Sendable {
    case range, dict, namespace, cycler, joiner
    case raiseException = "raise_exception"
    case strftimeNow = "strftime_now"
}

extension Renderer {
    /// Calls a function that every template knows.
    func call(_ function: GlobalFunction, _ arguments: Arguments) throws(TemplateFault) -> Value {
        switch function {
        case .range: return .range(try range(arguments))
        case .dict: return .dictionary(try dictionary(arguments, of: "dict"))
        case .namespace:
            let namespace = Namespace(try dictionary(arguments, of: "namespace"))
            keep(namespace)
            return .namespace(namespace)
        case .cycler:
            if arguments.positional.isEmpty { throw .missingArgument("items", of: "cycler") }
            _ = try Arguments(keywords: arguments.keywords).bound(to: "cycler", [])
            return .cycler(try Cycler(Elements(arguments.positional, budget)))
        case .joiner:
            let values = try arguments.bound(to: "joiner", ["sep"])
            return .joiner(try Joiner(separator: values[0] ?? .string(", ")))
        case .raiseException:
            let values = try arguments.bound(to: function.rawValue, ["message"], required: 1)
            throw .raised(try (values[0] ?? .none).printed(budget))
        case .strftimeNow:
            let values = try arguments.bound(to: function.rawValue, ["format"], required: 1)
            guard let format = values[0]?.text else {
                throw .type(
                    found: values[0]?.typeName ?? "None", expected: "a string",
                    by: function.rawValue)
            }
            try budget.reserve(stringBytes: format.utf8.count * 8)
            return .string(clock.formatted(format))
        }
    }

    private func range(_ arguments: Arguments) throws(TemplateFault) -> PythonRange {
        let given = try Arguments(positional: arguments.positional).bound(
            to: "range", ["start", "stop", "step"], required: 1)
        if let keyword = arguments.keywords.first {
            throw .unknownArgument(keyword.name, of: "range")
        }
        func whole(_ value: Value?) throws(TemplateFault) -> Int? {
            guard let value else { return nil }
            if case .undefined(let undefined) = value { throw .undefined(undefined) }
            if case .big = value { throw .limit(.rangeCount(TemplateLimits.rangeCount)) }
            guard let number = value.integer else {
                throw .type(found: value.typeName, expected: "integers", by: "range")
            }
            return number
        }
        let first = try whole(given[0]) ?? 0
        guard let stop = try whole(given[1]) else {
            return try PythonRange(start: 0, stop: first, step: 1)
        }
        let step = try whole(given[2]) ?? 1
        if step == 0 { throw .value("the step is 0", by: "range") }
        return try PythonRange(start: first, stop: stop, step: step)
    }

    /// What `dict(mapping or pairs, name=value, …)` makes.
    private func dictionary(_ arguments: Arguments, of function: String) throws(TemplateFault)
        -> PythonDictionary
    {
        if arguments.positional.count > 1 { throw .tooManyArguments(of: function, allowed: 1) }
        var result = PythonDictionary()
        if let first = arguments.positional.first {
            if case .undefined(let undefined) = first { throw .undefined(undefined) }
            if case .dictionary(let members) = first {
                try budget.spend(members.count)
                result = members
            } else {
                for pair in try first.elements(budget, for: function) {
                    let parts = try pair.elements(budget, for: function)
                    guard parts.count == 2 else {
                        throw .unpacking(expected: 2, found: parts.count)
                    }
                    try result.set(parts[0], to: parts[1], budget)
                }
            }
        }
        for (name, value) in arguments.keywords {
            try result.set(.string(name), to: value, budget)
        }
        return result
    }
}
