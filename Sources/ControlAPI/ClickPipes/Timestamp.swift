package import FoundationEssentials

extension Date {
    /// `2026-01-01T00:00:00.123Z`: the only form that all official clients read.
    package var rfc3339: String { formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)) }
}
