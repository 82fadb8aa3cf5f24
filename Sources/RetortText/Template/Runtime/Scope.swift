/// The variables of a part of a template: a loop's turn, a macro's call, a `with`.
final class Scope {
    private var variables: [(index: Int, value: Value)] = []
    private let parent: Scope?

    init(inside parent: Scope?) { self.parent = parent }

    /// The value that is nearest from here outwards.
    subscript(symbol: TemplateSymbol) -> Value? {
        var scope: Scope? = self
        while let current = scope {
            for variable in current.variables where variable.index == symbol.index {
                return variable.value
            }
            scope = current.parent
        }
        return nil
    }

    func set(_ symbol: TemplateSymbol, to value: Value) {
        for position in variables.indices where variables[position].index == symbol.index {
            variables[position].value = value
            return
        }
        variables.append((symbol.index, value))
    }

    /// Lets go of everything, so that scopes and macros that hold each other are freed.
    func removeAll() { variables = [] }
}
