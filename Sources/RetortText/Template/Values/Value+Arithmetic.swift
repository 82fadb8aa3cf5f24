import Glibc

/// Operators that calculate.
enum ArithmeticOperator: String, Sendable {
    case add = "+", subtract = "-", multiply = "*", divide = "/", floorDivide = "//"
    case remainder = "%", power = "**"
}

extension Value {
    /// Python's result of an operator on two values.
    func applying(_ operation: ArithmeticOperator, _ other: Value, _ budget: Budget)
        throws(TemplateFault) -> Value
    {
        if let left = Number(self), let right = Number(other) {
            return try left.applying(operation, right, budget)
        }
        switch operation {
        case .add: if let sum = try concatenation(with: other, budget) { return sum }
        case .multiply: if let product = try repetition(with: other, budget) { return product }
        case .remainder:
            if let text {
                let result = try PercentFormat.format(
                    text, with: other, escaping: isMarkup, budget)
                return isMarkup ? .markup(result) : .string(result)
            }
        default: break
        }
        for case .undefined(let undefined) in [self, other] { throw .undefined(undefined) }
        throw .operands(operation: operation.rawValue, left: typeName, right: other.typeName)
    }

    var isMarkup: Bool { if case .markup = self { true } else { false } }

    private func concatenation(with other: Value, _ budget: Budget) throws(TemplateFault) -> Value?
    {
        switch (self, other) {
        case (.string(let left), .string(let right)):
            return .string(try Self.joined(left, right, budget))
        case (.markup(let left), .markup(let right)):
            return .markup(try Self.joined(left, right, budget))
        case (.markup(let left), .string(let right)):
            return .markup(try Self.joined(left, try HTML.escaped(right, budget), budget))
        case (.string(let left), .markup(let right)):
            return .markup(try Self.joined(try HTML.escaped(left, budget), right, budget))
        case (.list(let left), .list(let right)):
            try budget.spend(left.items.count)
            return try .list(left.items + right.items, budget)
        case (.tuple(let left), .tuple(let right)):
            return try .tuple(left.items + right.items, budget)
        default: return nil
        }
    }

    private static func joined(_ left: String, _ right: String, _ budget: Budget)
        throws(TemplateFault) -> String
    {
        try budget.reserve(stringBytes: left.utf8.count + right.utf8.count)
        return left + right
    }

    private func repetition(with other: Value, _ budget: Budget) throws(TemplateFault) -> Value? {
        if integer != nil, other.integer == nil { return try other.repetition(with: self, budget) }
        guard let wanted = other.integer else { return nil }
        let count = max(0, wanted)
        switch self {
        case .string(let text), .markup(let text):
            let (size, overflow) = text.utf8.count.multipliedReportingOverflow(by: count)
            try budget.reserve(stringBytes: overflow ? Int.max : size)
            let result = size == 0 ? "" : String(repeating: text, count: count)
            return isMarkup ? .markup(result) : .string(result)
        case .list(let elements), .tuple(let elements):
            let (size, overflow) = elements.items.count.multipliedReportingOverflow(by: count)
            try budget.reserve(elements: overflow ? Int.max : size)
            let items = size == 0 ? [] : Array(repeatElement(elements.items, count: count).joined())
            if case .list = self { return try .list(items, budget) }
            return try .tuple(items, budget)
        default: return nil
        }
    }

    /// Python's unary minus or plus.
    func negated(_ isNegation: Bool, _ budget: Budget) throws(TemplateFault) -> Value {
        switch Number(self) {
        case .integer(let value):
            return isNegation ? Value(-BigInteger(value)) : .integer(value)
        case .big(let value): return Value(isNegation ? -value : value)
        case .float(let value): return .float(isNegation ? -value : value)
        case nil:
            if case .undefined(let undefined) = self { throw .undefined(undefined) }
            throw .type(
                found: typeName, expected: "a number", by: isNegation ? "unary -" : "unary +")
        }
    }
}

extension Number {
    fileprivate func applying(_ operation: ArithmeticOperator, _ other: Number, _ budget: Budget)
        throws(TemplateFault) -> Value
    {
        if case .integer(let left) = self, case .integer(let right) = other,
            let result = try Self.small(left, operation, right)
        {
            return .integer(result)
        }
        if let left = big, let right = other.big {
            return try Self.whole(left, operation, right, budget)
        }
        guard let left = double, let right = other.double else {
            throw .value("the integer is too large for a float", by: operation.rawValue)
        }
        return try Self.floating(left, operation, right)
    }

