/// Exact decimal digits of binary floating-point numbers.
enum DecimalDigits {
    /// The number with a fixed count of decimals, the exact value rounded half to even.
    static func fixed(_ value: Double, decimals: Int) -> String {
        let (negative, digits) = scaled(value, by: decimals)
        var text = digits.digits()
        if decimals > 0 {
            if text.utf8.count <= decimals {
                text = String(repeating: "0", count: decimals + 1 - text.utf8.count) + text
            }
            text = "\(text.dropLast(decimals)).\(text.suffix(decimals))"
        }
        return (negative ? "-" : "") + text
    }

    /// The leading digits, rounded half to even, and the exponent of the first one.
    static func leading(_ value: Double, count: Int) -> (digits: String, exponent: Int) {
        guard value != 0 else { return (String(repeating: "0", count: count), 0) }
        // The estimate may be one too small or large; the count of digits tells.
        var exponent = Int(logarithm(value.magnitude).rounded(.down))
        while true {
            let text = scaled(value, by: count - 1 - exponent).digits.digits()
            if text.utf8.count == count { return (text, exponent) }
            exponent += text.utf8.count > count ? 1 : -1
        }
    }

    /// Python's `repr`: the shortest digits that read back as the same number.
    static func shortest(_ value: Double) -> String {
        if value.isNaN { return "nan" }
        if value.isInfinite { return value < 0 ? "-inf" : "inf" }
        let sign = value.sign == .minus ? "-" : ""
        let (digits, exponent) = shortestDigits(value.magnitude)
        if exponent < -4 || exponent >= 16 {
            let rest = digits.dropFirst()
            let mark = exponent < 0 ? "-" : "+"
            let size = String(exponent.magnitude)
            let power = size.utf8.count < 2 ? "0" + size : size
            return "\(sign)\(digits.prefix(1))\(rest.isEmpty ? "" : ".")\(rest)e\(mark)\(power)"
        }
        if exponent < 0 {
            return "\(sign)0.\(String(repeating: "0", count: -exponent - 1))\(digits)"
        }
        let whole = digits.prefix(exponent + 1)
        let padding = String(repeating: "0", count: max(0, exponent + 1 - digits.utf8.count))
        let fraction = digits.dropFirst(exponent + 1)
        return "\(sign)\(whole)\(padding).\(fraction.isEmpty ? "0" : fraction)"
    }

    /// Digits without trailing zeros and the exponent of the first, from Swift's description.
    private static func shortestDigits(_ value: Double) -> (digits: String, exponent: Int) {
        var digits: [UInt8] = []
        var power = 0
        var pointAt: Int?
        let parts = "\(value)".split(separator: "e")
        for byte in (parts.first ?? "0").utf8 {
            if byte == UInt8(ascii: ".") { pointAt = digits.count } else { digits.append(byte) }
        }
        if parts.count > 1 { power = Int(parts[1]) ?? 0 }
        let whole = pointAt ?? digits.count
        let leadingZeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
        if leadingZeros == digits.count { return ("0", 0) }
        digits.removeFirst(leadingZeros)
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return (String(decoding: digits, as: UTF8.self), whole - leadingZeros - 1 + power)
    }

    /// `round(value · 10^places)` of the exact value, ties to even.
    private static func scaled(_ value: Double, by places: Int)
        -> (negative: Bool, digits: BigInteger)
    {
        let size = value.magnitude
        guard size != 0 else { return (value.sign == .minus, BigInteger(0)) }
        // size = mantissa · 2^shift
        let isNormal = size.isNormal
        let mantissa = Int(size.significandBitPattern) | (isNormal ? 1 << 52 : 0)
        let shift = isNormal ? Int(size.exponent) - 52 : -1074
        var numerator = BigInteger(mantissa)
        var denominator = BigInteger(1)
        if shift >= 0 {
            numerator = numerator.shiftedLeft(shift)
        } else {
            denominator = denominator.shiftedLeft(-shift)
        }
        let power = BigInteger(10).raised(to: abs(places))
        if places >= 0 { numerator = numerator * power } else { denominator = denominator * power }
        var (quotient, remainder) = numerator.dividedDown(by: denominator)
        let twice = remainder.shiftedLeft(1)
        if denominator < twice || (twice == denominator && quotient.isOdd) {
            quotient = quotient + BigInteger(1)
        }
        return (value.sign == .minus, quotient)
    }

    /// An estimate of the decimal logarithm, within one of the truth.
    private static func logarithm(_ value: Double) -> Double {
        let isNormal = value.isNormal
        let exponent = isNormal ? Double(value.exponent) : -1074
        return exponent * 0.301029995663981195
    }
}
