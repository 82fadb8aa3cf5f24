import Glibc

/// The moment that `strftime_now` shows: a date and time of day without zone.
public struct TemplateClock: Sendable, Equatable {
    /// The year, from 1 to 9999.
    public let year: Int
    /// The month, from 1.
    public let month: Int
    /// The day of the month, from 1.
    public let day: Int
    /// The hour, from 0 to 23.
    public let hour: Int
    /// The minute.
    public let minute: Int
    /// The second.
    public let second: Int

    /// Creates a moment; nil if there is no such date or time.
    public init?(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        guard (1...9999).contains(year), (1...12).contains(month), day >= 1,
            day <= Self.days(in: month, of: year), (0..<24).contains(hour),
            (0..<60).contains(minute), (0..<60).contains(second)
        else { return nil }
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
    }

    /// Reads `2024-07-26`, `2024-07-26T12:34` or `2024-07-26T12:34:56`; nil if it is none.
    public init?(_ text: String) {
        let parts = text.split(separator: "T", omittingEmptySubsequences: false)
        guard let date = parts.first, parts.count <= 2 else { return nil }
        let days = Self.numbers(date, separator: "-")
        let times = parts.count == 2 ? Self.numbers(parts[1], separator: ":") : [0, 0, 0]
        guard let days, days.count == 3, let times, times.count == 2 || times.count == 3 else {
            return nil
        }
        self.init(
            year: days[0], month: days[1], day: days[2], hour: times[0], minute: times[1],
            second: times.count == 3 ? times[2] : 0)
    }

    /// This moment, in the machine's time zone.
    public static var now: TemplateClock {
        var seconds = time(nil)
        var parts = unsafe tm()
        unsafe localtime_r(&seconds, &parts)
        let moment = unsafe TemplateClock(
            year: Int(parts.tm_year) + 1900, month: Int(parts.tm_mon) + 1, day: Int(parts.tm_mday),
            hour: Int(parts.tm_hour), minute: Int(parts.tm_min), second: min(59, Int(parts.tm_sec)))
        return moment ?? .epoch
    }

    private static let epoch = TemplateClock(unchecked: 1970)

    private init(unchecked year: Int) {
        (self.year, month, day, hour, minute, second) = (year, 1, 1, 0, 0, 0)
    }

    private static func numbers(_ text: Substring, separator: Character) -> [Int]? {
        var result: [Int] = []
        for part in text.split(separator: separator, omittingEmptySubsequences: false) {
            guard part.utf8.count <= 4, part.utf8.allSatisfy({ (48...57).contains($0) }),
                let number = Int(part)
            else { return nil }
            result.append(number)
        }
        return result
    }

    private static func isLeap(_ year: Int) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// The day of the year, from 1.
    var dayOfYear: Int { (1..<month).reduce(day) { $0 + Self.days(in: $1, of: year) } }

    /// The day of the week, Sunday is 0.
    var weekday: Int {
        let before = year - 1
        return (before + before / 4 - before / 100 + before / 400 + dayOfYear) % 7
    }

    /// The week's number and its year by ISO 8601.
    var isoWeek: (year: Int, week: Int) {
        let monday = (weekday + 6) % 7
        let week = (dayOfYear - monday + 9) / 7
        if week < 1 {
            let last = TemplateClock(unchecked: year - 1)
            return (year - 1, last.weeksInYear)
        }
        return week > weeksInYear ? (year + 1, 1) : (year, week)
    }

    /// 53 for a year that starts on Thursday, or on Wednesday if it is a leap year.
    private var weeksInYear: Int {
        let first = TemplateClock(unchecked: year).weekday
        return first == 4 || (first == 3 && Self.isLeap(year)) ? 53 : 52
    }
}
