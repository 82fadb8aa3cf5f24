extension TemplateClock {
    private static let days = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ]

    /// `strftime` with English names; directives it does not know stay as they are.
    func formatted(_ format: String) -> String {
        var result = ""
        var rest = Array(format.unicodeScalars)[...]
        while let scalar = rest.popFirst() {
            guard scalar == "%", let first = rest.first else {
                result.unicodeScalars.append(scalar)
                continue
            }
            // glibc's flags: no padding, spaces, zeros, upper case.
            let flag: Unicode.Scalar? = "-_0^".unicodeScalars.contains(first) ? first : nil
            let directive = flag == nil ? first : rest.dropFirst().first
            guard let directive, let text = field(directive, flag) else {
                result.unicodeScalars.append(scalar)
                continue
            }
            rest = rest.dropFirst(flag == nil ? 1 : 2)
            result += flag == "^" ? text.uppercased() : text
        }
        return result
    }

    private func field(_ directive: Unicode.Scalar, _ flag: Unicode.Scalar?) -> String? {
        func number(_ value: Int, _ width: Int = 2, padding: Unicode.Scalar = "0") -> String {
            let text = String(value)
            let used: Unicode.Scalar = flag == "_" ? " " : flag == "0" ? "0" : padding
            if flag == "-" { return text }
            return String(repeating: String(used), count: max(0, width - text.utf8.count)) + text
        }
        let hour12 = (hour + 11) % 12 + 1
        switch directive {
        case "a": return String(Self.days[weekday].prefix(3))
        case "A": return Self.days[weekday]
        case "b", "h": return String(Self.months[month - 1].prefix(3))
        case "B": return Self.months[month - 1]
        case "c": return formatted("%a %b %e %H:%M:%S %Y")
        case "C": return number(year / 100)
        case "d": return number(day)
        case "D", "x": return formatted("%m/%d/%y")
        case "e": return number(day, padding: " ")
        case "f": return "000000"
        case "F": return formatted("%Y-%m-%d")
        case "g": return number(isoWeek.year % 100)
        case "G": return String(isoWeek.year)
        case "H": return number(hour)
        case "I": return number(hour12)
        case "j": return number(dayOfYear, 3)
        case "k": return number(hour, padding: " ")
        case "l": return number(hour12, padding: " ")
        case "m": return number(month)
        case "M": return number(minute)
        case "n": return "\n"
        case "p": return hour < 12 ? "AM" : "PM"
        case "P": return hour < 12 ? "am" : "pm"
        case "r": return formatted("%I:%M:%S %p")
        case "R": return formatted("%H:%M")
        case "S": return number(second)
        case "t": return "\t"
        case "T", "X": return formatted("%H:%M:%S")
        case "u": return String((weekday + 6) % 7 + 1)
        case "U": return number((dayOfYear + 6 - weekday) / 7)
        case "V": return number(isoWeek.week)
        case "w": return String(weekday)
        case "W": return number((dayOfYear + 6 - (weekday + 6) % 7) / 7)
        case "y": return number(year % 100)
        case "Y": return String(year)
        case "z", "Z": return ""
        case "%": return "%"
        default: return nil
        }
    }
}
