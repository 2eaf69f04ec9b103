/// A point in the calendar as a caller wrote it: `2026-01-31`, `2026-01-31 12:00:00.5`, `2026-01-31T12:00Z`, `…+02:00`.
struct CivilTime {
    /// Of the written day, counted from 1970-01-01.
    var days: Int
    var hasTime = false
    /// Of the written time.
    var secondOfDay = 0
    /// Behind the decimal point, without zeros at the end, at most nine digits.
    var fraction = ""
    /// Seconds east of UTC; nil when no zone was written.
    var offset: Int?
    /// `2026-01-31`.
    var dateText: String

    /// Seconds since 1970 of the written time, the zone not counted.
    var localSeconds: Int { days * 86400 + secondOfDay }

    /// `2026-01-31 12:00:00.5`.
    var text: String { Self.text(seconds: localSeconds, fraction: fraction) }

    init(_ text: String) throws(ValueProblem) {
        var scanner = Scanner(bytes: text.utf8[...])
        guard let year = scanner.digits(4), scanner.next("-"), let month = scanner.digits(2), scanner.next("-"), let day = scanner.digits(2)
        else { throw ValueProblem(text, "is not a date like 2026-01-31") }
        guard (1...12).contains(month), day >= 1, day <= Self.length(ofMonth: month, year: year) else {
            throw ValueProblem(text, "is no day of the calendar")
        }
        days = Self.days(year, month, day)
        dateText = Self.padded(year, 4) + "-" + Self.padded(month, 2) + "-" + Self.padded(day, 2)
        if scanner.bytes.isEmpty { return }
        hasTime = true
        guard scanner.next("T") || scanner.next(" ") || scanner.next("t"), let hour = scanner.digits(2), scanner.next(":"),
            let minute = scanner.digits(2)
        else { throw Self.shape(text) }
        var second = 0
        if scanner.next(":") {
            guard let digits = scanner.digits(2) else { throw Self.shape(text) }
            second = digits
            if scanner.next(".") {
                guard let digits = scanner.fraction() else { throw Self.shape(text) }
                fraction = digits
            }
        }
        guard hour < 24, minute < 60, second < 60 else { throw ValueProblem(text, "is no time of the day") }
        secondOfDay = hour * 3600 + minute * 60 + second
        _ = scanner.next(" ")
        guard let offset = scanner.offset() else { throw Self.shape(text) }
        self.offset = offset.seconds
        guard scanner.bytes.isEmpty else { throw Self.shape(text) }
        guard fraction.utf8.count <= 9 else { throw ValueProblem(text, "has more than nine digits behind the seconds") }
    }

    private static func shape(_ text: String) -> ValueProblem {
        ValueProblem(text, "is not a time like 2026-01-31 12:00:00, 2026-01-31T12:00:00Z or 2026-01-31T14:00:00+02:00")
    }

    // MARK: Calendar

    static func length(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01 in the Gregorian calendar.
    static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// `2026-01-31 12:00:00.5` of seconds since 1970 in UTC.
    static func text(seconds: Int, fraction: String) -> String {
        let days = (seconds >= 0 ? seconds : seconds - 86399) / 86400
        let rest = seconds - days * 86400
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(dayOfYear - (153 * monthIndex + 2) / 5 + 1, 2) + " "
            + padded(rest / 3600, 2) + ":" + padded(rest / 60 % 60, 2) + ":" + padded(rest % 60, 2)
            + (fraction.isEmpty ? "" : "." + fraction)
    }

    static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}

extension CivilTime {
    private struct Scanner {
        var bytes: Substring.UTF8View

        mutating func next(_ mark: Unicode.Scalar) -> Bool {
            guard bytes.first == UInt8(ascii: mark) else { return false }
            bytes.removeFirst()
            return true
        }

        mutating func digits(_ count: Int) -> Int? {
            var value = 0
            for _ in 0..<count {
                guard let byte = bytes.first, (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int(byte - 0x30)
                bytes.removeFirst()
            }
            return value
        }

        /// The digits that follow, without zeros at the end; nil when there is none.
        mutating func fraction() -> String? {
            var digits: [UInt8] = []
            let before = bytes.count
            while let byte = bytes.first, (0x30...0x39).contains(byte) {
                digits.append(byte)
                bytes.removeFirst()
            }
            guard bytes.count < before else { return nil }
            while digits.last == 0x30 { digits.removeLast() }
            return String(decoding: digits, as: UTF8.self)
        }

        /// `Z`, `+02:00`, `+0200`, `+02`; no seconds for the end of the text, nil for anything else.
        mutating func offset() -> (seconds: Int?, Void)? {
            if bytes.isEmpty { return (nil, ()) }
            if next("Z") || next("z") { return (0, ()) }
            let isWest = bytes.first == UInt8(ascii: "-")
            guard next("+") || next("-"), let hours = digits(2) else { return nil }
            _ = next(":")
            let minutes = bytes.isEmpty ? 0 : digits(2)
            guard let minutes, hours <= 15, minutes < 60 else { return nil }
            return ((hours * 3600 + minutes * 60) * (isWest ? -1 : 1), ())
        }
    }
}