    /// The result if nothing overflows.
    private static func small(_ left: Int, _ operation: ArithmeticOperator, _ right: Int)
        throws(TemplateFault) -> Int?
    {
        let result: (partialValue: Int, overflow: Bool)
        switch operation {
        case .add: result = left.addingReportingOverflow(right)
        case .subtract: result = left.subtractingReportingOverflow(right)
        case .multiply: result = left.multipliedReportingOverflow(by: right)
        case .floorDivide, .remainder:
            if right == 0 { throw .divisionByZero }
            if right == -1 { return operation == .remainder ? 0 : nil }
            let rest = left % right
            let isBelow = rest != 0 && (rest < 0) != (right < 0)
            if operation == .remainder { return isBelow ? rest + right : rest }
            return left / right - (isBelow ? 1 : 0)
        case .divide, .power: return nil
        }
        return result.overflow ? nil : result.partialValue
    }

    private static func whole(
        _ left: BigInteger, _ operation: ArithmeticOperator, _ right: BigInteger, _ budget: Budget
    ) throws(TemplateFault) -> Value {
        switch operation {
        case .add, .subtract:
            try budget.reserve(integerBits: max(left.bitCount, right.bitCount) + 1)
            return Value(operation == .add ? left + right : left - right)
        case .multiply:
            try budget.reserve(integerBits: left.bitCount + right.bitCount)
            return Value(left * right)
        case .divide:
            if right.isZero { throw .divisionByZero }
            guard let quotient = left.divided(by: right) else {
                throw .value("the result is too large for a float", by: "/")
            }
            return .float(left.isZero && right.isNegative ? -0.0 : quotient)
        case .floorDivide, .remainder:
            if right.isZero { throw .divisionByZero }
            try budget.reserve(integerBits: max(left.bitCount, right.bitCount))
            let (quotient, remainder) = left.dividedDown(by: right)
            return Value(operation == .remainder ? remainder : quotient)
        case .power:
            if right.isNegative {
                guard let base = left.double, let exponent = right.double else {
                    throw .value("the integer is too large for a float", by: "**")
                }
                return try floating(base, .power, exponent)
            }
            // 0, 1 and -1 stay short whatever the exponent.
            if left.bitCount <= 1 {
                let odd = right.isOdd
                return right.isZero
                    ? .integer(1) : Value(left.isNegative && !odd ? -left : left)
            }
            guard let exponent = right.integer else {
                throw .limit(.integerBits(budget.limits.integerBits))
            }
            let (bits, overflow) = (left.bitCount - 1).multipliedReportingOverflow(by: exponent)
            try budget.reserve(integerBits: overflow ? Int.max : bits)
            return Value(left.raised(to: exponent))
        }
    }

    private static func floating(_ left: Double, _ operation: ArithmeticOperator, _ right: Double)
        throws(TemplateFault) -> Value
    {
        switch operation {
        case .add: return .float(left + right)
        case .subtract: return .float(left - right)
        case .multiply: return .float(left * right)
        case .divide:
            if right == 0 { throw .divisionByZero }
            return .float(left / right)
        case .floorDivide, .remainder:
            if right == 0 { throw .divisionByZero }
            let (quotient, remainder) = dividedDown(left, right)
            return .float(operation == .remainder ? remainder : quotient)
        case .power:
            if left == 0, right < 0 { throw .divisionByZero }
            if left < 0, right.isFinite, right != right.rounded() {
                throw .value("the result is a complex number", by: "**")
            }
            let result = pow(left, right)
            if result.isInfinite, left.isFinite, right.isFinite {
                throw .value("the result is too large", by: "**")
            }
            return .float(result)
        }
    }

    /// Python's `divmod` of floating-point numbers.
    private static func dividedDown(_ left: Double, _ right: Double)
        -> (quotient: Double, remainder: Double)
    {
        var remainder = fmod(left, right)
        var quotient = (left - remainder) / right
        if remainder != 0 {
            if (right < 0) != (remainder < 0) {
                remainder += right
                quotient -= 1
            }
        } else {
            remainder = right.sign == .minus ? -0.0 : 0.0
        }
        guard quotient != 0 else {
            return (left / right < 0 || (left / right).sign == .minus ? -0.0 : 0.0, remainder)
        }
        var whole = quotient.rounded(.down)
        if quotient - whole > 0.5 { whole += 1 }
        return (whole, remainder)
    }
}
