/// Dates and times in the forms that ClickHouse reads without guessing (tried on 25.8).
///
/// An instant with a zone is sent as seconds since 1970 with ten digits, which ClickHouse takes in any zone; a shorter number it would take
/// for a year. A time without a zone is sent as it is and means the zone of the parameter, or the server's if that names none. ClickHouse
/// clamps or wraps at the ends of a type's range, so times so near to an end that the zone decides are refused.
enum TimeText {
    /// More than any zone is away from UTC.
    private static let margin = 16 * 3600
    private static let lastSecond32 = 4_294_967_295
    /// 1900-01-01 00:00:00 and 2299-12-31 23:59:59.
    private static let firstSecond64 = -2_208_988_800
    private static let lastSecond64 = 10_413_791_999
    /// With nine digits a DateTime64 ends at 2262-04-11 23:47:16.854775807.
    private static let lastNanosecondSecond = 9_223_372_036
    private static let lastNanosecondFraction = "854775807"

    static func date(_ text: String) throws(ValueProblem) -> String { try date(text, 0...65535, "1970-01-01 to 2149-06-06") }

    static func date32(_ text: String) throws(ValueProblem) -> String { try date(text, -25567...120_529, "1900-01-01 to 2299-12-31") }

    private static func date(_ text: String, _ range: ClosedRange<Int>, _ shown: String) throws(ValueProblem) -> String {
        let time = try CivilTime(text)
        guard !time.hasTime else { throw ValueProblem(text, "has a time; a date is just 2026-01-31") }
        guard range.contains(time.days) else { throw ValueProblem(text, "is out of range, \(shown)") }
        return time.dateText
    }

    // MARK: DateTime

    static func dateTime(_ text: String, zone: String?) throws(ValueProblem) -> String {
        if let seconds = epochSeconds(text) { return try dateTime(seconds: seconds, text) }
        let time = try CivilTime(text)
        guard time.fraction.isEmpty else { throw ValueProblem(text, "has a fraction of a second; DateTime has none, DateTime64 has") }
        if let offset = time.offset { return try dateTime(seconds: time.localSeconds - offset, text) }
        let lowest = zone == nil || isUTC(zone) ? 0 : margin
        let highest = isUTC(zone) ? lastSecond32 : lastSecond32 - margin
        try check(time.localSeconds, lowest...highest, 0...lastSecond32, text, "1970-01-01 00:00:00 to 2106-02-07 06:28:15 UTC")
        return time.text
    }

    static func dateTime(seconds: Int, _ text: String) throws(ValueProblem) -> String {
        guard (0...lastSecond32).contains(seconds) else {
            throw ValueProblem(text, "is out of range, 1970-01-01 00:00:00 to 2106-02-07 06:28:15 UTC")
        }
        return CivilTime.padded(seconds, 10)
    }

