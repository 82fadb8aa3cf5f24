/// What a test asks of a value.
typealias TestFunction = @Sendable (Renderer, Value, Arguments) throws(TemplateFault) -> Bool

/// The tests of jinja2.
enum Tests {
    static let table: [String: TestFunction] = [
        "defined": plain { !$0.isUndefined }, "undefined": plain { $0.isUndefined },
        "none": plain { $0.isNone },
        "boolean": plain { if case .bool = $0 { true } else { false } },
        "true": plain { if case .bool(true) = $0 { true } else { false } },
        "false": plain { if case .bool(false) = $0 { true } else { false } },
        "integer": plain { isInteger($0) },
        "float": plain { if case .float = $0 { true } else { false } },
        "number": plain { Number($0) != nil }, "string": plain { $0.text != nil },
        "mapping": plain { if case .dictionary = $0 { true } else { false } },
        "iterable": plain { isIterable($0) }, "sequence": plain { isSequence($0) },
        "callable": plain { isCallable($0) }, "escaped": plain { $0.isMarkup },
        "odd": remainder("odd", of: 2, is: 1), "even": remainder("even", of: 2, is: 0),
        "divisibleby": divisible, "upper": upper, "lower": lower, "in": contained,
        "sameas": identical, "filter": known { Filters.table[$0] != nil },
        "test": known { table[$0] != nil },
        "eq": comparison(.equal), "equalto": comparison(.equal), "==": comparison(.equal),
        "ne": comparison(.notEqual), "!=": comparison(.notEqual),
        "lt": comparison(.less), "lessthan": comparison(.less), "<": comparison(.less),
        "le": comparison(.lessOrEqual), "<=": comparison(.lessOrEqual),
        "gt": comparison(.greater), "greaterthan": comparison(.greater),
        ">": comparison(.greater),
        "ge": comparison(.greaterOrEqual), ">=": comparison(.greaterOrEqual),
    ]

    /// A test without arguments.
    private static func plain(_ test: @escaping @Sendable (Value) -> Bool) -> TestFunction {
        { (_, value, arguments) throws(TemplateFault) in
            _ = try arguments.bound(to: "the test", [])
            return test(value)
        }
    }

    private static func isInteger(_ value: Value) -> Bool {
        switch value {
        case .integer, .big: true
        default: false
        }
    }

    private static func isIterable(_ value: Value) -> Bool {
        switch value {
        case .undefined, .string, .markup, .list, .tuple, .dictionary, .view, .range, .generator,
            .loop:
            true
        default: false
        }
    }

    private static func isSequence(_ value: Value) -> Bool {
        switch value {
        case .undefined, .string, .markup, .list, .tuple, .dictionary, .range: true
        default: false
        }
    }

    private static func isCallable(_ value: Value) -> Bool {
        switch value {
        case .function, .method, .macro, .joiner, .undefined: true
        case .loop: true
        default: false
        }
    }

    private static func remainder(_ name: String, of divisor: Int, is wanted: Int) -> TestFunction {
        { (renderer, value, arguments) throws(TemplateFault) in
            _ = try arguments.bound(to: name, [])
            let rest = try value.applying(.remainder, .integer(divisor), renderer.budget)
            return try rest.isEqual(to: .integer(wanted), renderer.budget)
        }
    }

    private static let divisible: TestFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        let values = try arguments.bound(to: "divisibleby", ["num"], required: 1)
        let rest = try value.applying(.remainder, values[0] ?? .none, renderer.budget)
        return try rest.isEqual(to: .integer(0), renderer.budget)
    }

    private static let upper: TestFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        _ = try arguments.bound(to: "upper", [])
        return TextMethod.isUpper(try value.printed(renderer.budget))
    }

    private static let lower: TestFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        _ = try arguments.bound(to: "lower", [])
        return TextMethod.isLower(try value.printed(renderer.budget))
    }

    private static let contained: TestFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        let values = try arguments.bound(to: "in", ["seq"], required: 1)
        return try (values[0] ?? .none).contains(value, renderer.budget)
    }

    private static let identical: TestFunction = {
        (renderer, value, arguments) throws(TemplateFault) in
        let values = try arguments.bound(to: "sameas", ["other"], required: 1)
        return try value.isIdentical(to: values[0] ?? .none, renderer.budget)
    }

    private static func known(_ isKnown: @escaping @Sendable (String) -> Bool) -> TestFunction {
        { (renderer, value, arguments) throws(TemplateFault) in
            _ = try arguments.bound(to: "the test", [])
            _ = try HashKey(value)
            return value.text.map(isKnown) ?? false
        }
    }

    private static func comparison(_ operation: ComparisonOperator) -> TestFunction {
        { (renderer, value, arguments) throws(TemplateFault) in
            let values = try arguments.bound(to: operation.rawValue, ["other"], required: 1)
            return try renderer.compare(value, operation, values[0] ?? .none)
        }
    }
}
