import Glibc

/// Numbers as a person reads them.
public enum Humanized {
    /// A count with a comma every three digits: `1,234,567`.
    public static func count(_ value: Int) -> String {
        let digits = String(value.magnitude)
        var grouped = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { grouped += "," }
            grouped.append(digit)
        }
        return value < 0 ? "-" + grouped : grouped
    }

    /// A large count in three digits: `134 M`, `4.88 M`, `960`.
    public static func short(_ value: Int) -> String {
        scaled(Double(value), units: ["", " k", " M", " G", " T"], step: 1000)
    }

    /// A size in powers of 1024: `91.7 MiB`, `512 B`.
    public static func bytes(_ value: Int) -> String {
        scaled(Double(value), units: [" B", " KiB", " MiB", " GiB", " TiB", " PiB"], step: 1024)
    }

    /// A time in its two largest units: `1 h 05 min`, `2 min 07 s`, `8.4 s`, `12 ms`.
    public static func duration(seconds: Double) -> String {
        guard seconds.isFinite, abs(seconds) < 1e15 else { return "?" }
        if seconds < 0 { return "-" + duration(seconds: -seconds) }
        if seconds == 0 { return "0 s" }
        if seconds < 0.9995 { return "\(significant(seconds * 1000)) ms" }
        if seconds < 59.95 { return "\(fixed(seconds, 1)) s" }
        let whole = Int(seconds.rounded())
        if whole < 3600 { return "\(whole / 60) min \(padded(whole % 60)) s" }
        let minutes = Int((seconds / 60).rounded())
        if minutes < 24 * 60 { return "\(minutes / 60) h \(padded(minutes % 60)) min" }
        let hours = Int((seconds / 3600).rounded())
        return "\(hours / 24) d \(padded(hours % 24)) h"
    }

    /// A rate in its three leading digits: `0.00097`, `5e-06`.
    public static func rate(_ value: Double) -> String {
        guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
        var exponent = Int(log10(abs(value)).rounded(.down))
        if fixed(abs(value) / pow(10, Double(exponent)), 2) == "10.00" { exponent += 1 }
        if (-4...6).contains(exponent) { return trimmed(fixed(value, max(0, 2 - exponent))) }
        let leading = trimmed(fixed(value / pow(10, Double(exponent)), 2))
        let power = abs(exponent)
        return "\(leading)e\(exponent < 0 ? "-" : "+")\(padded(power))"
    }

    /// A number with so many digits after the point, 15 at most.
    public static func fixed(_ value: Double, _ digits: Int) -> String {
        let digits = max(0, min(digits, 15))
        let scaled = (abs(value) * pow(10, Double(digits))).rounded()
        guard scaled < 9e15 else { return "\(value)" }
        let shown = String(Int(scaled))
        let padding = String(repeating: "0", count: max(0, digits + 1 - shown.count))
        let all = padding + shown
        let sign = value < 0 && scaled > 0 ? "-" : ""
        return sign + (digits == 0 ? all : "\(all.dropLast(digits)).\(all.suffix(digits))")
    }

    /// Without zeros at the end of a fraction.
    private static func trimmed(_ number: String) -> String {
        guard number.contains(".") else { return number }
        var rest = Substring(number)
        while rest.last == "0" { rest.removeLast() }
        if rest.last == "." { rest.removeLast() }
        return String(rest)
    }

    /// Three digits, without exponent.
    private static func significant(_ value: Double) -> String {
        let magnitude = abs(value)
        return fixed(value, magnitude < 9.995 ? 2 : magnitude < 99.95 ? 1 : 0)
    }

    private static func scaled(_ value: Double, units: [String], step: Double) -> String {
        var value = value
        var unit = 0
        while abs(value) >= 999.5, unit < units.count - 1 {
            value /= step
            unit += 1
        }
        return (unit == 0 ? fixed(value, 0) : significant(value)) + units[unit]
    }

    private static func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
