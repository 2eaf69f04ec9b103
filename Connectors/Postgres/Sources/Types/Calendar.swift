/// Days and microseconds since 1970 as ClickHouse's Date32 and DateTime64(6) take them.
enum Calendar {
    /// Days from 1970 to 2000, where Postgres counts from.
    static let postgresEpochDays: Int64 = 10957
    static let microsecondsPerDay: Int64 = 86_400_000_000
    /// 1900-01-01 and 2299-12-31: the range of Date32 and DateTime64.
    static let firstDay: Int64 = -25567
    static let lastDay: Int64 = 120_529

    /// Days since 1970 of a day of the proleptic Gregorian calendar (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// A day out of range becomes the nearest in range.
    static func clamped(days: Int64) -> Int32 { Int32(truncatingIfNeeded: min(max(days, firstDay), lastDay)) }

    /// A moment out of range keeps its time of day on the nearest day in range.
    static func clamped(microseconds: Int64) -> Int64 {
        let day = microseconds.quotient(by: microsecondsPerDay)
        if day >= firstDay, day <= lastDay { return microseconds }
        return (day < firstDay ? firstDay : lastDay) * microsecondsPerDay + (microseconds - day * microsecondsPerDay)
    }

    static let firstMoment = firstDay * microsecondsPerDay
    static let lastMoment = (lastDay + 1) * microsecondsPerDay - 1
}

extension Int64 {
    /// Rounded down.
    fileprivate func quotient(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

/// Reads what Postgres writes with DateStyle ISO.
struct CalendarText {
    private var rest: Slice<UnsafeRawBufferPointer>

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes[...] }

    private mutating func number() throws(WireError) -> Int64 {
        var value: Int64 = 0
        var digits = 0
        while let byte = rest.first, byte >= 0x30, byte <= 0x39, digits < 9 {
            value = value * 10 + Int64(byte - 0x30)
            digits += 1
            rest.removeFirst()
        }
        guard digits > 0 else { throw WireError("is not a date or time") }
        return value
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard let first = rest.first, first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(WireError) {
        if !take(character) { throw WireError("is not a date or time") }
    }

    /// `+1` or `-1` for the infinities.
    private var infinity: Int? {
        if rest.elementsEqual("infinity".utf8) { return 1 }
        if rest.elementsEqual("-infinity".utf8) { return -1 }
        return nil
    }

    private var isBeforeChrist: Bool { rest.count >= 3 && rest.suffix(3).elementsEqual(" BC".utf8) }

    private mutating func day(beforeChrist: Bool) throws(WireError) -> Int64 {
        let year = try number()
        try expect("-")
        let month = try number()
        try expect("-")
        return Calendar.days(year: beforeChrist ? 1 - year : year, month: month, day: try number())
    }

    private mutating func timeOfDay() throws(WireError) -> Int64 {
        let hours = try number()
        try expect(":")
        let minutes = try number()
        try expect(":")
        var microseconds = ((hours * 60 + minutes) * 60 + (try number())) * 1_000_000
        if take(".") {
            var unit: Int64 = 100_000
            while let byte = rest.first, byte >= 0x30, byte <= 0x39 {
                microseconds += Int64(byte - 0x30) * unit
                unit /= 10
                rest.removeFirst()
            }
        }
        return microseconds
    }

    /// Seconds east of Greenwich: `+02`, `-03:30`, `+01:02:03`.
    private mutating func zone() throws(WireError) -> Int64 {
        let isWest = rest.first == UInt8(ascii: "-")
        guard take("+") || take("-") else { return 0 }
        var seconds = try number() * 3600
        if take(":") {
            seconds += try number() * 60
            if take(":") { seconds += try number() }
        }
        return isWest ? -seconds : seconds
    }

    mutating func date() throws(WireError) -> Int32 {
        if let infinity { return Int32(infinity > 0 ? Calendar.lastDay : Calendar.firstDay) }
        return Calendar.clamped(days: try day(beforeChrist: isBeforeChrist))
    }

    mutating func timestamp() throws(WireError) -> Int64 {
        if let infinity { return infinity > 0 ? Calendar.lastMoment : Calendar.firstMoment }
        let day = try day(beforeChrist: isBeforeChrist)
        try expect(" ")
        let time = try timeOfDay()
        return Calendar.clamped(microseconds: day * Calendar.microsecondsPerDay + time - (try zone()) * 1_000_000)
    }

    /// Microseconds since midnight, in UTC where there is a zone.
    mutating func time(withZone: Bool) throws(WireError) -> Int64 {
        let time = try timeOfDay()
        return withZone ? Self.inUTC(time, west: -(try zone())) : time
    }

    static func inUTC(_ time: Int64, west seconds: Int64) -> Int64 {
        let moved = (time + seconds * 1_000_000) % Calendar.microsecondsPerDay
        return moved < 0 ? moved + Calendar.microsecondsPerDay : moved
    }
}
