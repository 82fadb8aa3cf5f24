/// Python's `text % values`.
enum PercentFormat {
    static func format(_ text: String, with value: Value, escaping: Bool, _ budget: Budget)
        throws(TemplateFault) -> String
    {
        var formatter = Formatter(value, escaping: escaping, budget)
        return try formatter.run(Array(text.unicodeScalars))
    }

    private struct Formatter {
        let value: Value
        let escaping: Bool
        let budget: Budget
        let arguments: [Value]
        var used = 0
        var usedMapping = false

        init(_ value: Value, escaping: Bool, _ budget: Budget) {
            self.value = value
            self.escaping = escaping
            self.budget = budget
            if case .tuple(let elements) = value {
                arguments = elements.items
            } else {
                arguments = [value]
            }
        }

        mutating func run(_ scalars: [Unicode.Scalar]) throws(TemplateFault) -> String {
            var result = ""
            var rest = scalars[...]
            while let scalar = rest.popFirst() {
                if scalar == "%" {
                    result += try conversion(&rest)
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
            var isComplete = used == arguments.count || usedMapping
            // What can be indexed might be a mapping, and those may hold more than is used.
            switch value {
            case .dictionary, .list, .range, .undefined: isComplete = true
            default: break
            }
            if !isComplete { throw .tooManyArguments(of: "%", allowed: used) }
            try budget.reserve(stringBytes: result.utf8.count)
            return result
        }

        private mutating func next() throws(TemplateFault) -> Value {
            guard used < arguments.count else {
                throw .missingArgument("number \(used + 1)", of: "%")
            }
            used += 1
            return arguments[used - 1]
        }

        private mutating func conversion(_ rest: inout ArraySlice<Unicode.Scalar>)
            throws(TemplateFault) -> String
        {
            var specification = FormatSpecification()
            var named: Value?
            if rest.first == "(" {
                named = try member(&rest)
                usedMapping = true
            }
            while let flag = rest.first, "#0- +".unicodeScalars.contains(flag) {
                rest.removeFirst()
                switch flag {
                case "#": specification.isAlternate = true
                case "0":
                    specification.fill = "0"
                    if specification.alignment == nil { specification.alignment = "=" }
                case "-": specification.alignment = "<"
                case "+": specification.sign = "+"
                default: if specification.sign != "+" { specification.sign = " " }
                }
            }
            if let width = try size(&rest) {
                specification.width = width.magnitude > 1 << 24 ? 1 << 24 : abs(width)
                if width < 0 { specification.alignment = "<" }
            }
            if rest.first == "." {
                rest.removeFirst()
                specification.precision = max(0, try size(&rest) ?? 0)
            }
            while let mark = rest.first, "hlL".unicodeScalars.contains(mark) { rest.removeFirst() }
            guard let type = rest.popFirst() else {
                throw .value("the format ends inside a conversion", by: "%")
            }
            if type == "%" { return "%" }
            if specification.alignment == "<" { specification.fill = " " }
            let argument = if let named { named } else { try next() }
            return try converted(argument, type, specification)
        }

        private func member(_ rest: inout ArraySlice<Unicode.Scalar>) throws(TemplateFault)
            -> Value
        {
            guard case .dictionary(let dictionary) = value,
                let end = rest.firstIndex(of: ")")
            else { throw .type(found: value.typeName, expected: "a mapping", by: "%") }
            let name = String(rest[(rest.startIndex + 1)..<end])
            rest = rest[(end + 1)...]
            guard let found = dictionary[name] else { throw .missingArgument(name, of: "%") }
            return found
        }

        private mutating func size(_ rest: inout ArraySlice<Unicode.Scalar>) throws(TemplateFault)
            -> Int?
        {
            if rest.first == "*" {
                rest.removeFirst()
                let value = try next()
                guard let size = value.integer else {
                    throw .type(found: value.typeName, expected: "an integer", by: "*")
                }
                return size
            }
            var result: Int?
            while let scalar = rest.first, ("0"..."9").contains(scalar) {
                result = min((result ?? 0) * 10 + Int(scalar.value - 48), 1 << 24)
                rest.removeFirst()
            }
            return result
        }

        private func converted(
            _ value: Value, _ type: Unicode.Scalar, _ given: FormatSpecification
        ) throws(TemplateFault) -> String {
            var specification = given
            switch type {
            case "s", "r", "a":
                specification.fill = " "
                specification.type = "s"
                (specification.sign, specification.isAlternate) = (nil, false)
                let alignment: Unicode.Scalar = given.alignment == "<" ? "<" : ">"
                specification.alignment = alignment
                var text =
                    type == "s" ? try value.printed(budget) : try value.represented(budget)
                if escaping { text = try HTML.escaped(type == "s" ? value : .string(text), budget) }
                return try specification.format(.string(text), budget)
            case "c":
                if let text = value.text, text.scalarCount == 1 { return text }
                specification.type = "c"
            case "d", "i", "u", "o", "x", "X":
                specification.type = type == "i" || type == "u" ? "d" : type
                let number = try whole(value, isDecimal: specification.type == "d")
                if let precision = specification.precision {
                    return try zeroPadded(number, digits: precision, specification)
                }
                return try specification.format(number, budget)
            case "e", "E", "f", "F", "g", "G":
                guard let number = Number(value)?.double else {
                    throw .type(found: value.typeName, expected: "a number", by: "%\(type)")
                }
                specification.type = type
                return try specification.format(.float(number), budget)
            default: throw .value("there is no conversion %\(type)", by: "%")
            }
            return try specification.format(value, budget)
        }

        private func whole(_ value: Value, isDecimal: Bool) throws(TemplateFault) -> Value {
            switch value {
            case .bool(let value): return .integer(value ? 1 : 0)
            case .integer, .big: return value
            case .float(let number) where isDecimal:
                if let whole = BigInteger(number) { return Value(whole) }
            default: break
            }
            throw .type(found: value.typeName, expected: "an integer", by: "%d")
        }

        private func zeroPadded(
            _ value: Value, digits count: Int, _ given: FormatSpecification
        ) throws(TemplateFault) -> String {
            var plain = FormatSpecification()
            plain.type = given.type
            plain.sign = given.sign
            plain.isAlternate = given.isAlternate
            let isNegative = Number(value)?.compare(to: .integer(0)) == -1
            let extra = (isNegative || given.sign != nil ? 1 : 0)
            plain.width = count + extra
            (plain.fill, plain.alignment) = ("0", "=")
            var specification = given
            specification.precision = nil
            specification.type = "s"
            (specification.sign, specification.isAlternate) = (nil, false)
            specification.alignment = given.alignment == "<" ? "<" : ">"
            specification.fill = " "
            return try specification.format(.string(plain.format(value, budget)), budget)
        }
    }
}
