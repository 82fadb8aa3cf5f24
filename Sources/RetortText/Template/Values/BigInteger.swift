/// A whole number of any size, for the few that do not fit 64 bits.
///
/// Sign and magnitude in 32-bit words, least first; products are schoolbook (the limits keep
/// numbers short), division is Knuth's algorithm D.
struct BigInteger: Sendable, Equatable {
    private(set) var isNegative: Bool
    /// Without leading zero words; empty is zero.
    private(set) var words: [UInt32]

    init(isNegative: Bool, words: [UInt32]) {
        self.words = words
        while self.words.last == 0 { self.words.removeLast() }
        self.isNegative = isNegative && !self.words.isEmpty
    }

    init(_ value: Int) {
        let size = value.magnitude
        self.init(
            isNegative: value < 0,
            words: [UInt32(truncatingIfNeeded: size), UInt32(truncatingIfNeeded: size >> 32)])
    }

    /// The whole part of a finite number.
    init?(_ value: Double) {
        guard value.isFinite else { return nil }
        let whole = value.rounded(.towardZero)
        guard whole != 0 else {
            self.init(0)
            return
        }
        let mantissa = BigInteger(Int(whole.significandBitPattern | 1 << 52))
        let shift = Int(whole.exponent) - 52
        let size = shift >= 0 ? mantissa.shiftedLeft(shift) : mantissa.shiftedRight(-shift)
        self.init(isNegative: value < 0, words: size.words)
    }

    /// Digits without sign.
    init?(_ digits: String, radix: Int) {
        var words: [UInt32] = []
        for digit in digits.utf8 {
            guard let value = Character(Unicode.Scalar(digit)).hexDigitValue, value < radix else {
                return nil
            }
            Self.multiply(&words, by: UInt32(radix), adding: UInt32(value))
        }
        self.init(isNegative: false, words: words)
    }

    /// The value, if it fits.
    var integer: Int? {
        guard words.count <= 2 else { return nil }
        let low = UInt(words.first ?? 0)
        let size = low | (words.count > 1 ? UInt(words[1]) << 32 : 0)
        if isNegative {
            return size <= Int.min.magnitude ? Int(truncatingIfNeeded: 0 &- size) : nil
        }
        return Int(exactly: size)
    }

    var isZero: Bool { words.isEmpty }
    var bitCount: Int { words.count * 32 - (words.last?.leadingZeroBitCount ?? 0) }
    var isOdd: Bool { (words.first ?? 0) & 1 == 1 }

    /// The nearest double, ties to even; nil if it is too large.
    var double: Double? {
        let excess = max(0, bitCount - 64)
        let top = excess > 0 ? magnitude.shiftedRight(excess) : magnitude
        var bits = UInt64(top.words.first ?? 0)
        if top.words.count > 1 { bits |= UInt64(top.words[1]) << 32 }
        // What was cut only matters for ties: keep it as a sticky bit.
        if excess > 0, top.shiftedLeft(excess) != magnitude { bits |= 1 }
        let value = Double(sign: .plus, exponent: excess, significand: Double(bits))
        return value.isFinite ? (isNegative ? -value : value) : nil
    }

    var magnitude: BigInteger { BigInteger(isNegative: false, words: words) }

    static prefix func - (value: Self) -> Self {
        Self(isNegative: !value.isNegative, words: value.words)
    }

    static func + (left: Self, right: Self) -> Self {
        if left.isNegative == right.isNegative {
            return Self(isNegative: left.isNegative, words: sum(left.words, right.words))
        }
        if compare(left.words, right.words) >= 0 {
            return Self(isNegative: left.isNegative, words: difference(left.words, right.words))
        }
        return Self(isNegative: right.isNegative, words: difference(right.words, left.words))
    }

    static func - (left: Self, right: Self) -> Self { left + -right }

    static func * (left: Self, right: Self) -> Self {
        var words = [UInt32](repeating: 0, count: left.words.count + right.words.count)
        for (i, a) in left.words.enumerated() {
            var carry: UInt64 = 0
            for (j, b) in right.words.enumerated() {
                let value = UInt64(a) * UInt64(b) + UInt64(words[i + j]) + carry
                words[i + j] = UInt32(truncatingIfNeeded: value)
                carry = value >> 32
            }
            words[i + right.words.count] = UInt32(carry)
        }
        return Self(isNegative: left.isNegative != right.isNegative, words: words)
    }

