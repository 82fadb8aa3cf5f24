import Glibc

/// Numbers beside a chart: few digits, the field's signs for very large and very small ones.
enum ChartNumber {
    /// A value by itself, in four leading digits: `2.317`, `1,204`, `3.512 M`, `2.5e-4`.
    static func text(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-∞" : "∞" }
        guard value != 0 else { return "0" }
        let exponent = exponent(of: rounded(value, 4))
        switch exponent {
        case 15..., ..<(-3): return scientific(rounded(value, 4), digits: 3)
        case 6...:
            let unit = unit(for: value)
            let scaled = rounded(value, 4) / unit.size
            return trimmed(Humanized.fixed(scaled, 3 - Self.exponent(of: scaled))) + unit.sign
        case 3...: return Humanized.count(Int(value.rounded()))
        default: return trimmed(Humanized.fixed(value, 3 - exponent))
        }
    }

    /// Values along an axis, all with the same unit and as many digits as their distance asks for.
    static func labels(_ values: [Double], step: Double) -> [String] {
        let largest = values.map(\.magnitude).max() ?? 0
        guard largest > 0, step > 0 else { return values.map { _ in "0" } }
        if largest >= 1e15 || largest < 5e-3 {
            return values.map { value in
                let isZero = value.magnitude < step / 2
                let digits = isZero ? 0 : exponent(of: value) - exponent(of: step)
                return isZero ? "0" : scientific(value, digits: digits)
            }
        }
        let unit = largest >= 1e5 ? unit(for: largest) : (size: 1, sign: "")
        let digits = max(0, min(6, -exponent(of: step / unit.size)))
        return values.map { value in
            let isZero = value.magnitude < step / 2
            let scaled = isZero ? 0 : value / unit.size
            let number =
                digits == 0
                ? Humanized.count(Int(scaled.rounded())) : Humanized.fixed(scaled, digits)
            return isZero ? "0" : number + unit.sign
        }
    }

    private static func unit(for value: Double) -> (size: Double, sign: String) {
        switch value.magnitude {
        case 1e12...: (1e12, " T")
        case 1e9...: (1e9, " G")
        case 999_950...: (1e6, " M")
        default: (1e3, " k")
        }
    }

    /// The power of ten of the leading digit; a number that all but reaches the next power has it.
    static func exponent(of value: Double) -> Int {
        guard value.isFinite, value != 0 else { return 0 }
        return Int((log10(value.magnitude) + 1e-9).rounded(.down))
    }

    private static func scientific(_ value: Double, digits: Int) -> String {
        var exponent = exponent(of: value)
        // In two steps, since 10 to the power of -320 is hardly a number any more.
        var mantissa =
            value / pow(10, Double(exponent / 2)) / pow(10, Double(exponent - exponent / 2))
        let shown = Humanized.fixed(mantissa.magnitude, max(0, min(digits, 6)))
        if shown.hasPrefix("10") {
            exponent += 1
            mantissa /= 10
        }
        return trimmed(Humanized.fixed(mantissa, max(0, min(digits, 6)))) + "e\(exponent)"
    }

    /// A number of so many leading digits.
    static func rounded(_ value: Double, _ digits: Int) -> Double {
        let power = pow(10, Double(digits - 1 - exponent(of: value)))
        let result = (value * power).rounded() / power
        return result.isFinite && result != 0 ? result : value
    }

    /// Without zeros at the end of a fraction.
    private static func trimmed(_ number: String) -> String {
        guard number.contains(".") else { return number }
        var rest = Substring(number)
        while rest.last == "0" { rest.removeLast() }
        if rest.last == "." { rest.removeLast() }
        return String(rest)
    }
}