    /// Nine or ten digits; fewer could as well be a year or a day.
    private static func epochSeconds(_ text: String) -> Int? {
        guard (9...10).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text)
    }

    // MARK: DateTime64

    static func dateTime64(_ text: String, precision: Int, zone: String?) throws(ValueProblem) -> String {
        if let instant = epochInstant(text) {
            return try dateTime64(instant.seconds, instant.fraction, instant.isNegative, precision, zone, text)
        }
        let time = try CivilTime(text)
        try checkPrecision(time.fraction, precision, text)
        if let offset = time.offset { return try instant(time.localSeconds - offset, time.fraction, precision, zone, text) }
        try check(time.localSeconds, firstSecond64...lastSecond64, firstSecond64...lastSecond64, text, "1900-01-01 to 2299-12-31")
        try checkNanoseconds(time.localSeconds + (isUTC(zone) ? 0 : margin), time.fraction, precision, text)
        return time.text
    }

    /// - Parameter seconds: rounded down; the fraction is added to them.
    private static func instant(_ seconds: Int, _ fraction: String, _ precision: Int, _ zone: String?, _ text: String)
        throws(ValueProblem) -> String
    {
        let lowest = isUTC(zone) || zone == nil ? firstSecond64 : firstSecond64 + margin
        let highest = isUTC(zone) || zone == nil ? lastSecond64 : lastSecond64 - margin
        try check(seconds, lowest...highest, firstSecond64...lastSecond64, text, "1900-01-01 to 2299-12-31")
        try checkNanoseconds(seconds, fraction, precision, text)
        if isUTC(zone) { return CivilTime.text(seconds: seconds, fraction: fraction) }
        if seconds >= 0 { return CivilTime.padded(seconds, 10) + (fraction.isEmpty ? "" : "." + fraction) }
        if fraction.isEmpty { return "-" + CivilTime.padded(-seconds, 10) }
        // -1.25 is -2 + 0.75. ClickHouse loses the sign of -0.25.
        guard seconds < -1 else {
            throw ValueProblem(text, "lies in the last second before 1970, which ClickHouse cannot read with a zone; write it without")
        }
        return "-" + CivilTime.padded(-seconds - 1, 10) + "." + complement(fraction)
    }

    /// From the number of seconds `±seconds.fraction`.
    static func dateTime64(
        _ seconds: Int, _ fraction: String, _ isNegative: Bool, _ precision: Int, _ zone: String?, _ text: String
    ) throws(ValueProblem) -> String {
        try checkPrecision(fraction, precision, text)
        guard isNegative else { return try instant(seconds, fraction, precision, zone, text) }
        if fraction.isEmpty { return try instant(-seconds, "", precision, zone, text) }
        return try instant(-seconds - 1, complement(fraction), precision, zone, text)
    }

    /// 1 − 0.fraction, as digits.
    private static func complement(_ fraction: String) -> String {
        var digits = fraction.utf8.map { 0x39 - $0 + 0x30 }
        // The last digit is never zero, so the carry ends there.
        if let last = digits.popLast() { digits.append(last + 1) }
        return String(decoding: digits, as: UTF8.self)
    }

    /// `1767225600`, `-1767225600.25`: nine to eleven digits before the point.
    private static func epochInstant(_ text: String) -> (seconds: Int, fraction: String, isNegative: Bool)? {
        let isNegative = text.utf8.first == UInt8(ascii: "-")
        let parts = text.utf8.dropFirst(isNegative ? 1 : 0).split(
            separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, (9...11).contains(whole.count), whole.allSatisfy({ (0x30...0x39).contains($0) }),
            let seconds = String(whole).flatMap({ Int($0) })
        else { return nil }
        guard parts.count == 2 else { return (seconds, "", isNegative) }
        guard !parts[1].isEmpty, parts[1].allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        var digits = parts[1]
        while digits.last == 0x30 { digits.removeLast() }
        return (seconds, String(digits) ?? "", isNegative)
    }

    private static func checkPrecision(_ fraction: String, _ precision: Int, _ text: String) throws(ValueProblem) {
        guard fraction.utf8.count <= precision else {
            throw ValueProblem(text, "has more than \(precision) digits behind the seconds")
        }
    }

    private static func checkNanoseconds(_ seconds: Int, _ fraction: String, _ precision: Int, _ text: String) throws(ValueProblem) {
        guard precision == 9, seconds >= lastNanosecondSecond else { return }
        let padded = fraction + String(repeating: "0", count: 9 - fraction.utf8.count)
        guard seconds == lastNanosecondSecond, padded <= lastNanosecondFraction else {
            throw ValueProblem(text, "is out of the range of DateTime64(9), which ends at 2262-04-11 23:47:16.854775807 UTC")
        }
    }

    private static func check(
        _ seconds: Int, _ safe: ClosedRange<Int>, _ possible: ClosedRange<Int>, _ text: String, _ shown: String
    ) throws(ValueProblem) {
        guard !safe.contains(seconds) else { return }
        if possible.contains(seconds) {
            throw ValueProblem(text, "is so near to the end of the range that the time zone decides; it must be a day away from \(shown)")
        }
        throw ValueProblem(text, "is out of range, \(shown)")
    }

    private static func isUTC(_ zone: String?) -> Bool { zone == "UTC" || zone == "Etc/UTC" || zone == "GMT" || zone == "Zulu" }

    // MARK: Time

    /// `12:34:56`, `-999:59:59.5`.
    static func time(_ text: String, precision: Int) throws(ValueProblem) -> String {
        let problem = ValueProblem(text, "is not a time like 12:34:56, from -999:59:59 to 999:59:59")
        let isNegative = text.utf8.first == UInt8(ascii: "-")
        let parts = text.utf8.dropFirst(isNegative ? 1 : 0).split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw problem }
        let last = parts[2].split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let seconds = last.first, (1...3).contains(parts[0].count), parts[1].count == 2, seconds.count == 2,
            [parts[0], parts[1], seconds].allSatisfy({ $0.allSatisfy { (0x30...0x39).contains($0) } }), seconds.first ?? 0x39 < 0x36,
            parts[1].first ?? 0x39 < 0x36
        else { throw problem }
        var fraction = last.count == 2 ? Array(last[1]) : []
        guard last.count == 1 || !fraction.isEmpty, fraction.allSatisfy({ (0x30...0x39).contains($0) }) else { throw problem }
        while fraction.last == 0x30 { fraction.removeLast() }
        try checkPrecision(String(decoding: fraction, as: UTF8.self), precision, text)
        var result: [UInt8] = isNegative ? [UInt8(ascii: "-")] : []
        result += repeatElement(0x30, count: max(0, 2 - parts[0].count))
        for part in [parts[0], parts[1], seconds] {
            result += part
            result.append(UInt8(ascii: ":"))
        }
        result.removeLast()
        if !fraction.isEmpty { result += [UInt8(ascii: ".")] + fraction }
        return String(decoding: result, as: UTF8.self)
    }
}