    /// Quotient rounded down and remainder with the divisor's sign, as in Python.
    ///
    /// - Precondition: `divisor` is not zero.
    func dividedDown(by divisor: Self) -> (quotient: Self, remainder: Self) {
        let (size, rest) = Self.divide(words, by: divisor.words)
        var quotient = Self(isNegative: isNegative != divisor.isNegative, words: size)
        var remainder = Self(isNegative: isNegative, words: rest)
        if !remainder.isZero, isNegative != divisor.isNegative {
            quotient = quotient - BigInteger(1)
            remainder = remainder + divisor
        }
        return (quotient, remainder)
    }

    /// The nearest double to the quotient; nil if it is too large.
    ///
    /// - Precondition: `divisor` is not zero.
    func divided(by divisor: Self) -> Double? {
        // 66 bits of quotient and a sticky bit for the rest round correctly.
        let shift = max(0, 66 - (bitCount - divisor.bitCount))
        let (size, rest) = Self.divide(shiftedLeft(shift).words, by: divisor.words)
        var quotient = Self(isNegative: isNegative != divisor.isNegative, words: size)
        quotient = quotient.shiftedLeft(1)
        if !rest.isEmpty, rest.contains(where: { $0 != 0 }), !quotient.isZero {
            quotient.words[0] |= 1
        }
        guard let value = quotient.double else { return nil }
        return Double(sign: .plus, exponent: -shift - 1, significand: value)
    }

    func shiftedLeft(_ count: Int) -> Self {
        var result = [UInt32](repeating: 0, count: count / 32)
        let bits = UInt64(count % 32)
        var carry: UInt64 = 0
        for word in words {
            let value = UInt64(word) << bits | carry
            result.append(UInt32(truncatingIfNeeded: value))
            carry = value >> 32
        }
        result.append(UInt32(carry))
        return Self(isNegative: isNegative, words: result)
    }

    /// The magnitude shifted, rounded towards zero.
    func shiftedRight(_ count: Int) -> Self {
        guard count / 32 < words.count else { return BigInteger(0) }
        let bits = UInt64(count % 32)
        var result = Array(words[(count / 32)...])
        for index in result.indices {
            let high = index + 1 < result.count ? UInt64(result[index + 1]) << 32 : 0
            result[index] = UInt32(truncatingIfNeeded: (high | UInt64(result[index])) >> bits)
        }
        return Self(isNegative: isNegative, words: result)
    }

    func raised(to exponent: Int) -> Self {
        var result = BigInteger(1)
        var factor = self
        var rest = exponent
        while rest > 0 {
            if rest & 1 == 1 { result = result * factor }
            rest >>= 1
            if rest > 0 { factor = factor * factor }
        }
        return result
    }

    /// Digits in a radix from 2 to 36, with a sign.
    func digits(radix: Int = 10) -> String {
        // The highest power of the radix that fits a word gives several digits at once.
        var (group, width) = (UInt32(radix), 1)
        while UInt64(group) * UInt64(radix) <= UInt64(UInt32.max) {
            group *= UInt32(radix)
            width += 1
        }
        var pieces: [String] = []
        var rest = words
        while !rest.isEmpty {
            let remainder = Self.divide(&rest, by: group)
            let text = String(remainder, radix: radix)
            let isLast = rest.isEmpty
            pieces.append(
                isLast ? text : String(repeating: "0", count: width - text.utf8.count) + text)
        }
        if pieces.isEmpty { return "0" }
        return (isNegative ? "-" : "") + pieces.reversed().joined()
    }

    static func < (left: Self, right: Self) -> Bool {
        if left.isNegative != right.isNegative { return left.isNegative }
        let order = compare(left.words, right.words)
        return left.isNegative ? order > 0 : order < 0
    }

    // MARK: Magnitudes

    private static func compare(_ left: [UInt32], _ right: [UInt32]) -> Int {
        if left.count != right.count { return left.count < right.count ? -1 : 1 }
        for index in left.indices.reversed() where left[index] != right[index] {
            return left[index] < right[index] ? -1 : 1
        }
        return 0
    }

