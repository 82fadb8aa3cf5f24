/// A macro, or the body of a `call` block, with the scope it was defined in.
final class Macro {
    let definition: MacroDefinition
    let scope: Scope

    init(_ definition: MacroDefinition, in scope: Scope) {
        self.definition = definition
        self.scope = scope
    }
}

extension Renderer {
    /// Executes a `macro` statement.
    func define(_ definition: MacroDefinition) {
        let macro = makeMacro(definition)
        if let symbol = definition.symbol { scope.set(symbol, to: .macro(macro)) }
    }

    /// Executes a `call` block: the call gets the block as `caller`.
    func callBlock(
        _ callee: Expression, _ arguments: CallArguments, _ block: MacroDefinition, _ line: Int
    ) throws(TemplateFault) {
        let function = try evaluate(callee)
        var given = try evaluate(arguments, of: "call")
        given.keywords.append(("caller", .macro(makeMacro(block))))
        at(line)
        try write(call(function, given).printed(budget))
    }

    private func makeMacro(_ definition: MacroDefinition) -> Macro {
        keep(scope)
        return Macro(definition, in: scope)
    }

    /// The text that a macro writes for these arguments.
    func call(_ macro: Macro, _ arguments: Arguments) throws(TemplateFault) -> Value {
        try budget.enter()
        defer { budget.leave() }
        let definition = macro.definition
        let inner = Scope(inside: macro.scope)
        var rest = arguments
        try bind(definition, &rest, in: inner)
        let (text, _) = try capture { () throws(TemplateFault) in
            try inScope(inner) { () throws(TemplateFault) in
                try bindStandards(definition, arguments, in: inner)
                return try execute(definition.body)
            }
        }
        return .string(text)
    }

    /// Takes the parameters' values from the arguments, and lets the rest go to the extras.
    private func bind(_ definition: MacroDefinition, _ rest: inout Arguments, in inner: Scope)
        throws(TemplateFault)
    {
        let name = definition.name
        for (position, parameter) in definition.parameters.enumerated() {
            let keyword = rest.removeKeyword(parameter.symbol.name)
            if position < rest.positional.count {
                if keyword != nil {
                    throw .unknownArgument(parameter.symbol.name, of: name)
                }
                inner.set(parameter.symbol, to: rest.positional[position])
            } else if let keyword {
                inner.set(parameter.symbol, to: keyword)
            }
        }
        if let caller = definition.caller {
            let absent = Value.undefined(.absent("no caller is defined"))
            inner.set(caller, to: rest.removeKeyword("caller") ?? absent)
        }
        let extra = Array(rest.positional.dropFirst(definition.parameters.count))
        if let extras = definition.extras {
            inner.set(extras, to: try .tuple(extra, budget))
        } else if !extra.isEmpty {
            throw .tooManyArguments(of: name, allowed: definition.parameters.count)
        }
        if let keywords = definition.keywords {
            let members = rest.keywords.map { (Value.string($0.name), $0.value) }
            inner.set(keywords, to: .dictionary(try PythonDictionary(members, budget)))
        } else if let unknown = rest.keywords.first {
            throw .unknownArgument(unknown.name, of: name)
        }
    }

    /// Evaluates the standard values of parameters that got none; they may use earlier ones.
    private func bindStandards(
        _ definition: MacroDefinition, _ arguments: Arguments, in inner: Scope
    ) throws(TemplateFault) {
        let given = arguments.positional.count
        for parameter in definition.parameters.dropFirst(given)
        where arguments.keyword(parameter.symbol.name) == nil {
            if let standard = parameter.standard {
                inner.set(parameter.symbol, to: try evaluate(standard))
            } else {
                let missing = "parameter '\(parameter.symbol.name)' was not provided"
                inner.set(parameter.symbol, to: .undefined(.absent(missing)))
            }
        }
    }
}
