/// A moment in the two forms AWS signatures use; made from seconds since 1970 so that signing needs no calendar library.
public struct AWSTimestamp: Hashable, Sendable, CustomStringConvertible {
    /// `yyyyMMdd`
    public let day: String
    /// `yyyyMMdd'T'HHmmss'Z'`
    public let description: String

    public init(secondsSince1970 seconds: Double) {
        let whole = Int(seconds.rounded(.down))
        let days = whole >= 0 ? whole / 86_400 : (whole - 86_399) / 86_400
        let inDay = whole - days * 86_400
        let (year, month, dayOfMonth) = Self.civil(daysSince1970: days)
        day = Self.padded(year, 4) + Self.padded(month, 2) + Self.padded(dayOfMonth, 2)
        description = day + "T" + Self.padded(inDay / 3600, 2) + Self.padded(inDay / 60 % 60, 2) + Self.padded(inDay % 60, 2) + "Z"
    }

    private static func padded(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// Gregorian date of a day number (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`).
    private static func civil(daysSince1970: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = daysSince1970 + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