    private static func sum(_ left: [UInt32], _ right: [UInt32]) -> [UInt32] {
        var result: [UInt32] = []
        var carry: UInt64 = 0
        for index in 0..<max(left.count, right.count) {
            let a = index < left.count ? UInt64(left[index]) : 0
            let b = index < right.count ? UInt64(right[index]) : 0
            result.append(UInt32(truncatingIfNeeded: a + b + carry))
            carry = (a + b + carry) >> 32
        }
        result.append(UInt32(carry))
        return result
    }

    /// `left - right`, where left is not the smaller one.
    private static func difference(_ left: [UInt32], _ right: [UInt32]) -> [UInt32] {
        var result = left
        var borrow: Int64 = 0
        for index in left.indices {
            let b = index < right.count ? Int64(right[index]) : 0
            let value = Int64(left[index]) - b - borrow
            result[index] = UInt32(truncatingIfNeeded: value)
            borrow = value < 0 ? 1 : 0
        }
        return result
    }

    private static func multiply(_ words: inout [UInt32], by factor: UInt32, adding: UInt32) {
        var carry = UInt64(adding)
        for index in words.indices {
            let value = UInt64(words[index]) * UInt64(factor) + carry
            words[index] = UInt32(truncatingIfNeeded: value)
            carry = value >> 32
        }
        if carry > 0 { words.append(UInt32(carry)) }
    }

    private static func divide(_ words: inout [UInt32], by divisor: UInt32) -> UInt32 {
        var remainder: UInt64 = 0
        for index in words.indices.reversed() {
            let value = remainder << 32 | UInt64(words[index])
            words[index] = UInt32(value / UInt64(divisor))
            remainder = value % UInt64(divisor)
        }
        while words.last == 0 { words.removeLast() }
        return UInt32(remainder)
    }

    private static func divide(_ dividend: [UInt32], by divisor: [UInt32])
        -> (quotient: [UInt32], remainder: [UInt32])
    {
        if compare(dividend, divisor) < 0 { return ([], dividend) }
        if divisor.count == 1 {
            var quotient = dividend
            let remainder = divide(&quotient, by: divisor[0])
            return (quotient, [remainder])
        }
        // Normalize: the divisor's highest bit is set.
        let shift = divisor[divisor.count - 1].leadingZeroBitCount
        let v = BigInteger(isNegative: false, words: divisor).shiftedLeft(shift).words
        var u = BigInteger(isNegative: false, words: dividend).shiftedLeft(shift).words
        while u.count <= dividend.count { u.append(0) }
        let n = v.count
        var quotient = [UInt32](repeating: 0, count: u.count - n)
        for j in quotient.indices.reversed() {
            let top = UInt64(u[j + n]) << 32 | UInt64(u[j + n - 1])
            var guess = top / UInt64(v[n - 1])
            var rest = top % UInt64(v[n - 1])
            while guess >> 32 != 0 || guess * UInt64(v[n - 2]) > rest << 32 | UInt64(u[j + n - 2]) {
                guess -= 1
                rest += UInt64(v[n - 1])
                if rest >> 32 != 0 { break }
            }
            quotient[j] = subtract(v, times: guess, from: &u, at: j)
        }
        let remainder = BigInteger(isNegative: false, words: Array(u[..<n])).shiftedRight(shift)
        return (quotient, remainder.words)
    }

    /// Subtracts `guess · v` at an offset; gives the guess, one less if it was too large.
    private static func subtract(
        _ v: [UInt32], times guess: UInt64, from u: inout [UInt32], at offset: Int
    ) -> UInt32 {
        var borrow: Int64 = 0
        var carry: UInt64 = 0
        for index in v.indices {
            let product = guess * UInt64(v[index]) + carry
            carry = product >> 32
            let value = Int64(u[offset + index]) - borrow - Int64(product & 0xffff_ffff)
            u[offset + index] = UInt32(truncatingIfNeeded: value)
            borrow = value < 0 ? 1 : 0
        }
        let value = Int64(u[offset + v.count]) - borrow - Int64(carry)
        u[offset + v.count] = UInt32(truncatingIfNeeded: value)
        guard value < 0 else { return UInt32(guess) }
        var back: UInt64 = 0
        for index in v.indices {
            let sum = UInt64(u[offset + index]) + UInt64(v[index]) + back
            u[offset + index] = UInt32(truncatingIfNeeded: sum)
            back = sum >> 32
        }
        u[offset + v.count] &+= UInt32(back)
        return UInt32(guess - 1)
    }
}
