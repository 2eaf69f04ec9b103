package import FoundationEssentials

/// Timestamps as the contract has them: RFC 3339 with milliseconds and `Z`.
package enum WireDate {
    /// For example `2026-01-01T00:00:00.123Z`.
    package static func string(_ date: Date) -> String {
        let milliseconds = Int((date.timeIntervalSince1970 * 1000).rounded())
        let (days, rest) = milliseconds.quotientAndRemainderFloored(by: 86_400_000)
        let (year, month, day) = civil(days)
        let seconds = rest / 1000
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T\(padded(seconds / 3600, 2)):"
            + "\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2)).\(padded(rest % 1000, 3))Z"
    }

    /// Reads `2026-01-01T00:00:00Z` with any fraction and any offset; nil for anything else.
    package static func date(_ text: String) -> Date? {
        var scanner = Scanner(text: text)
        guard let days = scanner.day(), scanner.skip("T") || scanner.skip("t") || scanner.skip(" "),
            let seconds = scanner.time(), let offset = scanner.offset(), scanner.isAtEnd
        else { return nil }
        return Date(timeIntervalSince1970: Double(days * 86_400 - offset) + seconds)
    }

    /// Reads `2026-01-01` as the midnight in UTC that begins the day; nil for anything else.
    package static func day(_ text: String) -> Date? {
        var scanner = Scanner(text: text)
        guard let days = scanner.day(), scanner.isAtEnd else { return nil }
        return Date(timeIntervalSince1970: Double(days * 86_400))
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    /// Days since 1970-01-01 to the proleptic Gregorian calendar (Howard Hinnant's algorithm).
    private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let (era, dayOfEra) = (days + 719_468).quotientAndRemainderFloored(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    /// The inverse of ``civil(_:)``; nil for a day that the month does not have.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int? {
        guard (1...12).contains(month), (1...31).contains(day) else { return nil }
        let (era, yearOfEra) = (month <= 2 ? year - 1 : year).quotientAndRemainderFloored(by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let result = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        return civil(result) == (year, month, day) ? result : nil
    }

    private struct Scanner {
        var rest: Substring.UTF8View
        init(text: String) { rest = text[...].utf8 }
        var isAtEnd: Bool { rest.isEmpty }

        mutating func skip(_ character: Character) -> Bool {
            guard let first = rest.first, first == character.asciiValue else { return false }
            rest.removeFirst()
            return true
        }

        mutating func digits(_ count: Int) -> Int? {
            guard rest.count >= count else { return nil }
            var value = 0
            for byte in rest.prefix(count) {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                value = value * 10 + Int(byte - UInt8(ascii: "0"))
            }
            rest.removeFirst(count)
            return value
        }

        mutating func day() -> Int? {
            guard let year = digits(4), skip("-"), let month = digits(2), skip("-"), let day = digits(2) else { return nil }
            return WireDate.days(year, month, day)
        }

        mutating func time() -> Double? {
            guard let hour = digits(2), hour < 24, skip(":"), let minute = digits(2), minute < 60, skip(":"),
                let second = digits(2), second <= 60
            else { return nil }
            var fraction = 0.0
            if skip(".") {
                var scale = 0.1
                var count = 0
                while let digit = digits(1) {
                    fraction += Double(digit) * scale
                    scale /= 10
                    count += 1
                }
                if count == 0 { return nil }
            }
            return Double(hour * 3600 + minute * 60 + second) + fraction
        }

        /// Seconds east of UTC.
        mutating func offset() -> Int? {
            if skip("Z") || skip("z") { return 0 }
            let sign = skip("+") ? 1 : skip("-") ? -1 : 0
            guard sign != 0, let hours = digits(2), hours < 24, skip(":"), let minutes = digits(2), minutes < 60 else { return nil }
            return sign * (hours * 3600 + minutes * 60)
        }
    }
}

extension Int {
    fileprivate func quotientAndRemainderFloored(by divisor: Int) -> (Int, Int) {
        let quotient = self >= 0 ? self / divisor : -((divisor - 1 - self) / divisor)
        return (quotient, self - quotient * divisor)
    }
}
